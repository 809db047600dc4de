import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withoutRights } from "../testing/without-rights.ts";
import { pathDigest } from "./project-files.ts";

let dir = "";
beforeEach(() => { dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-files-"))); mkdirSync(join(dir, "assets/sub"), { recursive: true }); write("assets/a.txt", "a"); write("assets/sub/b.txt", "b"); write("shared.txt", "one"); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });
const write = (path: string, text: string) => writeFileSync(join(dir, path), text);
const digest = (path = "assets") => pathDigest(join(dir, path), path);

test("a folder is its files by name and content, wherever it lies", () => {
  const before = digest();
  write("assets/sub/b.txt", "c");
  expect(digest()).not.toBe(before);
  write("assets/sub/b.txt", "b");
  expect(digest()).toBe(before);
  write("assets/new.txt", "");
  expect(digest()).not.toBe(before);
  expect([digest("nothing"), digest("assets/a.txt")]).toEqual([undefined, pathDigest(join(dir, "assets/a.txt"))]);
});

test("what mlstack keeps in a folder is none of it", () => {
  const before = digest(".");
  mkdirSync(join(dir, ".mlstack/store"), { recursive: true });
  write(".mlstack/records.db", "x");
  symlinkSync("gone", join(dir, ".mlstack/store/link"));
  expect(digest(".")).toBe(before);
});

test("a link counts as the file that it leads to", () => {
  symlinkSync("../shared.txt", join(dir, "assets/linked.txt"));
  const linked = digest();
  write("shared.txt", "two");
  expect(digest()).not.toBe(linked);
  rmSync(join(dir, "assets/linked.txt"));
  write("assets/linked.txt", "one");
  expect(digest()).toBe(linked);
});

test.each([["to a folder", "sub"], ["to nothing", "gone"], ["to itself", "link"]])("a link %s is refused by its name", (_, target) => {
  symlinkSync(target, join(dir, "assets/link"));
  expect(() => digest()).toThrow(expect.objectContaining({ code: "MLS3010", message: expect.stringMatching(/"assets" holds the link link/) as string }));
});

test("a decomposed name is read, and counts as the composed one", () => {
  write("assets/cafe\u0301.txt", "x");
  const decomposed = digest();
  rmSync(join(dir, "assets/cafe\u0301.txt"));
  write("assets/caf\u00e9.txt", "x");
  expect(digest()).toBe(decomposed);
});

test.skipIf(process.platform === "win32")("what can't be read is an error with its name", async () => {
  chmodSync(dir, 0o755);
  chmodSync(join(dir, "assets/a.txt"), 0);
  await withoutRights(() => { expect(() => digest()).toThrow(expect.objectContaining({ code: "MLS3010", message: expect.stringContaining("a.txt") as string })); });
  chmodSync(join(dir, "assets/a.txt"), 0o644);
  await withoutRights(() => { expect(digest()).toMatch(/^[0-9a-f]{64}/); });
});
