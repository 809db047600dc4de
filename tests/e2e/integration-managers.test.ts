// Which package manager a project has, and what is said where none can be used. The real ones are driven in tests/live.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BIN, jsonOf, run } from "./testing/project.ts";
import { testRegistry, type TestRegistry } from "./testing/registry.ts";

const X = "@acme/mlstack-plugin-x";
let folder: string;
let server: TestRegistry;
beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-hub-e2e-")));
  server = await testRegistry();
  server.publish({ name: X });
  mkdirSync(join(folder, "project"));
  mkdirSync(join(folder, "nothing"));
  write({ "package.json": '{ "name": "project", "private": true }', ".npmrc": `registry=${server.url}\n` });
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, "project", path), text);
}
/** Without any package manager in PATH. */
async function integration(...args: readonly string[]) {
  const env = { HOME: join(folder, "home"), USERPROFILE: join(folder, "home"), MLSTACK_CACHE_DIR: join(folder, "cache"), npm_config_registry: server.url, PATH: join(folder, "nothing"), Path: join(folder, "nothing"), npm_config_user_agent: "" };
  const outcome = await run(process.execPath, [BIN, "integration", ...args, "--json"], join(folder, "project"), env);
  return { code: outcome.code, ...jsonOf(outcome) as ReturnType<typeof jsonOf> & { readonly warnings?: readonly string[] } };
}
const files = (): Readonly<Record<string, string>> => Object.fromEntries(readdirSync(join(folder, "project"), { withFileTypes: true }).filter((entry) => entry.isFile()).map(({ name }) => [name, readFileSync(join(folder, "project", name), "utf8")]));

test("Yarn Plug'n'Play is refused with the line to set; with that line it goes on", async () => {
  write({ "yarn.lock": "__metadata:\n  version: 8\n" });
  const before = files();
  const { code, error } = await integration("install", X, "-y");
  expect([code, error]).toEqual([2, expect.objectContaining({ code: "MLS8301", message: 'yarn installs with the linker "pnp" here (its default)', fix: `set "nodeLinker: node-modules" in ${join(folder, "project", ".yarnrc.yml")}, then: yarn install` })]);
  expect([files(), existsSync(join(folder, "project", ".mlstack"))]).toEqual([before, false]);
  write({ ".yarnrc.yml": "nodeLinker: node-modules\n" });
  expect((await integration("install", X, "--dry-run")).code).toBe(0);
});

test("locks of several managers: which, and how to choose; package.json names the one", async () => {
  write({ "package-lock.json": "{}", "pnpm-lock.yaml": "lockfileVersion: '9.0'\nimporters:\n  .: {}\npackages: {}\nsnapshots: {}\n" });
  const { code, error } = await integration("install", X, "-y");
  expect([code, error]).toEqual([2, expect.objectContaining({ code: "MLS8301", message: expect.stringContaining("package-lock.json, pnpm-lock.yaml") as string, fix: expect.stringMatching(/^remove those that are not used, or name the manager .+"packageManager": "\w+@VERSION"$/) as string })]);
  write({ "package.json": '{ "name": "project", "private": true, "packageManager": "pnpm@12.21.0" }' });
  expect((await integration("install", X, "--dry-run")).code).toBe(0);
  // it is pnpm that would be run
  expect((await integration("install", X, "-y")).error).toMatchObject({ code: "MLS8301", message: "pnpm 12.21.0 is not installed", fix: "npm install --global pnpm@12.21.0" });
});

test("a manager that is not there: nothing has changed, and nothing stays to be taken back", async () => {
  write({ "bun.lock": '{ "lockfileVersion": 2, "workspaces": { "": { "name": "project" } }, "packages": {} }' });
  const before = files();
  for (const args of [["install", X, "-y"], ["install"]]) {
    const { code, error } = await integration(...args);
    expect([code, error]).toEqual([2, expect.objectContaining({ code: "MLS8301", message: "bun is not installed", fix: "npm install --global bun" })]);
    expect(files()).toEqual(before);
  }
  const { code, warnings } = await integration("outdated");
  expect([code, warnings ?? []]).toEqual([0, []]);
});
