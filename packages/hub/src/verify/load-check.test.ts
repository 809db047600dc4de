import { existsSync, linkSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { contractRegistry, pluginLoader, type PluginPackage } from "@mlstack/core";
import { nodePluginHost } from "@mlstack/core/node";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LOCK_FILE, lockText, type LockedPlugin } from "../lock/lock.ts";
import { madePlugin } from "../testing/plugins.ts";
import { scratch, type Scratch } from "../testing/scratch.ts";
import { openLoadCheck, type LoadCheck } from "./load-check.ts";
import { lockEntry } from "../lock/lock-entry.ts";
import { checkTarball } from "../tarball/check-tarball.ts";

const reads = vi.hoisted(() => ({ files: 0 }));
vi.mock(import("../tarball/files-digest.ts"), async (original) => {
  const actual = await original();
  return { ...actual, folderDigest: (dir: string) => { reads.files++; return actual.folderDigest(dir); } };
});

const NAME = "@acme/mlstack-plugin-x";
const made = madePlugin({ files: { "dist/a.js": "1" } });
let folder: Scratch;
let entry: LockedPlugin;
/** Long after the files were written, so that their times can be relied on. */
const later = (): number => Date.now() + 60_000;

beforeEach(async () => {
  reads.files = 0;
  folder = scratch();
  const checked = await checkTarball(made.tarball, "x", made.version);
  entry = lockEntry({ package: checked.package, source: "registry", tarball: checked, trust: { provenance: false } });
  folder.put({ ".mlstack/.gitignore": "*", "package.json": JSON.stringify({ dependencies: { [NAME]: "1.0.0" } }), [LOCK_FILE]: lockText({ plugins: { [NAME]: entry } }), ...Object.fromEntries(Object.entries(made.files).map(([path, text]) => [`node_modules/${NAME}/${path}`, text])) });
});
afterEach(() => { folder.remove(); });

const at = (path: string): string => join(folder.dir, "node_modules", NAME, path);
const indexFile = (): string => join(folder.dir, ".mlstack", "plugins.json");
const open = async (now = later): Promise<LoadCheck> => (await openLoadCheck({ projectDir: folder.dir, indexFile: indexFile(), now }))!;
const pkg = async (): Promise<PluginPackage> => (await nodePluginHost({ projectDir: folder.dir }).packages())[0]!;
const check = async (now?: () => number) => (await open(now)).check(await pkg());

test("files are read once, and then looked at only", async () => {
  for (let i = 0; i < 3; i++) expect(await check()).toBeUndefined();
  expect(reads.files).toBe(1);
});

test("without a lock nothing is pinned; one that can't be read is an error, and not a project without", async () => {
  writeFileSync(join(folder.dir, LOCK_FILE), "{");
  await expect(openLoadCheck({ projectDir: folder.dir, indexFile: indexFile() })).rejects.toMatchObject({ code: "MLS8205" });
  folder.put({ "elsewhere/package.json": "{}" });
  expect(await openLoadCheck({ projectDir: join(folder.dir, "elsewhere"), indexFile: indexFile() })).toBeUndefined();
});

describe("a change after it was found right is seen", () => {
  test.each<[string, () => void]>([
    ["an edit", () => { writeFileSync(at("index.js"), "evil"); }],
    ["an edit of the same size with its time set back", () => {
      const { atime, mtime } = statSync(at("index.js"));
      writeFileSync(at("index.js"), made.files["index.js"]!.replace("export", "exp0rt"));
      utimesSync(at("index.js"), atime, mtime);
    }],
    ["a file more", () => { writeFileSync(at("dist/b.js"), "evil"); }],
    ["a file less", () => { renameSync(at("dist/a.js"), join(folder.dir, "gone")); }],
    ["another file in its place, with its time", () => {
      const { atime, mtime } = statSync(at("dist/a.js"));
      writeFileSync(at("../other"), "2");
      utimesSync(at("../other"), atime, mtime);
      renameSync(at("../other"), at("dist/a.js"));
    }],
  ])("%s", async (_what, change) => {
    expect(await check()).toBeUndefined();
    change();
    expect(await check()).toMatchObject({ code: "MLS8204" });
    expect(await check()).toMatchObject({ code: "MLS8204" });
  });

  test.skipIf(process.platform === "win32")("a link in place of the folder, even to the very same files", async () => {
    expect(await check()).toBeUndefined();
    renameSync(at(""), join(folder.dir, "elsewhere"));
    symlinkSync(join(folder.dir, "elsewhere"), at("").replace(/\/$/, ""));
    expect(await check()).toMatchObject({ code: "MLS8204", message: expect.stringContaining("is a link") as string });
  });
});

