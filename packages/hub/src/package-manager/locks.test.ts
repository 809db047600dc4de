// Locks that the managers themselves have written, for projects that are the same but for the manager (fixtures/*; hosts of registries replaced).
// tests/live/package-managers.live.ts has the managers write those of fixtures/sample anew, and expects the same digest.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { detectPackageManager } from "./open.ts";
import { normalForm } from "./subtree.ts";
import { folderWith, put, putFixtures } from "./testing/folder.ts";
import type { Subtree } from "./types.ts";

/** Fixtures by their names, and what the managers call such a file. */
const LOCKS = {
  "npm-2.json": "package-lock.json", "npm-3.json": "package-lock.json", "pnpm-9.yaml": "pnpm-lock.yaml", "yarn-classic.lock": "yarn.lock", "yarn-3.lock": "yarn.lock",
  "yarn-4.lock": "yarn.lock", "bun-1.lock": "bun.lock", "bun-2.lock": "bun.lock",
} as const;
type Fixture = keyof typeof LOCKS;
const ALL = Object.keys(LOCKS) as Fixture[];
const TODAY: readonly Fixture[] = ["npm-3.json", "pnpm-9.yaml", "yarn-classic.lock", "yarn-4.lock", "bun-2.lock"];

const LINKER = { ".yarnrc.yml": "nodeLinker: node-modules\n" };
const subtreeIn = async (folder: string, name: string): Promise<Subtree> => (await detectPackageManager(folder, {})).subtree(name);

function project(fixture: string, lock: Fixture): string {
  const folder = folderWith(LINKER);
  putFixtures(folder, fixture, { [LOCKS[lock]]: lock, "package.json": "package.json" });
  return folder;
}

describe("a tree with aliases, nested versions, other platforms' packages, peers, a cycle", () => {
  const DIGEST = "8f58d92269e6c9ceaec2bfdab855c6c57185069141544f80cea7f24bc4b6c3f1";

  test.each(ALL)("%s has its normal form", async (lock) => {
    const tree = await subtreeIn(project("sample", lock), "@acme/plugin");
    expect(normalForm(tree)).toMatchInlineSnapshot(`
      "mlstack tree 1
      @acme/cycle-a@1.0.0
        @acme/cycle-b @acme/cycle-b@1.0.0
      @acme/cycle-b@1.0.0
        @acme/cycle-a @acme/cycle-a@1.0.0
      @acme/native-darwin-arm64@1.0.0
      @acme/native-linux-x64@1.0.0
      @acme/native-win32-x64@1.0.0
      @acme/plugin@1.2.0
        @acme/cycle-a @acme/cycle-a@1.0.0
        @acme/native-darwin-arm64 @acme/native-darwin-arm64@1.0.0
        @acme/native-linux-x64 @acme/native-linux-x64@1.0.0
        @acme/native-win32-x64 @acme/native-win32-x64@1.0.0
        left left@1.4.0
        other right@2.1.0
      beta@1.0.0-beta.2
      left@1.4.0
        beta beta@1.0.0-beta.2
        right right@1.0.5
        scripted scripted@1.0.0
      right@1.0.5
      right@2.1.0
        @acme/cycle-b @acme/cycle-b@1.0.0
      scripted@1.0.0
      "
    `);
    expect([tree.root, tree.digest]).toEqual(["@acme/plugin@1.2.0", DIGEST]);
  });

  test.each(ALL)("%s as git checks it out on Windows, and with a byte order mark", async (lock) => {
    const folder = project("sample", lock);
    const path = join(folder, LOCKS[lock]);
    writeFileSync(path, `\uFEFF${readFileSync(path, "utf8").replaceAll("\n", "\r\n")}`);
    expect((await subtreeIn(folder, "@acme/plugin")).digest).toBe(DIGEST);
  });

  test.each(ALL)("%s: a version that moved, somewhere below, is another digest", async (lock) => {
    const folder = project("sample", lock);
    const path = join(folder, LOCKS[lock]);
    writeFileSync(path, readFileSync(path, "utf8").replaceAll("1.0.0-beta.2", "1.0.0-beta.3"));
    const tree = await subtreeIn(folder, "@acme/plugin");
    expect(tree.digest).not.toBe(DIGEST);
    expect(tree.edges).toContainEqual({ from: "left@1.4.0", as: "beta", to: "beta@1.0.0-beta.3" });
  });

  test.each(ALL)("%s: integrity and install scripts, as far as the lock has them", async (lock) => {
    const { packages } = await subtreeIn(project("sample", lock), "@acme/plugin");
    const integrity = packages.map((each) => each.integrity?.slice(0, 7));
    expect(integrity).toEqual(packages.map(() => (lock === "yarn-3.lock" || lock === "yarn-4.lock" ? undefined : "sha512-")));
    const withScripts = packages.filter(({ installScript }) => installScript === true).map(({ id }) => id);
    const unknown = packages.every(({ installScript }) => installScript === undefined);
    expect([withScripts, unknown]).toEqual(["npm-2.json", "npm-3.json", "bun-2.lock"].includes(lock) ? [["scripted@1.0.0"], false] : [[], true]);
  });

  test.each(TODAY)("%s: what is not the plugin's has no part in it", async (lock) => {
    const folder = project("sample", lock);
    expect(normalForm(await subtreeIn(folder, "core"))).toBe("mlstack tree 1\ncore@1.0.0\n");
    expect(normalForm(await subtreeIn(folder, "unrelated"))).toContain("unrelated@1.0.0\n  right right@2.1.0\n");
  });

  test.each(TODAY)("%s: what is not in it is refused", async (lock) => {
    await expect(subtreeIn(project("sample", lock), "constructor")).rejects.toMatchObject({ code: "MLS8308", message: expect.stringContaining("has no constructor"), fix: expect.stringMatching(/^\w+ install$/) });
  });
});

