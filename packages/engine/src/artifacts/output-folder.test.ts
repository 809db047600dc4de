import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { localArtifactStore } from "../local/local-artifact-store.ts";
import { contentSpace, type ContentSpace } from "../store/content-space.ts";
import { layout } from "../store/layout.ts";
import { OutputFolder } from "./output-folder.ts";

let dir: string;
let content: ContentSpace;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "mlstack-output-"));
  content = contentSpace(localArtifactStore({ root: join(dir, "store"), durability: "process" }));
  mkdirSync(join(dir, "scratch"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const folder = () => new OutputFolder(join(dir, "scratch"));
const textOf = async (digest: string) => Buffer.from(await content.read(digest)).toString("utf8");

test("a file that lives elsewhere may change while it is stored: what is hashed is what is stored", async () => {
  const live = join(dir, "live.bin");
  writeFileSync(live, "one");
  const out = folder();
  await out.adopt("live.bin", live);
  writeFileSync(live, "two");
  const changing: ContentSpace = { ...content, async putFile(source, digest) { writeFileSync(live, "six"); return content.putFile(source, digest); } };
  const [file] = await out.commit(changing);
  expect([await textOf(file!.sha256), readFileSync(live, "utf8")]).toEqual(["one", "six"]);
});

test("one file of the attempt for several outputs is stored once, without a copy, and stays until the attempt is over", async () => {
  const path = join(dir, "scratch", "m.bin");
  writeFileSync(path, "model");
  const { ino } = statSync(path);
  const stored = [];
  for (const name of ["a.bin", "b.bin"]) {
    const out = folder();
    await out.adopt(name, path);
    stored.push(...(await out.commit(content)));
  }
  expect(stored.map((f) => f.path)).toEqual(["a.bin", "b.bin"]);
  expect(new Set(stored.map((f) => f.sha256)).size).toBe(1);
  const blob = (await content.inPlace(stored[0]!.sha256))!;
  expect([statSync(blob).ino, readFileSync(path, "utf8")]).toEqual([ino, "model"]);
});

test("a link stands for the file that it leads to", async () => {
  writeFileSync(join(dir, "real"), "x");
  symlinkSync(join(dir, "real"), join(dir, "link"));
  const out = folder();
  await out.adopt("x", join(dir, "link"));
  expect(await textOf((await out.commit(content))[0]!.sha256)).toBe("x");
  for (const path of [join(dir, "none"), dir]) await expect(folder().adopt("x", path)).rejects.toSatisfy((e) => MlstackError.is(e, "MLS3009"));
});

test("no name is dropped", async () => {
  const out = folder();
  writeFileSync(join(out.path, ".tmp-model"), "1");
  mkdirSync(join(out.path, ".tmp"));
  writeFileSync(join(out.path, ".tmp", "x"), "2");
  expect((await out.commit(content)).map((f) => f.path).toSorted()).toEqual([".tmp-model", ".tmp/x"]);
});

test("a file that something is still writing to is refused", async () => {
  const out = folder();
  const path = join(dir, "scratch", "growing.bin");
  writeFileSync(path, Buffer.alloc(8 << 20));
  await out.adopt("growing.bin", path);
  const done = out.commit(content);
  // hashing has begun and takes many turns of the loop
  for (let stop = false; !stop;) { appendFileSync(path, "x"); stop = await Promise.race([done.then(() => true, () => true), new Promise<boolean>((r) => { setImmediate(() => r(false)); })]); }
  await expect(done).rejects.toSatisfy((e) => MlstackError.is(e, "MLS3009") && e.message.includes("written to while"));
});

test.each([["has just been written", new Date()], ["is old", new Date("2015-01-01")]])("outputs that are stored side by side may be the same file, which %s", async (_, time) => {
  const path = join(dir, "scratch", "m.bin");
  writeFileSync(path, Buffer.alloc(4 << 20, 7));
  utimesSync(path, time, time);
  const stored = await Promise.all([1, 2, 3].map(async () => { const out = folder(); await out.adopt("m.bin", path); return out.commit(content); }));
  const [digest, ...others] = new Set(stored.flat().map((f) => f.sha256));
  expect(others).toEqual([]);
  // and it is a new object, whatever its file was
  expect(Math.abs(Date.now() - (await content.store.stat(layout.blob(digest!)))!.modifiedAt.getTime())).toBeLessThan(3_600_000);
});
