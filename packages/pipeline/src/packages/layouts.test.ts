import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageFingerprinter } from "./fingerprint.ts";
import { installed, link, printOf, projectWith, write, type Files } from "./testing/project.ts";

/** a → debug → ms@2, and a → ms@1. */
const a = (folder: string) => installed(folder, "a", "1.0.0", { dependencies: { debug: "*", ms: "^1" } });
const debug = (folder: string) => installed(folder, "debug", "4.0.0", { dependencies: { ms: "^2" } });
const ms = (folder: string, version: string) => installed(folder, "ms", version);

function pnpm(): string {
  const store = (id: string, name: string) => `node_modules/.pnpm/${id}/node_modules/${name}`;
  const dir = projectWith({ ...a(store("a@1", "a")), ...debug(store("debug@4", "debug")), ...ms(store("ms@1", "ms"), "1.0.0"), ...ms(store("ms@2", "ms"), "2.0.0") });
  link(dir, "node_modules/a", store("a@1", "a"));
  link(dir, store("a@1", "debug"), store("debug@4", "debug"));
  link(dir, store("a@1", "ms"), store("ms@1", "ms"));
  link(dir, store("debug@4", "ms"), store("ms@2", "ms"));
  return dir;
}

test("one tree has one digest, whichever package manager laid it out", () => {
  const hoisted = projectWith({ ...a("node_modules/a"), ...debug("node_modules/debug"), ...ms("node_modules/ms", "2.0.0"), ...ms("node_modules/a/node_modules/ms", "1.0.0") });
  const otherwise = projectWith({ ...a("node_modules/a"), ...debug("node_modules/debug"), ...ms("node_modules/ms", "1.0.0"), ...ms("node_modules/debug/node_modules/ms", "2.0.0") });
  const print = printOf(hoisted, ["a"]);
  expect(Object.keys(print.entries)).toEqual(["a@1.0.0", "debug@4.0.0", "ms@1.0.0", "ms@2.0.0"]);
  expect(printOf(otherwise, ["a"])).toEqual(print);
  expect(printOf(pnpm(), ["a"])).toEqual(print);
});

test("it matters who sees which copy, even if the list of packages stays", () => {
  const one = projectWith({ ...a("node_modules/a"), ...debug("node_modules/debug"), ...ms("node_modules/ms", "2.0.0"), ...ms("node_modules/a/node_modules/ms", "1.0.0") });
  const swapped = projectWith({ ...a("node_modules/a"), ...debug("node_modules/debug"), ...ms("node_modules/ms", "1.0.0"), ...ms("node_modules/a/node_modules/ms", "2.0.0") });
  const [before, after] = [printOf(one, ["a"]), printOf(swapped, ["a"])];
  expect(after.entries).toEqual(before.entries);
  expect(after.digest).not.toBe(before.digest);
});

test("one copy of two is patched: the entry of the version changes", () => {
  const files = { ...debug("node_modules/debug"), ...a("node_modules/a"), ...ms("node_modules/a/node_modules/ms", "2.0.0"), ...ms("node_modules/debug/node_modules/ms", "2.0.0") };
  const dir = projectWith(files);
  const before = printOf(dir, ["a"]);
  write(dir, { "node_modules/debug/node_modules/ms/index.js": "patched" });
  const one = printOf(dir, ["a"]);
  expect(one.entries["ms@2.0.0"]).not.toBe(before.entries["ms@2.0.0"]);
  write(dir, { "node_modules/debug/node_modules/ms/index.js": files["node_modules/a/node_modules/ms/index.js"]!, "node_modules/a/node_modules/ms/index.js": "patched" });
  const other = printOf(dir, ["a"]);
  expect(other.entries).toEqual(one.entries);
  expect(other.digest).not.toBe(one.digest);
});

