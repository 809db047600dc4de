import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { detectPackageManager } from "./open.ts";
import { folderWith } from "./testing/folder.ts";

const LINKER = "nodeLinker: node-modules\n";
const CLASSIC = "# yarn lockfile v1\n\n\n";
const BERRY = "__metadata:\n  version: 8\n";
const found = async (files: Readonly<Record<string, string>>, project = "", env: NodeJS.ProcessEnv = {}): Promise<readonly string[]> => {
  const root = folderWith({ "package.json": "{}", ...files });
  const { name, projectDir, rootDir, lockFile } = await detectPackageManager(join(root, project), env);
  expect(projectDir).toBe(join(root, project));
  return [name, rootDir === root ? "." : rootDir.slice(root.length + 1), lockFile.slice(rootDir.length + 1)];
};
const refused = async (files: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}): Promise<{ readonly message: string; readonly fix: string }> => {
  const root = folderWith({ "package.json": "{}", ...files });
  const error = await detectPackageManager(root, env).catch((e: unknown) => e) as { readonly code: string; readonly message: string; readonly fix: string };
  expect(error).toMatchObject({ code: "MLS8301", why: expect.any(String) });
  return { message: error.message.replaceAll(root, "ROOT"), fix: error.fix.replaceAll(root, "ROOT") };
};

describe("by what lies there", () => {
  test.each([
    [{ "package-lock.json": "{}" }, ["npm", ".", "package-lock.json"]],
    [{ "package-lock.json": "{}", "npm-shrinkwrap.json": "{}" }, ["npm", ".", "npm-shrinkwrap.json"]],
    [{ "pnpm-lock.yaml": "" }, ["pnpm", ".", "pnpm-lock.yaml"]],
    [{ "pnpm-workspace.yaml": "" }, ["pnpm", ".", "pnpm-lock.yaml"]],
    [{ "yarn.lock": CLASSIC }, ["yarn", ".", "yarn.lock"]],
    [{ "yarn.lock": BERRY, ".yarnrc.yml": LINKER }, ["yarn", ".", "yarn.lock"]],
    [{ "bun.lock": "{}" }, ["bun", ".", "bun.lock"]],
    [{ "bun.lockb": "" }, ["bun", ".", "bun.lockb"]],
    [{ "bun.lockb": "", "bun.lock": "{}" }, ["bun", ".", "bun.lock"]],
    [{}, ["npm", ".", "package-lock.json"]],
  ] as const)("%j", async (files, expected) => { expect(await found(files)).toEqual(expected); });

  test("what package.json names goes before any lock", async () => {
    expect(await found({ "package.json": '{ "packageManager": "pnpm@12.21.0+sha512.abc" }', "package-lock.json": "{}" })).toEqual(["pnpm", ".", "pnpm-lock.yaml"]);
    expect(await found({ "package.json": '{ "devEngines": { "packageManager": { "name": "bun", "version": "^1" } } }', "yarn.lock": CLASSIC })).toEqual(["bun", ".", "bun.lock"]);
    expect(await found({ "package.json": '{ "packageManager": "yarn@4.1.0" }', ".yarnrc.yml": LINKER })).toEqual(["yarn", ".", "yarn.lock"]);
  });

  test("of a project with neither, what has started mlstack", async () => {
    expect(await found({}, "", { npm_config_user_agent: "bun/1.4.5 npm/? node/v24 linux x64" })).toEqual(["bun", ".", "bun.lock"]);
    expect(await found({}, "", { npm_config_user_agent: "deno/2" })).toEqual(["npm", ".", "package-lock.json"]);
    expect(await found({ "package-lock.json": "{}" }, "", { npm_config_user_agent: "bun/1.4.5" })).toEqual(["npm", ".", "package-lock.json"]);
  });
});