describe("everything that is fetched", () => {
  const SAMPLE = ["@acme/cycle-a@1.0.0", "@acme/cycle-b@1.0.0", "@acme/native-darwin-arm64@1.0.0", "@acme/native-linux-x64@1.0.0", "@acme/native-win32-x64@1.0.0", "@acme/plugin@1.2.0", "beta@1.0.0-beta.2", "core@1.0.0", "host@3.0.0", "host-only@1.0.0", "left@1.4.0", "own-scripted@1.0.0", "right@1.0.5", "right@2.1.0", "scripted@1.0.0", "unrelated@1.0.0"];
  const fetchedIn = async (folder: string) => (await detectPackageManager(folder, {})).packages();

  test.each(ALL)("%s: peers and other platforms' packages too, each once", async (lock) => {
    const all = await fetchedIn(project("sample", lock));
    // yarn installs no peers
    expect(all.map(({ name, version }) => `${name}@${version!}`)).toEqual(SAMPLE.filter((id) => !(lock.startsWith("yarn") && id.startsWith("host"))));
    expect(all.every(({ integrity }) => integrity?.startsWith("sha512-") === true) || lock === "yarn-3.lock" || lock === "yarn-4.lock").toBe(true);
    expect(all.every(({ from }) => from === undefined || /^https?:[^#]+\.tgz$/.test(from))).toBe(true);
  });

  test.each(TODAY)("%s: what does not come from a registry says where it lies; packages of the workspace are none", async (lock) => {
    const root = folderWith({ ...LINKER, "pnpm-workspace.yaml": "packages: [packages/*]\n" });
    putFixtures(root, "workspace", { [LOCKS[lock]]: lock, "package.json": "package.json", "packages/app/package.json": lock === "yarn-classic.lock" ? "app-classic.json" : "app.json", "packages/lib/package.json": "lib.json" });
    const all = await fetchedIn(join(root, "packages", "app"));
    expect(all.filter(({ name }) => name === "@acme/plugin")).toEqual([expect.objectContaining({ version: lock === "bun-2.lock" ? undefined : "1.2.0", from: (lock === "yarn-classic.lock" ? expect.stringMatching(/^https:/) : expect.not.stringMatching(/^https?:/)) as unknown })]);
    expect(all.map(({ name }) => name)).not.toContain("@acme/lib");
    expect(all.map(({ name }) => name)).not.toContain("app");
  });
});

test.each(TODAY)("published packages, with native ones for 25 platforms and a patch of yarn's own: %s", async (lock) => {
  const tree = await subtreeIn(project("published", lock), "tsup");
  expect([tree.packages.length, tree.edges.length, tree.digest]).toEqual([103, 109, "ca70d45fcd57177f60de0594b999c3ac968e47e8cf27ba976e86d5dc49877414"]);
  expect(tree.packages.map(({ name }) => name)).toEqual(expect.arrayContaining(["@esbuild/win32-arm64", "@rollup/rollup-darwin-arm64", "fsevents"]));
});

describe("a project inside of a workspace", () => {
  function workspace(lock: Fixture): string {
    const root = folderWith({ ...LINKER, "pnpm-workspace.yaml": "packages: [packages/*]\n" });
    putFixtures(root, "workspace", { [LOCKS[lock]]: lock, "package.json": "package.json", "packages/app/package.json": lock === "yarn-classic.lock" ? "app-classic.json" : "app.json", "packages/lib/package.json": "lib.json" });
    // bun's lock does not say which version a tarball has
    if (lock === "bun-2.lock") put(root, { "packages/app/node_modules/@acme/plugin/package.json": '{ "name": "@acme/plugin", "version": "1.2.0" }' });
    return join(root, "packages", "app");
  }

  test.each(TODAY)("%s: a package of the workspace, without its development dependencies and peers", async (lock) => {
    const tree = await subtreeIn(workspace(lock), "@acme/lib");
    expect(normalForm(tree)).toMatchInlineSnapshot(`
      "mlstack tree 1
      @acme/lib@workspace
        @acme/native-darwin-arm64 @acme/native-darwin-arm64@1.0.0
        left left@1.4.0
      @acme/native-darwin-arm64@1.0.0
      beta@1.0.0-beta.2
      left@1.4.0
        beta beta@1.0.0-beta.2
        right right@1.0.5
        scripted scripted@1.0.0
      right@1.0.5
      scripted@1.0.0
      "
    `);
  });

  test.each(TODAY)("%s: a tarball has the tree of the same version from a registry", async (lock) => {
    expect((await subtreeIn(workspace(lock), "@acme/plugin")).digest).toBe("8f58d92269e6c9ceaec2bfdab855c6c57185069141544f80cea7f24bc4b6c3f1");
  });

  test("where bun has not installed a tarball, its version is not guessed", async () => {
    const app = workspace("bun-2.lock");
    put(app, { "node_modules/@acme/plugin/package.json": '{ "name": "something-else", "version": "1.2.0" }' });
    await expect(subtreeIn(app, "@acme/plugin")).rejects.toMatchObject({ code: "MLS8308", message: expect.stringContaining("does not say which version of @acme/plugin it means"), fix: "bun install" });
  });
});

test("yarn 2 and newer: resolutions of the root replace what packages ask for", async () => {
  const folder = project("sample", "yarn-4.lock");
  const path = join(folder, "yarn.lock");
  writeFileSync(path, readFileSync(path, "utf8").replace('"beta@npm:^1.0.0-beta.1":', '"beta@npm:1.0.0-beta.2":'));
  await expect(subtreeIn(folder, "@acme/plugin")).rejects.toMatchObject({ code: "MLS8308", message: expect.stringContaining("beta, which left@1.4.0 depends on") });
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as object;
  for (const pattern of ["beta", "left/beta", "beta@npm:^1.0.0-beta.1"]) {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ ...manifest, resolutions: { [pattern]: "npm:1.0.0-beta.2" } }));
    expect((await subtreeIn(folder, "@acme/plugin")).edges).toContainEqual({ from: "left@1.4.0", as: "beta", to: "beta@1.0.0-beta.2" });
  }
});

