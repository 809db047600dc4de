import { closeSync, mkdirSync, mkdtempSync, openSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync, writeSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { MlstackError } from "@mlstack/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { localArtifactStore } from "../local/local-artifact-store.ts";
import { fileState } from "../store/file-state.ts";
import { dataResolver, type OpenData } from "./data-resolver.ts";

vi.mock(import("../store/file-state.ts"), async (original) => ({ ...(await original()), fileState: vi.fn<typeof fileState>((await original()).fileState) }));

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-data-")); });
afterEach(() => { vi.mocked(fileState).mockReset(); rmSync(dir, { recursive: true, force: true }); });
const resolver = () => dataResolver(dir, join(dir, "index.json"), async () => localArtifactStore({ root: join(dir, "store"), durability: "process" }), join(dir, "scratch"));
const refused = async (work: () => Promise<unknown>) => { try { await work(); } catch (e) { if (MlstackError.is(e, "MLS3010")) return e; throw e; } throw new Error("not refused"); };

test("a file, by relative path, absolute path and URL, is the same data", async () => {
  writeFileSync(join(dir, "a.csv"), "x,y\n");
  const r = resolver();
  const all = await Promise.all(["a.csv", join(dir, "a.csv"), pathToFileURL(join(dir, "a.csv")).href].map((u) => r.resolve("file", u)));
  expect(new Set(all.map((d) => d.pointer.digest)).size).toBe(1);
  expect(all[0]!.pointer).toMatchObject({ size: 4, uri: "a.csv" });
  expect(readFileSync(await all[2]!.open().handle.path(), "utf8")).toBe("x,y\n");
  const parts = [];
  for await (const c of all[0]!.open().handle.stream()) parts.push(c);
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
  const { handle } = (await resolver().resolve("file", "a")).open();
  writeFileSync(join(dir, "a"), "22");
  await expect(handle.path()).rejects.toSatisfy((e) => MlstackError.is(e, "MLS3010"));
});

test.each([["file", "a"], ["dir", "d"]] as const)("a %s that changes after it was given out is told of; one that was not read may change", async (kind, uri) => {
  mkdirSync(join(dir, "d"));
  const file = kind === "dir" ? join(dir, "d/x") : join(dir, "a");
  writeFileSync(file, "1");
  const { open } = await resolver().resolve(kind, uri);
  const [used, idle] = [open(), open()];
  await used.handle.path();
  expect(await used.changed()).toBe(false);
  writeFileSync(file, "2");
  expect([await used.changed(), await idle.changed()]).toEqual([true, false]);
  rmSync(join(dir, uri), { recursive: true });
  expect(await used.changed()).toBe(true);
});

test("a folder that a step writes into is told of", async () => {
  mkdirSync(join(dir, "d"));
  const { handle, changed } = (await resolver().resolve("dir", "d")).open();
  writeFileSync(join(await handle.path(), "index.cache"), "");
  expect(await changed()).toBe(true);
});

test("a stream is compared with its digest at its end, and one that is left early by the file's times", async () => {
  const path = join(dir, "a");
  writeFileSync(path, Buffer.alloc(3 << 20, 1));
  const change = () => { const fd = openSync(path, "r+"); writeSync(fd, "x", (3 << 20) - 1); closeSync(fd); };
  const read = async (data: OpenData, pieces: number) => { let n = 0; for await (const piece of data.handle.stream()) { void piece; if (n++ === 0) change(); if (n === pieces) return; } };
  const whole = (await resolver().resolve("file", "a")).open();
  await expect(read(whole, Infinity)).rejects.toSatisfy((e) => MlstackError.is(e, "MLS3010"));
  writeFileSync(path, Buffer.alloc(3 << 20, 2));
  const part = (await resolver().resolve("file", "a")).open();
  await read(part, 1);
  expect(await part.changed()).toBe(true);
});

test("a file that is too young for its times to be believed is read again", async () => {
  const path = join(dir, "a");
  writeFileSync(path, "one");
  const { handle, changed } = (await resolver().resolve("file", "a")).open();
  await handle.path();
  // the same state with another content: what a second write within one tick of the clock leaves behind
  const real = fileState(path);
  vi.mocked(fileState).mockReturnValue(real);
  writeFileSync(path, "two");
  expect(await changed()).toBe(true);
});
