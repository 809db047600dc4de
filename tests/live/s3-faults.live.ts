import { randomBytes } from "node:crypto";
import type { S3Client } from "@aws-sdk/client-s3";
import { MlstackError, type ArtifactStore } from "@mlstack/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FAULTS, startFaultProxy, type FaultProxy } from "./fault-proxy.ts";
import { startVersitygw, type Versitygw } from "./servers/versitygw.ts";
import { keysOf, openStore, pendingUploads, sha256, streamed, vendorClient } from "./testing/s3.ts";

const MIB = 2 ** 20;
const RATE = 0.25;
/** No operation takes longer, in milliseconds: five attempts of two seconds each for every request of it, and the waits between them. */
const HANG = 110_000;

let gw: Versitygw;
let client: S3Client;
let direct: ArtifactStore;
beforeAll(async () => {
  gw = await startVersitygw();
  client = vendorClient(gw);
  await gw.bucket("faults");
  direct = await openStore(gw, { bucket: "faults" });
});
afterAll(async () => {
  await direct.dispose?.();
  client.destroy();
  await gw.stop();
});

/** What a run of one seed came to. */
interface Run {
  readonly seed: number;
  /** Operation and code, of those that failed. */
  readonly failures: readonly string[];
  readonly operations: number;
  readonly faults: FaultProxy["log"];
  readonly leftUploads: number;
}

/** Reads, writes, creates, lists and deletes through the proxy; then compares what is there, read without it. */
async function run(seed: number): Promise<Run> {
  // A client gives up early only where a fault is that no answer comes: on a busy machine the service may carry out later what its client has
  // given up, and write over what came after it.
  const hangs = seed % 3 === 0;
  const kinds = hangs ? FAULTS : FAULTS.filter((kind) => !kind.startsWith("hang"));
  const proxy = await startFaultProxy({ upstream: gw.endpoint, seed, rate: RATE, kinds, protocol: "s3", retryAfter: 1 });
  const prefix = `run-${seed}`;
  const store = await openStore(gw, { bucket: "faults", prefix, endpoint: proxy.url, partSizeMib: 5, idleTimeoutSeconds: hangs ? 2 : 60, connectTimeoutSeconds: 10 });
  const failures: string[] = [];
  let operations = 0;
  /** Digests that a key may have at the end; "" for no object. More than one after a write that failed: it may have arrived. */
  const allowed = new Map<string, Set<string>>();

  /** Runs one operation; whether it succeeded. A failure must be a clear one. */
  async function attempt(name: string, work: () => Promise<void>): Promise<boolean> {
    operations++;
    let timer: NodeJS.Timeout | undefined;
    const hang = new Promise<never>((_, no) => { timer = setTimeout(() => no(new Error(`seed ${seed}: ${name} hangs`)), HANG); });
    try {
      await Promise.race([work(), hang]);
      return true;
    } catch (e) {
      if (!MlstackError.is(e, "MLS6001")) throw new Error(`seed ${seed}: ${name}: ${String(e)}`, { cause: e });
      failures.push(`${name} ${e.code}`);
      return false;
    } finally { clearTimeout(timer); }
  }
  async function put(key: string, bytes: Buffer, ifAbsent = false): Promise<void> {
    const before = allowed.get(key) ?? new Set([""]);
    const ok = await attempt(`put ${key}`, () => store.put(key, { kind: "bytes", bytes }, { ifAbsent }));
    allowed.set(key, ok ? new Set([sha256(bytes)]) : new Set([...before, sha256(bytes)]));
  }
  const known = (key: string, bytes: Uint8Array): void => { if (allowed.get(key)?.has(sha256(bytes)) !== true) throw new Error(`wrong bytes of ${key}`); };

  try {
    await Promise.all([put("small/1", randomBytes(10)), put("small/2", randomBytes(100_000)), put("empty", Buffer.alloc(0))]);
    await put("large", randomBytes(11 * MIB + seed));
    await put("once/small", randomBytes(500), true);
    await put("once/large", randomBytes(6 * MIB), true);
    await put("small/1", randomBytes(20));
    for (const key of ["small/1", "small/2", "empty", "large", "once/small", "once/large"]) {
      if (allowed.get(key)?.size !== 1) continue;
      // large ones in one way per run: these bytes are most of the time
      if (!key.includes("large") || seed % 2 === 0) await attempt(`get ${key}`, async () => known(key, await (await store.get(key)).bytes()));
      if (!key.includes("large") || seed % 2 === 1) await attempt(`stream ${key}`, async () => known(key, await streamed(await store.get(key))));
    }
    await attempt("range large", async () => {
      const part = await (await store.get("large", { range: { offset: 5 * MIB - 2, length: 1000 } })).bytes();
      const same = await (await direct.get(`${prefix}/large`, { range: { offset: 5 * MIB - 2, length: 1000 } })).bytes();
      if (!Buffer.from(part).equals(same)) throw new Error("wrong bytes in a range");
    }).catch((e: unknown) => { if (allowed.get("large")?.size === 1) throw e; });
    // somebody else's object: the one case in which "exists already" is the truth
    await direct.put(`${prefix}/theirs`, { kind: "bytes", bytes: Buffer.from("theirs") });
    allowed.set("theirs", new Set([sha256(Buffer.from("theirs"))]));
    await attempt("create theirs", async () => {
      await expect(store.put("theirs", { kind: "bytes", bytes: Buffer.from("ours") }, { ifAbsent: true }).catch((e: unknown) => { if (MlstackError.is(e, "MLS3012")) return "exists"; throw e; })).resolves.toBe("exists");
    });
    const there = await keysOf(direct, prefix);
    await attempt("list", async () => { expect(await keysOf(store, "")).toEqual(there.map((key) => key.slice(prefix.length + 1))); });
    if (await attempt("delete", () => store.delete("small/2"))) allowed.set("small/2", new Set([""]));
    else allowed.get("small/2")?.add("");

    for (const [key, digests] of allowed) {
      const found = (await direct.stat(`${prefix}/${key}`)) === undefined ? "" : sha256(await (await direct.get(`${prefix}/${key}`)).bytes());
      if (!digests.has(found)) throw new Error(`seed ${seed}: ${key} has digest ${found || "none"}, expected one of ${[...digests].join(", ")}`);
    }
    return { seed, failures, operations, faults: proxy.log, leftUploads: await pendingUploads(client, "faults", `${prefix}/`) };
  } finally {
    await store.dispose?.();
    await proxy.stop();
  }
}

