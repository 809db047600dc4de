import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { followPage } from "../e2e/testing/guide.ts";
import { startVerdaccio, type Verdaccio } from "./servers/verdaccio.ts";
import { runNpm } from "./testing/npm.ts";
import { pageShell } from "./testing/page-shell.ts";
import { publishWorkspace } from "./testing/workspace-packages.ts";

const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "plugins", "ten-minutes.md"), "utf8");
let verdaccio: Verdaccio;
let dir: string;

beforeAll(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-ten-minutes-")));
  const behind = (await runNpm(["config", "get", "registry"], { cwd: dir })).trim();
  verdaccio = await startVerdaccio({ behind: { url: behind, own: ["mlstack", "create-mlstack-plugin", "@mlstack/*", "@acme/*"] } });
  await publishWorkspace(verdaccio);
});
afterAll(async () => {
  await verdaccio.stop();
  rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
});

// a registry with an empty cache behind it takes minutes for what a plugin is built with
test("docs/plugins/ten-minutes.md: all that is typed works, from a fresh folder to a pipeline that runs on the new store, and prints what the page says", async () => {
  mkdirSync(join(dir, "home"));
  const settings = join(dir, "home", ".npmrc");
  writeFileSync(settings, `registry=${verdaccio.url}\n//${new URL(verdaccio.url).host}/:_authToken=${verdaccio.token}\nupdate-notifier=false\nfund=false\naudit=false\n`, { mode: 0o600 });
  const shell = pageShell(dir, { HOME: join(dir, "home"), NPM_CONFIG_USERCONFIG: settings, NPM_CONFIG_CACHE: join(dir, "npm-cache"), MLSTACK_CACHE_DIR: join(dir, "cache") });
  expect(await followPage(shell, page)).toBeGreaterThan(10);
}, 1_200_000);