describe("a project inside of a workspace", () => {
  const app = { "packages/app/package.json": '{ "name": "app" }' };
  test.each([
    [{ "package.json": '{ "workspaces": ["packages/*"] }', "package-lock.json": "{}" }, ["npm", ".", "package-lock.json"]],
    [{ "package.json": '{ "workspaces": { "packages": ["./packages/**"] } }', "yarn.lock": CLASSIC }, ["yarn", ".", "yarn.lock"]],
    [{ "package.json": '{ "workspaces": ["packages/app/"] }', "bun.lock": "{}" }, ["bun", ".", "bun.lock"]],
    [{ "pnpm-workspace.yaml": "packages:\n  - packages/*\n", "pnpm-lock.yaml": "" }, ["pnpm", ".", "pnpm-lock.yaml"]],
    // not taken in: a project of its own, whatever lies above it
    [{ "package.json": '{ "workspaces": ["packages/*", "!packages/app"] }', "pnpm-lock.yaml": "" }, ["npm", "packages/app", "package-lock.json"]],
    [{ "package.json": '{ "workspaces": ["examples/*"] }', "pnpm-lock.yaml": "" }, ["npm", "packages/app", "package-lock.json"]],
    [{ "yarn.lock": CLASSIC }, ["npm", "packages/app", "package-lock.json"]],
    [{ "pnpm-workspace.yaml": "allowBuilds: {}\n", "pnpm-lock.yaml": "", "packages/app/bun.lock": "{}" }, ["bun", "packages/app", "bun.lock"]],
  ] as const)("%j", async (files, expected) => { expect(await found({ ...app, ...files }, "packages/app")).toEqual(expected); });

  test("a lock of another manager that lies in the package itself is not the workspace's", async () => {
    expect(await found({ ...app, "packages/app/package-lock.json": "{}", "pnpm-workspace.yaml": "packages: ['packages/*']", "pnpm-lock.yaml": "" }, "packages/app")).toEqual(["pnpm", ".", "pnpm-lock.yaml"]);
  });
});

describe("refused", () => {
  test("yarn with Plug'n'Play, with the line to set", async () => {
    expect(await refused({ "yarn.lock": BERRY })).toEqual({ message: 'yarn installs with the linker "pnp" here (its default)', fix: 'set "nodeLinker: node-modules" in ROOT/.yarnrc.yml, then: yarn install' });
    expect((await refused({ "yarn.lock": BERRY, ".yarnrc.yml": "nodeLinker: pnp\n" })).message).toBe('yarn installs with the linker "pnp" here (ROOT/.yarnrc.yml)');
    expect((await refused({ "yarn.lock": BERRY, ".yarnrc.yml": "nodeLinker: pnpm\n" })).message).toContain('"pnpm"');
    expect((await refused({ "yarn.lock": BERRY, ".yarnrc.yml": LINKER }, { YARN_NODE_LINKER: "pnp" })).message).toContain("YARN_NODE_LINKER");
    expect((await refused({ "package.json": '{ "packageManager": "yarn@4.1.0" }' })).message).toContain('"pnp"');
    expect((await refused({ "yarn.lock": CLASSIC, "package.json": '{ "installConfig": { "pnp": true } }' })).fix).toMatch(/^take that out of ROOT\/package\.json/);
  });

  test("what yarn reads is taken as it reads it: from the variable, the nearest file, the user's", async () => {
    const home = folderWith({ ".yarnrc.yml": LINKER });
    expect(await found({ "yarn.lock": BERRY }, "", { HOME: home })).toEqual(["yarn", ".", "yarn.lock"]);
    expect(await found({ "yarn.lock": BERRY, ".yarnrc.yml": "nodeLinker: pnp\n" }, "", { YARN_NODE_LINKER: "node-modules" })).toEqual(["yarn", ".", "yarn.lock"]);
    const workspace = { "package.json": '{ "workspaces": ["app"] }', "yarn.lock": BERRY, "app/package.json": "{}", ".yarnrc.yml": LINKER };
    expect(await found(workspace, "app")).toEqual(["yarn", ".", "yarn.lock"]);
    expect(await found({ ...workspace, ".yarnrc.yml": "enableTelemetry: false\n" }, "app", { HOME: home })).toEqual(["yarn", ".", "yarn.lock"]);
  });

  test("locks of several managers", async () => {
    const { message, fix } = await refused({ "package-lock.json": "{}", "yarn.lock": CLASSIC });
    expect(message).toBe("locks of several package managers lie in ROOT: package-lock.json, yarn.lock");
    expect(fix).toContain("remove those that are not used");
  });

  test.each([["deno@2.1.0", "deno"], ["vlt@1.0.0", "vlt@1.0.0"]])("another manager: %s", async (field, named) => {
    expect((await refused({ "package.json": JSON.stringify({ packageManager: field }), "package-lock.json": "{}" })).message).toBe(`ROOT/package.json names ${named} as its package manager`);
  });
});