test.each([0, 25, 50, 75])("seeds from %i: right bytes or a clear error, whatever happens on the way", async (first) => {
  const seeds = Array.from({ length: 25 }, (_, i) => first + i);
  const runs: Run[] = [];
  const worker = async (): Promise<void> => { for (let seed; (seed = seeds.shift()) !== undefined;) runs.push(await run(seed)); };
  const started = performance.now();
  await Promise.all(Array.from({ length: 8 }, worker));
  const clean = runs.filter((r) => r.failures.length === 0);
  const count = (all: readonly string[]): string => [...new Set(all)].sort().map((x) => `${x} ${all.filter((y) => y === x).length}`).join(", ");
  const faults = runs.flatMap((r) => r.faults.map((f) => f.kind));
  console.log(`seeds ${first} to ${first + 24}: ${clean.length} runs without an error, ${runs.length - clean.length} with; `
    + `${runs.reduce((n, r) => n + r.operations, 0)} operations, failed: ${count(runs.flatMap((r) => r.failures.map((f) => f.slice(-7)))) || "none"}; `
    + `${faults.length} faults (${count(faults)}); ${((performance.now() - started) / 1000).toFixed(0)} s`);
  expect(runs).toHaveLength(25);
  expect(new Set(faults).size).toBe(FAULTS.length);
  // after a failure an upload may stay: giving it up can fail, too
  expect(clean.filter((r) => r.leftUploads > 0).map((r) => r.seed)).toEqual([]);
  // the retries are worth something: without them every third run would fail
  expect(clean.length).toBeGreaterThan(20);
});
