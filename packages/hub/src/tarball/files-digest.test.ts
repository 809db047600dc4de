import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packed } from "../testing/tar.ts";
import { fileDigests, filesDigest, folderDigest } from "./files-digest.ts";
import { readTarball } from "./read-tarball.ts";

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-hub-")); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });

const put = (files: Readonly<Record<string, string>>): void => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
};
const ofTarball = async (files: Readonly<Record<string, string>>) => filesDigest(fileDigests(await readTarball(packed(files), "x")));
const ofFolder = async () => filesDigest(await folderDigest(dir));

test("a folder has the digest of the tarball that it was unpacked from", async () => {
  const files = { "package.json": "{}", "dist/index.js": "1", "dist/a/é.js": "2", "node.js": "3", "lib/node_modules/fixture.js": "4" };
  put(files);
  expect(await ofFolder()).toBe(await ofTarball(files));
  put({ "lib/node_modules/fixture.js": "changed" });
  expect(await ofFolder()).not.toBe(await ofTarball(files));
});

test("what package managers change when they unpack does not count", async () => {
  const asPublished = { "package.json": "{}", "bin.js": "#!/usr/bin/env node\r\n1\r\n", ".gitignore": "a", "sub/.gitignore": "b", "sub/.npmignore": "c" };
  put({ "package.json": "{}", "bin.js": "#!/usr/bin/env node\n1\r\n", ".npmignore": "a", "sub/.npmignore": "c" });
  expect(await ofFolder()).toBe(await ofTarball(asPublished));
});

test("its own node_modules, where package managers put things, and traces of a file manager do not count", async () => {
  const files = { "package.json": "{}", "index.js": "1" };
  put({ ...files, "node_modules/dep/index.js": "2", "node_modules/.bin/x": "3", ".DS_Store": "4" });
  expect(await ofFolder()).toBe(await ofTarball({ ...files, "node_modules/bundled/index.js": "5" }));
});

test("a carriage return elsewhere, another ignore file and any other file do count", async () => {
  const files = { "package.json": "{}", "index.js": "1\n" };
  for (const other of [{ ...files, "index.js": "1\r\n" }, { ...files, ".npmignore": "x" }, { ...files, "DS_Store": "" }, { "package.json": "{}" }]) {
    expect(await ofTarball(other as Record<string, string>)).not.toBe(await ofTarball(files));
  }
});

test.skipIf(process.platform === "win32")("a link in a package's folder is refused, wherever it leads", async () => {
  put({ "package.json": "{}", "index.js": "1" });
  await expect(ofFolder()).resolves.toMatch(/^sha256:/);
  symlinkSync("index.js", join(dir, "other.js"));
  await expect(ofFolder()).rejects.toMatchObject({ code: "MLS8204", details: { file: join(dir, "other.js") } });
});