test("packages are found from the importer: modules may see different copies of one name", () => {
  const dir = projectWith({ ...ms("node_modules/ms", "2.0.0"), ...ms("src/old/node_modules/ms", "1.0.0"), "src/new/x.ts": "", "node_modules/ms/node_modules/empty/node_modules/x": "" });
  const { fingerprint } = packageFingerprinter({ projectDir: dir, stateDir: join(dir, ".mlstack") });
  const at = (from: string) => ({ name: "ms", from: join(dir, from) });
  expect(Object.keys(fingerprint([at("src/new")]).entries)).toEqual(["ms@2.0.0"]);
  expect(Object.keys(fingerprint([at("src/old")]).entries)).toEqual(["ms@1.0.0"]);
  expect(fingerprint([at("src/new")]).digest).toBe(fingerprint([at("src")]).digest);
  const both = fingerprint([at("src/new"), at("src/old")]);
  expect(Object.keys(both.entries)).toEqual(["ms@1.0.0", "ms@2.0.0"]);
  expect(fingerprint([at("src"), at("src/old")]).digest).not.toBe(both.digest);
});

test("what npm leaves behind for a nested duplicate is no package", () => {
  const dir = projectWith({ ...a("node_modules/a"), ...ms("node_modules/ms", "1.0.0"), ...debug("node_modules/debug"), ...ms("node_modules/a/node_modules/debug/node_modules/ms", "9.0.0") });
  expect(Object.keys(printOf(dir, ["a"]).entries)).toEqual(["a@1.0.0", "debug@4.0.0", "ms@1.0.0"]);
});

test("an alias counts by what it stands for", () => {
  const dir = projectWith({ ...installed("node_modules/ms-old", "ms", "1.0.0"), ...installed("node_modules/ml", "mlstack", "1.0.0"), "node_modules/bare/index.js": "" });
  expect(printOf(dir, ["ms-old", "ml", "bare"])).toMatchObject({ uncached: [], entries: { "ms@1.0.0": expect.any(String), "bare@0.0.0": expect.any(String) } });
});

test("it matters which of two versions an alias stands for", () => {
  const digest = (x: string, y: string) => printOf(projectWith({ ...ms("node_modules/x", x), ...ms("node_modules/y", y) }), ["x", "y"]).digest;
  expect(digest("1.0.0", "2.0.0")).not.toBe(digest("2.0.0", "1.0.0"));
});

describe("a linked workspace", () => {
  const files: Files = {
    "package.json": { workspaces: ["libs/*"] },
    ...installed("libs/own", "@me/own", "0.0.1", { dependencies: { dep: "*" }, devDependencies: { tool: "*" } }),
    "libs/own/src/a.ts": "1", "libs/own/.git/HEAD": "x", "libs/own/.config.json": "{}", "libs/own/node_modules/other/index.js": "", "libs/own/tests/node_modules/x/index.js": "",
    ...installed("node_modules/dep", "dep", "1.0.0"), ...installed("node_modules/tool", "tool", "1.0.0"),
  };
  const changes = (change: (dir: string) => void, prepare: (dir: string) => void = () => {}): boolean => {
    const dir = projectWith(files);
    link(dir, "node_modules/@me/own", "libs/own");
    prepare(dir);
    const before = printOf(dir, ["@me/own"]);
    expect(before.uncached).toEqual([]);
    expect(Object.keys(before.entries)).toEqual(["@me/own@0.0.1", "dep@1.0.0"]);
    change(dir);
    return printOf(dir, ["@me/own"]).digest !== before.digest;
  };

  test("counts with its files", () => expect(changes((dir) => write(dir, { "libs/own/src/a.ts": "2" }))).toBe(true));
  test("counts with its dot-files", () => expect(changes((dir) => write(dir, { "libs/own/.config.json": "[]" }))).toBe(true));
  test("counts without dot-folders", () => expect(changes((dir) => write(dir, { "libs/own/.git/HEAD": "y", "libs/own/.turbo/log": "" }))).toBe(false));
  test("counts without what is installed in it", () => expect(changes((dir) => write(dir, { "libs/own/node_modules/other/index.js": "y", "libs/own/tests/node_modules/x/index.js": "y" }))).toBe(false));
  test("counts with what it links to", () => {
    const shared = (dir: string) => { write(dir, { "shared/s.ts": "1" }); link(dir, "libs/own/src/shared", "shared"); };
    expect(changes((dir) => write(dir, { "shared/s.ts": "2" }), shared)).toBe(true);
  });
  test("may link to itself and to nothing", () => {
    const loops = (dir: string) => { link(dir, "libs/own/src/up", "libs/own"); link(dir, "libs/own/src/none", "none"); link(dir, "libs/own/src/root", "."); };
    expect(changes((dir) => rmSync(join(dir, "libs/own/src/none")), loops)).toBe(false);
  });
});
