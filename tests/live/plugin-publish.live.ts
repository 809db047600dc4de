import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { authorProject, PLUGIN, type AuthorProject } from "../e2e/testing/author-project.ts";
import { startVerdaccio, type Verdaccio } from "./servers/verdaccio.ts";

let verdaccio: Verdaccio;
let p: AuthorProject;
beforeAll(async () => { verdaccio = await startVerdaccio(); });
afterAll(() => verdaccio.stop());
beforeEach(async () => {
  p = await authorProject();
  Object.assign(p.env, { GITHUB_ACTIONS: "", GITLAB_CI: "" });
  p.write("project/.npmrc", `registry=${verdaccio.url}\n`);
  login(verdaccio.token);
});
afterEach(() => p.close());

const login = (token: string): void => { p.write("home/.npmrc", `//${new URL(verdaccio.url).host}/:_authToken=${token}\n`); };
const rename = (name: string, version: string): void => {
  p.edit((json) => { Object.assign(json, { name, version }); delete json["mlstack"]; });
  for (const file of ["dist/index.js", "README.md"]) p.write(`project/${file}`, p.read(`project/${file}`)!.replaceAll(PLUGIN, name));
};

interface Said { readonly data?: Readonly<Record<string, unknown>>; readonly error?: { readonly code: string } }
async function publish(...args: readonly string[]): Promise<Said & { readonly code: number | null }> {
  await p.mlstack("plugin", "manifest");
  const { code, stdout, stderr } = await p.mlstack("plugin", "publish", "--no-test", "-y", "--json", ...args);
  expect(`${stdout}${stderr}`).not.toContain(verdaccio.token);
  return { code, ...(JSON.parse(stdout) as Said) };
}

test("a plugin is published as it was packed, and once; npm shows it as it was announced here", async () => {
  expect(await publish("--dry-run")).toMatchObject({ code: 0, data: { done: false } });
  const { code, data } = await publish();
  expect([code, data?.["registry"], data?.["done"]]).toEqual([0, verdaccio.url, true]);
  expect(await publish()).toMatchObject({ code: 4, error: { code: "MLS8715" } });

  const shown = JSON.parse((await p.npm("view", `${PLUGIN}@1.0.0`, "dist", "--json")).stdout) as { readonly integrity: string };
  expect(shown.integrity).toBe(data?.["integrity"]);
  const [bytes, packed] = [await (await fetch(`${verdaccio.url}${PLUGIN}/-/mlstack-plugin-vault-1.0.0.tgz`)).arrayBuffer(), await p.mlstack("plugin", "pack", "--out", p.folder, "--json")];
  expect(packed.code).toBe(0);
  expect(Buffer.from(bytes).equals(readFileSync(join(p.folder, "acme-mlstack-plugin-vault-1.0.0.tgz")))).toBe(true);
});

test("a version before a release gets a tag of its own, and the next one of what is out is named", async () => {
  rename("@acme/mlstack-plugin-early", "1.0.0-rc.1");
  expect(await publish()).toMatchObject({ code: 0, data: { tag: "next" } });
  const outcome = await p.mlstack("plugin", "publish", "--no-test", "-y");
  expect(outcome.stderr).toMatch(/MLS8715[^]*npm version 1\.0\.0-rc\.2/);
});

test("without a token, and with one that is none, nothing is published, and it is told what mends it", async () => {
  rename("@acme/mlstack-plugin-closed", "1.0.0");
  for (const token of ["", "no-token-of-its"]) {
    login(token);
    expect(await publish()).toMatchObject({ code: 1, error: { code: "MLS8103" } });
  }
  login(verdaccio.token);
  expect(await publish()).toMatchObject({ code: 0 });
});

test("a package that only those see who are logged in is published and found again", async () => {
  rename("@private/mlstack-plugin-vault", "1.0.0");
  expect(await publish()).toMatchObject({ code: 0, data: { registry: verdaccio.url } });
  expect((await fetch(`${verdaccio.url}@private%2fmlstack-plugin-vault`)).status).not.toBe(200);
});
