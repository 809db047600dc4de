import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { appendFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { HeadObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { MlstackError, type ArtifactStore, type ErrorCode } from "@mlstack/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startVersitygw, type Versitygw } from "./servers/versitygw.ts";
import { keysOf, openStore, pendingUploads, sha256, streamed, text, vendorClient } from "./testing/s3.ts";

let gw: Versitygw;
let store: ArtifactStore;
let client: S3Client;
const folder = mkdtempSync(join(tmpdir(), "mlstack-s3-"));
const MIB = 2 ** 20;
const code = (wanted: ErrorCode) => (e: unknown) => MlstackError.is(e, wanted);

beforeAll(async () => {
  gw = await startVersitygw();
  client = vendorClient(gw);
  await gw.bucket("store");
  await gw.bucket("other");
  store = await openStore(gw, { bucket: "store", prefix: "team/ml", partSizeMib: 5 });
});
afterAll(async () => {
  await store.dispose?.();
  client.destroy();
  await gw.stop();
  rmSync(folder, { recursive: true, force: true });
});

const read = async (key: string, range?: { offset: number; length: number }) => {
  const whole = Buffer.from(await (await store.get(key, { range })).bytes());
  const body = await store.get(key, { range });
  const parts = await streamed(body);
  expect(parts.equals(whole)).toBe(true);
  expect(body.size).toBe(whole.byteLength);
  return whole;
};

// what every store does is in conformance/s3.conformance.ts
describe("objects", () => {
  test("lie below the prefix, which is the store's own business, beside what others put there", async () => {
    await store.put("a/b", text("new"));
    expect((await client.send(new HeadObjectCommand({ Bucket: "store", Key: "team/ml/a/b" }))).ContentLength).toBe(3);
    for (const Key of ["team/ml/folder/", "team/mlother"]) await client.send(new PutObjectCommand({ Bucket: "store", Key, Body: Buffer.alloc(0) }));
    expect(await keysOf(store, "folder")).toEqual([]);
    expect((await keysOf(store, "")).filter((k) => k.includes("other"))).toEqual([]);
  });

  test.each([["in one request", 100], ["in parts", 11 * MIB]])("that came %s are not touched by a service that gives copies the old time, and keep their bytes", async (_, size) => {
    const bytes = randomBytes(size);
    await store.put("touched", { kind: "bytes", bytes });
    const old = new Date("2020-01-01");
    utimesSync(join(gw.data, "store/team/ml/touched"), old, old);
    expect((await store.stat("touched"))!.modifiedAt).toEqual(old);
    await expect(store.touch!("touched")).rejects.toSatisfy(code("MLS3003"));
    expect((await read("touched")).equals(bytes)).toBe(true);
    await expect(store.touch!("no/such")).rejects.toSatisfy(code("MLS3001"));
  }, 60_000);

  test("may be asked for all at once, more than there are connections", async () => {
    await store.put("shared", text("x"));
    const stats = await Promise.all(Array.from({ length: 400 }, () => store.stat("shared")));
    expect(stats.every((s) => s?.size === 1)).toBe(true);
    const bodies = await Promise.all(Array.from({ length: 90 }, () => store.get("shared")));
    for (const body of bodies) await body.close();
    await Promise.all(Array.from({ length: 200 }, async () => expect(Buffer.from(await (await store.get("shared")).bytes()).toString()).toBe("x")));
  });
});

describe("creating only what is absent", () => {
  test("in parts: of eight at once one wins, and the others leave no upload", async () => {
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => store.put("race", { kind: "bytes", bytes: randomBytes(11 * MIB) }, { ifAbsent: true })));
    expect([tries.filter((t) => t.status === "fulfilled").length, await pendingUploads(client, "store")]).toEqual([1, 0]);
  });

  test("without conditional writes the store says so, and asks first", async () => {
    const plain = await openStore(gw, { bucket: "store", prefix: "plain", conditionalWrites: false, checksum: "none" });
    expect(plain.capabilities).toEqual({ createIfAbsent: false, wireChecksum: "none", deleteIfVersion: false });
    await plain.put("k", text("1"), { ifAbsent: true });
    await expect(plain.put("k", text("2"), { ifAbsent: true })).rejects.toSatisfy(code("MLS3012"));
    expect(Buffer.from(await (await plain.get("k")).bytes()).toString()).toBe("1");
    const file = join(folder, "plain");
    writeFileSync(file, randomBytes(20 * MIB));
    await plain.put("big", { kind: "file", path: file, size: 20 * MIB });
    expect((await plain.stat("big"))?.size).toBe(20 * MIB);
    await plain.dispose?.();
  });
});