test("what no program runs counts when files are read: with the next of them that changes, or one that is added", async () => {
  expect(await check()).toBeUndefined();
  writeFileSync(at("README.md"), "# other\n");
  expect([await check(), reads.files]).toEqual([undefined, 1]);
  writeFileSync(at("index.js"), made.files["index.js"]!);
  expect(await check()).toMatchObject({ code: "MLS8204" });
});

describe("what changes nothing is no refusal", () => {
  test("a file that was written anew with what it had, one that another project links to, and a touch", async () => {
    expect(await check()).toBeUndefined();
    writeFileSync(at("index.js"), made.files["index.js"]!);
    expect(await check()).toBeUndefined();
    linkSync(at("index.js"), join(folder.dir, "store-of-pnpm.js"));
    utimesSync(at("dist/a.js"), new Date(), new Date());
    expect(await check()).toBeUndefined();
    expect(reads.files).toBe(3);
    expect(await check()).toBeUndefined();
    expect(reads.files).toBe(3);
  });

  test("an index that is damaged, of another version, or of files that are gone", async () => {
    for (const text of ["{", '{"v":2}', JSON.stringify({ v: 1, lock: "x", plugins: { [NAME]: { dir: "/gone", locked: "x", states: [] } } })]) {
      folder.put({ ".mlstack/plugins.json": text });
      expect(await check()).toBeUndefined();
    }
    expect(reads.files).toBe(3);
  });

  test("a state folder that is not there, and is not made for this", async () => {
    rmSync(join(folder.dir, ".mlstack"), { recursive: true });
    for (let i = 0; i < 2; i++) expect(await check()).toBeUndefined();
    expect([reads.files, existsSync(join(folder.dir, ".mlstack"))]).toEqual([2, false]);
  });
});

test("times of a moment ago are not relied on: the next change might get the same", async () => {
  for (let i = 0; i < 2; i++) expect(await check(Date.now)).toBeUndefined();
  expect(reads.files).toBe(2);
});

describe("the lock decides, not what was remembered", () => {
  test("an entry that changed is compared again, and the others are not", async () => {
    const other = madePlugin({ name: "b" });
    const checked = await checkTarball(other.tarball, "b", other.version);
    const b = lockEntry({ package: checked.package, source: "registry", tarball: checked, trust: { provenance: false } });
    folder.put({ ...Object.fromEntries(Object.entries(other.files).map(([path, text]) => [`node_modules/b/${path}`, text])), "package.json": JSON.stringify({ dependencies: { [NAME]: "1", b: "1" } }), [LOCK_FILE]: lockText({ plugins: { [NAME]: entry, b } }) });
    const both = async () => { const c = await open(); return Promise.all((await nodePluginHost({ projectDir: folder.dir }).packages()).map(async (p) => (await c.check(p))?.code)); };
    expect(await both()).toEqual([undefined, undefined]);
    expect(reads.files).toBe(2);
    folder.put({ [LOCK_FILE]: lockText({ plugins: { [NAME]: entry, b: { ...b, core: "*" } } }) });
    expect(await both()).toEqual([undefined, "MLS8208"]);
    expect(reads.files).toBe(3);
  });

  test("one with the line ends of Windows is the same lock", async () => {
    expect(await check()).toBeUndefined();
    folder.put({ [LOCK_FILE]: lockText({ plugins: { [NAME]: entry } }).replaceAll("\n", "\r\n") });
    expect(await check()).toBeUndefined();
    expect(reads.files).toBe(1);
  });

  test("an entry that was taken away is no way around it", async () => {
    expect(await check()).toBeUndefined();
    folder.put({ [LOCK_FILE]: lockText({ plugins: {} }) });
    expect(await check()).toMatchObject({ code: "MLS8207" });
  });
});

test("a changed plugin is refused when it is loaded, with its own code, and its code never runs; the same unchanged is loaded", async () => {
  folder.put({ [`node_modules/${NAME}/index.js`]: "globalThis.ran = true; export default {};" });
  const loader = async () => pluginLoader({ host: nodePluginHost({ projectDir: folder.dir, forbidden: (await open()).check }), coreVersion: "0.1.0", contracts: contractRegistry() });
  await expect((await loader()).check("artifact_store", "x", {}, "store")).rejects.toMatchObject({ code: "MLS8204" });
  expect("ran" in globalThis).toBe(false);
  folder.put({ [`node_modules/${NAME}/index.js`]: made.files["index.js"]! });
  // it is loaded, and turns out to be no more than a text
  await expect((await loader()).check("artifact_store", "x", {}, "store")).rejects.toMatchObject({ code: "MLS2006" });
});

test("listing asks for nothing", async () => {
  folder.put({ [`node_modules/${NAME}/index.js`]: "evil" });
  const host = nodePluginHost({ projectDir: folder.dir, forbidden: (await open()).check });
  expect((await host.packages()).map(({ name }) => name)).toEqual([NAME]);
  expect(reads.files).toBe(0);
});
