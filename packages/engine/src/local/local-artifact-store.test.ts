import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { ArtifactStore, PutSource } from "@mlstack/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { asOtherUser } from "../testing/other-user.ts";
import { localArtifactStore } from "./local-artifact-store.ts";

let root: string;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), "mlstack-store-")); });
afterEach(() => rmSync(root, { recursive: true, force: true }));

const bytes = (text: string): PutSource => ({ kind: "bytes", bytes: Buffer.from(text) });
const text = async (store: ArtifactStore, key: string) => Buffer.from(await (await store.get(key)).bytes()).toString();

// what every store does is in tests/contracts/conformance: local-store.test.ts, power-store.test.ts
describe.each(["process", "power"] as const)("a folder as a store, durability %s", (durability) => {
  const open = () => localArtifactStore({ root: join(root, "s"), durability });

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