describe("files", () => {
  test("of 80 MiB go in parts and come back, with a checksum of the whole", async () => {
    const bytes = randomBytes(80 * MIB + 1);
    const path = join(folder, "big");
    writeFileSync(path, bytes);
    await store.put("big", { kind: "file", path, size: bytes.byteLength });
    const head = await client.send(new HeadObjectCommand({ Bucket: "store", Key: "team/ml/big", ChecksumMode: "ENABLED" }));
    expect(head).toMatchObject({ ContentLength: bytes.byteLength, ChecksumType: "FULL_OBJECT", ETag: expect.stringMatching(/-17"$/) });
    expect(sha256(await read("big"))).toBe(sha256(bytes));
    expect(await read("big", { offset: 5 * MIB - 3, length: 6 })).toEqual(bytes.subarray(5 * MIB - 3, 5 * MIB + 3));
    await store.put("small-file", { kind: "file", path, size: 1000 });
    expect(await read("small-file")).toEqual(bytes.subarray(0, 1000));
  });

  test("of 512 MiB go up and down in a process with 64 MiB of heap, and its memory does not grow with them", async () => {
    const path = join(folder, "huge");
    const block = randomBytes(8 * MIB);
    const hash = createHash("sha256");
    for (let i = 0; i < 64; i++) {
      block.writeUInt32LE(i);
      appendFileSync(path, block);
      hash.update(block);
    }
    const script = fileURLToPath(new URL("./testing/s3-memory.ts", import.meta.url));
    const server = JSON.stringify({ endpoint: gw.endpoint, region: gw.region, accessKeyId: gw.accessKeyId, secretAccessKey: gw.secretAccessKey });
    const started = performance.now();
    const { stdout } = await promisify(execFile)(process.execPath, ["--max-old-space-size=64", script, server, path, String(512 * MIB)], { encoding: "utf8" });
    const found = JSON.parse(stdout) as { before: number; up: number; down: number; sha256: string };
    rmSync(path);
    console.log(`512 MiB up and down: ${((performance.now() - started) / 1000).toFixed(1)} s, RSS ${found.before.toFixed(0)} MiB before, at most +${(found.up - found.before).toFixed(0)} up, +${(found.down - found.before).toFixed(0)} down`);
    expect(found.sha256).toBe(hash.digest("hex"));
    // four parts of 8 MiB are under way at a time; the rest is the collector's slack
    expect(Math.max(found.up, found.down) - found.before).toBeLessThan(96);
  });

  test("that are shorter than said are an error, and nothing is written", async () => {
    const path = join(folder, "short");
    writeFileSync(path, randomBytes(12 * MIB));
    await expect(store.put("short", { kind: "file", path, size: 20 * MIB })).rejects.toSatisfy(code("MLS3003"));
    await expect(store.put("short", { kind: "file", path: join(folder, "none"), size: 20 })).rejects.toSatisfy(code("MLS3003"));
    expect([await store.stat("short"), await pendingUploads(client, "store")]).toEqual([undefined, 0]);
  });

  test("whose writing is aborted leave no upload", async () => {
    const path = join(folder, "aborted");
    writeFileSync(path, randomBytes(64 * MIB));
    for (const ms of [0, 1, 2, 4, 8, 12, 60, 150]) {
      const signal = AbortSignal.timeout(ms);
      await expect(store.put(`aborted/${ms}`, { kind: "file", path, size: 64 * MIB }, { signal })).rejects.toSatisfy((e) => signal.aborted && e === signal.reason);
      expect([await store.stat(`aborted/${ms}`), await pendingUploads(client, "store")]).toEqual([undefined, 0]);
    }
  });
});
