import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { MlstackError } from "@mlstack/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { localArtifactStore } from "../local/local-artifact-store.ts";
import { dataResolver } from "./data-resolver.ts";

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-data-")); });
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const resolver = () => dataResolver(dir, join(dir, "index.json"), async () => localArtifactStore({ root: join(dir, "store"), durability: "process" }), join(dir, "scratch"));
const refused = async (work: () => Promise<unknown>) => { try { await work(); } catch (e) { if (MlstackError.is(e, "MLS3010")) return e; throw e; } throw new Error("not refused"); };

test("a file, by relative path, absolute path and URL, is the same data", async () => {
  writeFileSync(join(dir, "a.csv"), "x,y\n");
  const r = resolver();
  const all = await Promise.all(["a.csv", join(dir, "a.csv"), pathToFileURL(join(dir, "a.csv")).href].map((u) => r.resolve("file", u)));
  expect(new Set(all.map((d) => d.pointer.digest)).size).toBe(1);
  expect(all[0]!.pointer).toMatchObject({ size: 4, uri: "a.csv" });
  expect(readFileSync(await all[2]!.handle.path(), "utf8")).toBe("x,y\n");
  const parts = [];
  for await (const c of all[0]!.handle.stream()) parts.push(c);
  expect(Buffer.concat(parts).toString()).toBe("x,y\n");
});

test("content that was replaced in place is seen, though size and modification time were kept", async () => {
  const path = join(dir, "a.csv");
  writeFileSync(path, "one");
  utimesSync(path, 1000, 1000);
  await sleep(2100); // so that the digest is remembered at all
  const first = resolver();
  const before = (await first.resolve("file", "a.csv")).pointer.digest;
  first.save();
  expect(JSON.parse(readFileSync(join(dir, "index.json"), "utf8"))).toHaveProperty([path]);
  writeFileSync(path, "two");
  utimesSync(path, 1000, 1000);
  expect(statSync(path).size).toBe(3);
  expect((await resolver().resolve("file", "a.csv")).pointer.digest).not.toBe(before);
});

test("a file that was just written is not remembered: it could change again and keep its times", async () => {
  writeFileSync(join(dir, "a.csv"), "one");
  const r = resolver();
  await r.resolve("file", "a.csv");
  r.save();
  expect(() => readFileSync(join(dir, "index.json"))).toThrow(/ENOENT/);
});

test("a folder counts by names and contents, not by times", async () => {
  mkdirSync(join(dir, "d/sub"), { recursive: true });
  writeFileSync(join(dir, "d/a"), "1");
  writeFileSync(join(dir, "d/sub/b"), "2");
  const digest = async () => (await resolver().resolve("dir", "d")).pointer.digest;
  const before = await digest();
  utimesSync(join(dir, "d/a"), 5, 5);
  expect(await digest()).toBe(before);
  renameSync(join(dir, "d/a"), join(dir, "d/c"));
  const renamed = await digest();
  expect(renamed).not.toBe(before);
  writeFileSync(join(dir, "d/sub/b"), "3");
  expect(await digest()).not.toBe(renamed);
});

test("what is not there, or of another kind, is refused with the place", async () => {
  writeFileSync(join(dir, "f"), "1");
  mkdirSync(join(dir, "d"));
  const r = resolver();
  expect((await refused(() => r.resolve("file", "nope.csv"))).why).toContain(join(dir, "nope.csv"));
  await refused(() => r.resolve("dir", "f"));
  await refused(() => r.resolve("file", "d"));
  expect((await refused(() => r.resolve("dataset", "s3://bucket/key"))).message).toContain("s3://");
  expect((await r.resolve("dataset", "d")).pointer.size).toBe(0);
  symlinkSync(join(dir, "gone"), join(dir, "d", "dangling"));
  await refused(() => resolver().resolve("dir", "d"));
});

test("a file that changes during the run is refused when it is read", async () => {
  writeFileSync(join(dir, "a"), "1");
  const { handle } = await resolver().resolve("file", "a");
  writeFileSync(join(dir, "a"), "22");
  await expect(handle.path()).rejects.toSatisfy((e) => MlstackError.is(e, "MLS3010"));
});
