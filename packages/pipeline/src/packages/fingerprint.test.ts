import { chmodSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageFingerprinter } from "./fingerprint.ts";
import { installed, printOf, projectWith, write, type Files } from "./testing/project.ts";

/** a → b → c, and an unrelated d. */
const chain: Files = {
  ...installed("node_modules/a", "a", "1.0.0", { dependencies: { b: "^1.0.0" } }),
  ...installed("node_modules/b", "b", "1.1.0", { dependencies: { "@s/c": "^2.0.0" } }),
  ...installed("node_modules/@s/c", "@s/c", "2.0.0"),
  ...installed("node_modules/d", "d", "1.0.0"),
};

test("the closure of dependencies counts, and nothing else", () => {
  const dir = projectWith(chain);
  const before = printOf(dir, ["a"]);
  expect(Object.keys(before.entries)).toEqual(["@s/c@2.0.0", "a@1.0.0", "b@1.1.0"]);
  expect(before).toMatchObject({ native: false, uncached: [], portable: { digest: before.digest, entries: before.entries } });
  write(dir, { "node_modules/d/index.js": "changed" });
  expect(printOf(dir, ["a"])).toEqual(before);
});

test("equal trees have equal digests wherever they lie, whatever their times and modes", () => {
  const one = projectWith(chain);
  const other = projectWith(Object.fromEntries(Object.entries(chain).toReversed()));
  utimesSync(join(other, "node_modules/a/index.js"), 1, 1);
  chmodSync(join(other, "node_modules/b/index.js"), 0o755);
  expect(printOf(other, ["a"])).toEqual(printOf(one, ["a"]));
});

test.each<[string, (dir: string) => void, string[]]>([
  ["a patched file", (dir) => write(dir, { "node_modules/b/index.js": 'export default "B";' }), ["b@1.1.0"]],
  ["an added file", (dir) => write(dir, { "node_modules/b/lib/new.js": "" }), ["b@1.1.0"]],
  ["a removed file", (dir) => rmSync(join(dir, "node_modules/@s/c/index.js")), ["@s/c@2.0.0"]],
  ["a renamed file", (dir) => { rmSync(join(dir, "node_modules/b/index.js")); write(dir, { "node_modules/b/indey.js": 'export default "b";' }); }, ["b@1.1.0"]],
  ["another version", (dir) => write(dir, installed("node_modules/@s/c", "@s/c", "2.0.1")), ["@s/c@2.0.0", "@s/c@2.0.1"]],
  ["a bundler's own node_modules", (dir) => write(dir, { "node_modules/b/dist/node_modules/tslib.js": "" }), ["b@1.1.0"]],
])("%s changes the digest and the entries of that package alone", (_, change, changed) => {
  const dir = projectWith(chain);
  const before = printOf(dir, ["a"]);
  change(dir);
  const after = printOf(dir, ["a"]);
  expect(after.digest).not.toBe(before.digest);
  const ids = new Set([...Object.keys(before.entries), ...Object.keys(after.entries)]);
  expect([...ids].filter((id) => before.entries[id] !== after.entries[id]).toSorted()).toEqual(changed);
});

test("large files count to their last byte; what Finder leaves behind doesn't count", () => {
  const large = "x".repeat(3 << 20);
  const dir = projectWith({ ...chain, "node_modules/b/large.bin": large });
  const before = printOf(dir, ["a"]);
  write(dir, { "node_modules/b/.DS_Store": "x" });
  expect(printOf(dir, ["a"])).toEqual(before);
  write(dir, { "node_modules/b/large.bin": `${large.slice(1)}y` });
  expect(printOf(dir, ["a"]).digest).not.toBe(before.digest);
});

test("a lock that has moved on changes nothing until it is installed", () => {
  const lock = (version: string) => ({ "package-lock.json": { lockfileVersion: 3, packages: { "node_modules/a": { version, integrity: `sha512-${version}` } } } });
  const dir = projectWith({ ...chain, ...lock("1.0.0") });
  const before = printOf(dir, ["a"]);
  write(dir, lock("1.0.1"));
  expect(printOf(dir, ["a"])).toEqual(before);
  write(dir, installed("node_modules/a", "a", "1.0.1", { dependencies: { b: "^1.0.0" } }));
  expect(printOf(dir, ["a"]).entries).toHaveProperty(["a@1.0.1"]);
});

test("peers and bundled dependencies count; development ones don't", () => {
  const dir = projectWith({
    ...installed("node_modules/a", "a", "1.0.0", { peerDependencies: { b: "*" }, bundleDependencies: ["x"], devDependencies: { d: "*" } }),
    ...installed("node_modules/a/node_modules/x", "x", "3.0.0"), ...installed("node_modules/b", "b", "1.0.0"), ...installed("node_modules/d", "d", "1.0.0"),
  });
  expect(Object.keys(printOf(dir, ["a"]).entries)).toEqual(["a@1.0.0", "b@1.0.0", "x@3.0.0"]);
});