test("install scripts that the lock does not tell are looked for in what is installed, as Node would find it", async () => {
  const folder = project("sample", "pnpm-9.yaml");
  put(folder, {
    "node_modules/@acme/plugin/package.json": '{ "name": "@acme/plugin", "version": "1.2.0" }',
    "node_modules/@acme/plugin/node_modules/left/package.json": '{ "name": "left", "version": "1.4.0", "scripts": { "test": "x" } }',
    "node_modules/scripted/package.json": '{ "name": "scripted", "version": "1.0.0", "scripts": { "install": "x" } }',
    "node_modules/beta/package.json": '{ "name": "beta", "version": "1.0.0-beta.2" }', "node_modules/beta/binding.gyp": "{}",
    "node_modules/right/package.json": '{ "name": "right", "version": "9.9.9", "scripts": { "install": "x" } }',
  });
  const { packages } = await subtreeIn(folder, "@acme/plugin");
  const told = Object.fromEntries(packages.filter(({ installScript }) => installScript !== undefined).map(({ id, installScript }) => [id, installScript]));
  expect(told).toEqual({ "@acme/plugin@1.2.0": false, "left@1.4.0": false, "scripted@1.0.0": true, "beta@1.0.0-beta.2": true });
});

describe("locks that can't be read", () => {
  test.each([
    ["package-lock.json", '{ "lockfileVersion": 1 }', /version 1, and 2 and 3 are known/, "npm install --lockfile-version 3"],
    ["package-lock.json", "<<<<<<< HEAD\n", /not JSON/, /^restore it/],
    ["package-lock.json", "[]", /no lock of npm/, /^restore it/],
    ["pnpm-lock.yaml", "lockfileVersion: '6.0'\n", /version 6\.0/, /pnpm 9/],
    ["pnpm-lock.yaml", "a: b\n<<<<<<< HEAD\nc: d\n", /can.t be parsed \(.+ in line 3, column 2\)/, /^restore it/],
    ["pnpm-lock.yaml", "", /no lock of pnpm/, /^restore it/],
    ["yarn.lock", "# yarn lockfile v1\n\n<<<<<<< HEAD\n", /can't be parsed \(line 3\)/, /^restore it/],
    ["yarn.lock", "__metadata:\n  version: 8\n<<<<<<< HEAD\n", /can't be parsed/, /^restore it/],
    ["bun.lock", '{ "lockfileVersion": 99, }', /version 99/, /^update mlstack/],
    ["bun.lock", '{ "lockfileVersion": ', /can't be parsed/, /^restore it/],
    ["bun.lockb", "\0\x01", /binary/, /--save-text-lockfile/],
  ])("%s %j", async (name, text, message, fix) => {
    const folder = folderWith({ ...LINKER, "package.json": '{ "dependencies": { "left": "1.0.0" } }', [name]: text });
    await expect(subtreeIn(folder, "left")).rejects.toMatchObject({ code: "MLS8307", message: expect.stringMatching(message), fix: typeof fix === "string" ? fix : expect.stringMatching(fix) });
  });

  test("and one that is not there", async () => {
    await expect(subtreeIn(folderWith({ "package.json": "{}" }), "left")).rejects.toMatchObject({ code: "MLS8307", message: expect.stringMatching(/package-lock\.json: there is no such file$/), fix: "npm install" });
  });
});

test("pnpm's own packages, in a document before the project's, are not the project's", async () => {
  const folder = project("sample", "pnpm-9.yaml");
  const path = join(folder, "pnpm-lock.yaml");
  const before = readFileSync(path, "utf8");
  writeFileSync(path, `---\nlockfileVersion: '9.0'\nimporters:\n  .:\n    packageManagerDependencies:\n      pnpm:\n        specifier: 12.0.0\n        version: 12.0.0\npackages: {}\nsnapshots: {}\n---\n${before}`);
  expect((await subtreeIn(folder, "@acme/plugin")).root).toBe("@acme/plugin@1.2.0");
});

test("pnpm: patched packages, peers that are too many to be named, folders that are copied, tarballs with brackets in their path", async () => {
  const lock = `lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      a: { specifier: 1.0.0, version: 1.0.0(patch_hash=0123456789abcdef0123456789)(p@1.0.0) }
packages:
  a@1.0.0: { resolution: { integrity: sha512-AA== } }
  b@1.0.0-rc.1: { resolution: { integrity: sha512-AA== } }
  '@acme/lib@file:packages/lib': { resolution: { directory: packages/lib, type: directory } }
  c@file:vendor/c (old)/c.tgz: { resolution: { integrity: sha512-AA== }, version: 3.0.0 }
  d@file:d.tgz: { resolution: { integrity: sha512-AA== }, version: 4.0.0 }
snapshots:
  a@1.0.0(patch_hash=0123456789abcdef0123456789)(p@1.0.0):
    dependencies:
      b: 1.0.0-rc.1(cdz3wpvyt2p6mdnxmmpo7kwdyq)
      '@acme/lib': file:packages/lib(@x/p@1.0.0)
      c: file:vendor/c (old)/c.tgz
      d: file:d.tgz(patch_hash=0123456789abcdef0123456789)
  b@1.0.0-rc.1(cdz3wpvyt2p6mdnxmmpo7kwdyq): {}
  '@acme/lib@file:packages/lib(@x/p@1.0.0)': {}
  c@file:vendor/c (old)/c.tgz: {}
  d@file:d.tgz(patch_hash=0123456789abcdef0123456789): {}
`;
  const { packages } = await subtreeIn(folderWith({ "package.json": '{ "dependencies": { "a": "1.0.0" } }', "pnpm-lock.yaml": lock }), "a");
  expect(packages.map(({ id, integrity }) => [id, integrity !== undefined])).toEqual([["@acme/lib@workspace", false], ["a@1.0.0", true], ["b@1.0.0-rc.1", true], ["c@3.0.0", true], ["d@4.0.0", true]]);
});

test("what another package brings along in its tarball is not listed: only npm's lock could", async () => {
  const folder = folderWith({
    "package.json": '{ "dependencies": { "a": "1.0.0" } }',
    "package-lock.json": JSON.stringify({
      lockfileVersion: 3,
      packages: {
        "": { dependencies: { a: "1.0.0" } }, "node_modules/a": { version: "1.0.0", dependencies: { b: "1", c: "1" }, bundleDependencies: ["b"] },
        "node_modules/a/node_modules/b": { version: "1.0.0", inBundle: true }, "node_modules/c": { version: "1.0.0" },
      },
    }),
  });
  expect(normalForm(await subtreeIn(folder, "a"))).toBe("mlstack tree 1\na@1.0.0\n  c c@1.0.0\nc@1.0.0\n");
});

test("an optional package that no lock leads to is left out", async () => {
  const folder = folderWith({
    "package.json": '{ "dependencies": { "a": "1.0.0" } }',
    "package-lock.json": JSON.stringify({ lockfileVersion: 3, packages: { "": {}, "node_modules/a": { version: "1.0.0", optionalDependencies: { gone: "1" } } } }),
  });
  expect((await subtreeIn(folder, "a")).edges).toEqual([]);
});
