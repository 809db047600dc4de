import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { MlstackError, type ArtifactStore, type PutSource } from "@mlstack/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { asOtherUser } from "../testing/other-user.ts";
import { localArtifactStore } from "./local-artifact-store.ts";

let root: string;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), "mlstack-store-")); });
afterEach(() => rmSync(root, { recursive: true, force: true }));

const bytes = (text: string): PutSource => ({ kind: "bytes", bytes: Buffer.from(text) });
const text = async (store: ArtifactStore, key: string, range?: { offset: number; length: number }) => Buffer.from(await (await store.get(key, { range })).bytes()).toString();
const streamed = async (store: ArtifactStore, key: string, range?: { offset: number; length: number }) => { const parts = []; for await (const c of await store.get(key, { range })) parts.push(c); return Buffer.concat(parts).toString(); };
const keys = async (store: ArtifactStore, prefix: string) => { const all = []; for await (const { key } of store.list(prefix)) all.push(key); return all.toSorted(); };

describe.each(["process", "power"] as const)("a folder as a store, durability %s", (durability) => {
  const open = () => localArtifactStore({ root: join(root, "s"), durability });

  test("gives back what was put, whole and in part", async () => {
    const s = open();
    await s.put("a/b", bytes("0123456789"));
    expect(await text(s, "a/b")).toBe("0123456789");
    expect(await streamed(s, "a/b")).toBe("0123456789");
    for (const [range, want] of [[{ offset: 2, length: 3 }, "234"], [{ offset: 8, length: 99 }, "89"], [{ offset: 50, length: 1 }, ""], [{ offset: 0, length: 0 }, ""]] as const) {
      expect(await text(s, "a/b", range)).toBe(want);
      expect(await streamed(s, "a/b", range)).toBe(want);
    }
    await s.put("a/b", bytes("new"));
    expect(await text(s, "a/b")).toBe("new");
    await s.put("empty", bytes(""));
    expect((await s.stat("empty"))!.size).toBe(0);
    expect(await streamed(s, "empty")).toBe("");
  });

  test("removes no single version: it has none, and says so instead of removing any", async () => {
    const s = open();
    await s.put("k", bytes("x"));
    expect(s.capabilities.deleteIfVersion).toBe(false);
    await expect(s.delete("k", { ifVersion: "1" })).rejects.toSatisfy((e) => MlstackError.is(e, "MLS3003"));
    expect(await text(s, "k")).toBe("x");
  });

  test("takes files, by copy or by moving them", async () => {
    const s = open();
    for (const mayMove of [false, true]) {
      const path = join(root, `file-${mayMove}`);
      writeFileSync(path, "content");
      await s.put(`k-${mayMove}`, { kind: "file", path, size: 7, mayMove });
      expect(await text(s, `k-${mayMove}`)).toBe("content");
      expect(existsSync(path)).toBe(!mayMove);
    }
  });

  test.each([["by copy", false], ["by moving", true]])("gives a file that came %s the time at which it came: one out of an archive is no old object", async (_, mayMove) => {
    const s = open();
    const path = join(root, "unpacked");
    writeFileSync(path, "content");
    utimesSync(path, new Date("2015-01-01"), new Date("2015-01-01"));
    await s.put("k", { kind: "file", path, size: 7, mayMove });
    expect(Math.abs((await s.stat("k"))!.modifiedAt.getTime() - Date.now())).toBeLessThan(3_600_000);
    // what is not its own stays as it is
    if (!mayMove) expect(statSync(path).mtime).toEqual(new Date("2015-01-01"));
  });

  test.each([["by copy", false], ["by moving", true]])("takes a file %s, whatever may be done with it, and keeps it read-only for everybody", async (_, mayMove) => {
    const s = open();
    for (const mode of [0o400, 0o600, 0o644, 0o777]) {
      const path = join(root, `file-${mode}`);
      writeFileSync(path, "content");
      chmodSync(path, mode);
      await s.put(`k-${mode}`, { kind: "file", path, size: 7, mayMove });
      expect(statSync(s.localPath!(`k-${mode}`)).mode & 0o777).toBe(0o444);
      if (!mayMove) expect(statSync(path).mode & 0o777).toBe(mode);
    }
  });

  test("takes a file that its owner may only read", { timeout: 60_000 }, (context) => {
    chmodSync(root, 0o777);
    const code = `const { localArtifactStore } = await load("local/local-artifact-store.ts");
const { writeFileSync } = await import("node:fs");
const s = localArtifactStore({ root: ${JSON.stringify(join(root, "s"))}, durability: ${JSON.stringify(durability)} });
for (const mayMove of [false, true]) {
  const path = ${JSON.stringify(join(root, "own"))} + mayMove;
  writeFileSync(path, "content", { mode: 0o444 });
  await s.put("k" + mayMove, { kind: "file", path, size: 7, mayMove });
  console.log(Buffer.from(await (await s.get("k" + mayMove)).bytes()).toString());
}`;
    expect(asOtherUser(context, code)).toBe("content\ncontent\n");
  });

  test("is read by others who share it, also what came from a private file, and touched by those who may write to it", { timeout: 60_000 }, async (context) => {
    const s = open();
    const path = join(root, "private");
    writeFileSync(path, "content", { mode: 0o600 });
    await s.put("a/k", { kind: "file", path, size: 7 });
    const long = new Date("2020-01-01");
    utimesSync(s.localPath!("a/k"), long, long);
    for (const folder of [root, join(root, "s"), join(root, "s", "a"), join(root, "s", ".tmp")]) chmodSync(folder, 0o777);
    const code = `const { localArtifactStore } = await load("local/local-artifact-store.ts");
const s = localArtifactStore({ root: ${JSON.stringify(join(root, "s"))}, durability: ${JSON.stringify(durability)} });
await s.touch("a/k");
console.log(Buffer.from(await (await s.get("a/k")).bytes()).toString());`;
    expect(asOtherUser(context, code)).toBe("content\n");
    expect((await s.stat("a/k"))!.modifiedAt.getTime()).toBeGreaterThan(long.getTime());
    expect(statSync(s.localPath!("a/k")).mode & 0o777).toBe(0o444);
  });

  test("gives an object a new time", async () => {
    const s = open();
    await s.put("k", bytes("x"));
    const long = new Date("2020-01-01");
    utimesSync(s.localPath!("k"), long, long);
    await s.touch!("k");
    expect(Date.now() - (await s.stat("k"))!.modifiedAt.getTime()).toBeLessThan(600_000);
    await expect(s.touch!("none")).rejects.toSatisfy((e) => MlstackError.is(e, "MLS3001"));
  });

  test("creates only what is absent, if asked", async () => {
    const s = open();
    await s.put("k", bytes("first"), { ifAbsent: true });
    await expect(s.put("k", bytes("second"), { ifAbsent: true })).rejects.toSatisfy((e) => MlstackError.is(e, "MLS3012"));
    expect(await text(s, "k")).toBe("first");
  });

  test("of many that create one key at once, one wins", async () => {
    const s = open();
    const tries = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => s.put("race", bytes(String(i)), { ifAbsent: true })));
    expect(tries.filter((t) => t.status === "fulfilled")).toHaveLength(1);
  });

  test("lists by prefix, with sizes", async () => {
    const s = open();
    for (const key of ["x/1", "x/2/a", "x/20", "y/1", "xx"]) await s.put(key, bytes(key));
    expect(await keys(s, "x/")).toEqual(["x/1", "x/2/a", "x/20"]);
    expect(await keys(s, "x/2")).toEqual(["x/2/a", "x/20"]);
    expect(await keys(s, "")).toEqual(["x/1", "x/2/a", "x/20", "xx", "y/1"]);
    expect(await keys(s, "nothing/here")).toEqual([]);
    for await (const stat of s.list("xx")) expect(stat).toMatchObject({ key: "xx", size: 2 });
  });

  test("deletes, also what is not there", async () => {
    const s = open();
    await s.put("a/b", bytes("x"));
    await s.delete("a/b");
    await s.delete("a/b");
    expect(await s.stat("a/b")).toBeUndefined();
    await expect(s.get("a/b")).rejects.toSatisfy((e) => MlstackError.is(e, "MLS3001"));
    await expect(s.get("a/b/c/d")).rejects.toSatisfy((e) => MlstackError.is(e, "MLS3001"));
  });

  test("refuses keys that lead elsewhere", async () => {
    const s = open();
    for (const key of ["../x", "a/../x", "/x", "a//b", "", ".", "a/", "a\\b", "ä", "a b", "x".repeat(513)]) await expect(s.put(key, bytes("")), key).rejects.toSatisfy((e) => MlstackError.is(e, "MLS3011"));
  });

  test("writes again after its folder was removed", async () => {
    const s = open();
    await s.put("a/b", bytes("x"));
    rmSync(join(root, "s"), { recursive: true });
    await s.put("a/b", bytes("y")).catch(() => undefined);
    await s.put("a/b", bytes("y"));
    expect(await text(s, "a/b")).toBe("y");
  });

  test("leaves nothing behind", async () => {
    const s = open();
    await s.put("a", bytes("x"));
    await s.put("a", bytes("x"), { ifAbsent: true }).catch(() => undefined);
    expect(readdirSync(join(root, "s", ".tmp"))).toEqual([]);
  });
});

test("a reader never sees half of an object that another thread writes", async () => {
  const s = localArtifactStore({ root, durability: "process" });
  const size = 3_000_000;
  await s.put("k", { kind: "bytes", bytes: new Uint8Array(size).fill(1) });
  const writer = new Worker(`
    const { workerData } = require("node:worker_threads");
    import(workerData.module).then(async ({ localArtifactStore }) => {
      const s = localArtifactStore({ root: workerData.root, durability: "process" });
      for (let i = 2; i < 40; i++) await s.put("k", { kind: "bytes", bytes: new Uint8Array(${size}).fill(i) });
    });`, { eval: true, workerData: { module: new URL("./local-artifact-store.ts", import.meta.url).href, root } });
  let done = false;
  writer.once("exit", () => { done = true; });
  writer.once("error", (e) => { throw e; });
  let seen = 0;
  while (!done) {
    const whole = await (await s.get("k")).bytes();
    if (whole.byteLength !== size || whole[0] !== whole[size - 1]) throw new Error(`half an object: ${whole.byteLength} bytes, ${whole[0]} to ${whole[size - 1]}`);
    seen++;
    await new Promise((ok) => { setImmediate(ok); });
  }
  expect(seen).toBeGreaterThan(0);
});