test("a dependency that is missing counts once it is there", () => {
  const dir = projectWith(installed("node_modules/a", "a", "1.0.0", { dependencies: { b: "*" }, peerDependencies: { p: "*" } }));
  const before = printOf(dir, ["a"]);
  expect(before.uncached).toEqual([]);
  write(dir, installed("node_modules/p", "p", "1.0.0"));
  const after = printOf(dir, ["a"]);
  expect(after.digest).not.toBe(before.digest);
  expect(after.entries["a@1.0.0"]).toBe(before.entries["a@1.0.0"]);
});

test("cycles end, and give the same whatever is asked for first", () => {
  const dir = projectWith({
    ...installed("node_modules/a", "a", "1.0.0", { dependencies: { b: "*" } }),
    ...installed("node_modules/b", "b", "1.0.0", { dependencies: { a: "*", b: "*" } }),
  });
  const one = packageFingerprinter({ projectDir: dir, stateDir: join(dir, ".mlstack") });
  const other = packageFingerprinter({ projectDir: dir, stateDir: join(dir, ".mlstack") });
  const [a, b] = [{ name: "a", from: dir }, { name: "b", from: dir }];
  const firstA = [one.fingerprint([a]), one.fingerprint([b]), one.fingerprint([a, b])];
  const firstBoth = [other.fingerprint([b, a]), other.fingerprint([b]), other.fingerprint([a])];
  expect(firstBoth.toReversed()).toEqual(firstA);
  expect(Object.keys(firstA[0]!.entries)).toEqual(["a@1.0.0", "b@1.0.0"]);
});

test("mlstack itself never counts, nor what only it needs; plugins do", () => {
  const dir = projectWith({
    ...installed("node_modules/mlstack", "mlstack", "1.0.0", { dependencies: { zod: "*", "@mlstack/engine": "*" } }),
    ...installed("node_modules/@mlstack/core", "@mlstack/core", "1.0.0", { dependencies: { zod: "*" } }),
    ...installed("node_modules/@mlstack/plugin-x", "@mlstack/plugin-x", "1.0.0", { peerDependencies: { "@mlstack/core": "*" } }),
    ...installed("node_modules/zod", "zod", "4.0.0"),
  });
  const names = ["mlstack", "@mlstack/core", "@mlstack/testkit", "@mlstack/plugin-x"];
  const before = printOf(dir, names);
  expect(before.uncached).toEqual([]);
  expect(Object.keys(before.entries)).toEqual(["@mlstack/plugin-x@1.0.0"]);
  write(dir, { "node_modules/@mlstack/core/index.js": "upgraded" });
  expect(printOf(dir, names)).toEqual(before);
  expect(Object.keys(printOf(dir, [...names, "zod"]).entries)).toContain("zod@4.0.0");
});

test.each<[string, Files, string]>([
  ["npm", {}, "run: npm install zod"],
  ["a declared one", { "package.json": { dependencies: { zod: "^4" } } }, "run: npm install"],
  ["pnpm, by its lock", { "pnpm-lock.yaml": "" }, "run: pnpm add zod"],
  ["bun, by the manifest", { "package.json": { packageManager: "bun@1.3.0" }, "package-lock.json": "{}" }, "run: bun add zod"],
  ["Yarn PnP", { ".pnp.cjs": "" }, "Yarn PnP keeps no package folders: set nodeLinker: node-modules in .yarnrc.yml, then run: yarn install"],
])("a package that is not installed makes the step uncached: %s", (_, files, fix) => {
  const dir = projectWith({ "src/x.ts": "", ...files });
  expect(printOf(dir, ["zod", "zod"], "src").uncached).toEqual([{ rule: "unresolved-package", message: 'the package "zod", imported in src, is not installed', fix }]);
});

test("a package that can't be read makes the step uncached", () => {
  const dir = projectWith({ ...installed("node_modules/a", "a", "1.0.0", { dependencies: { b: "*" } }), "node_modules/b/package.json": "{" });
  const { uncached, entries } = printOf(dir, ["a"]);
  expect(uncached).toMatchObject([{ rule: "unresolved-package", message: "the package b has a package.json that can't be read (it is not JSON)" }]);
  expect(JSON.stringify([uncached, entries])).not.toContain(dir);
});

test("a name can't lead out of node_modules", () => {
  const dir = projectWith({ ...installed("node_modules/a", "a", "1.0.0", { dependencies: { "../secret": "*", "..": "*", "/": "*", "b\0": "*" } }), "secret/key": "x" });
  expect(Object.keys(printOf(dir, ["a"]).entries)).toEqual(["a@1.0.0"]);
});

test("steps that reach the same packages cost nothing", () => {
  const dir = projectWith(chain);
  const fingerprinter = packageFingerprinter({ projectDir: dir, stateDir: join(dir, ".mlstack") });
  const first = fingerprinter.fingerprint([{ name: "a", from: dir }, { name: "d", from: dir }]);
  rmSync(join(dir, "node_modules"), { recursive: true });
  for (let i = 0; i < 10_000; i++) expect(fingerprinter.fingerprint([{ name: "d", from: dir }, { name: "a", from: dir }]) === first).toBe(true);
});
