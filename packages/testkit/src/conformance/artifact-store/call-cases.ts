import assert from "node:assert/strict";
import type { ArtifactStore, ErrorCode } from "@mlstack/core";
import { refused } from "../refused.ts";
import { assertSame, bytesOf, fileOf, keysOf, noise, read, type StoreCase } from "./tools.ts";

const ABORT = "Aborts the call; the component stops what it does and rejects with the signal's reason. An aborted call ends within seconds";
/** What an aborted call may take, in milliseconds: the contract says seconds, of a machine that does other things as well. */
const SECONDS = 20_000;

type Call = readonly [name: string, call: (store: ArtifactStore, key: string, signal?: AbortSignal) => Promise<unknown>];

const calls: readonly Call[] = [
  ["put", async (s, key, signal) => s.put(key, bytesOf("x"), { signal })],
  ["get", async (s, key, signal) => s.get(key, { signal })],
  ["stat", async (s, key, signal) => s.stat(key, { signal })],
  ["list", async (s, key, signal) => { for await (const one of s.list(key, { signal })) assert.ok(one.key.startsWith(key)); }],
  ["delete", async (s, key, signal) => s.delete(key, { signal })],
  ["touch", async (s, key, signal) => s.touch?.(key, { signal })],
  ["deleteMany", async (s, key, signal) => s.deleteMany?.([key], { signal })],
];
const has = (store: ArtifactStore, name: string): boolean => (name !== "touch" && name !== "deleteMany") || store[name] !== undefined;

const failing = (need: "missing" | "denied" | "unreachable", title: string, clause: string, code: ErrorCode, open: (s: StoreContextSubject) => Promise<ArtifactStore>): StoreCase => ({
  id: `fails.${need}`, title, clause, needs: [need],
  async run({ subject, prefix }) {
    const store = await open(subject);
    try {
      for (const [name, call] of calls.filter(([one]) => has(store, one))) {
        // of what can't be removed, `deleteMany` may tell by its list
        if (name === "deleteMany") { const left = await store.deleteMany!([`${prefix}k`]).catch(() => undefined); assert.ok(left === undefined || left.length === 1, "it says that the object is gone"); continue; }
        await refused(async () => call(store, `${prefix}k`), code);
      }
      if (store.check !== undefined) assert.ok((await store.check()).some((one) => !one.ok), "the store's own check finds nothing wrong");
    } finally { await store.dispose?.(); }
  },
});
type StoreContextSubject = Parameters<StoreCase["run"]>[0]["subject"];

export const callCases: readonly StoreCase[] = [
  {
    id: "contract", title: "the store names its contract and capabilities", clause: "contract: \"artifact_store@1\"; capabilities: ArtifactStoreCapabilities. The checksum that protects bytes on the wire, or `none` where they do not travel",
    async run({ store }) {
      assert.equal(store.contract, "artifact_store@1");
      const { createIfAbsent, deleteIfVersion, wireChecksum } = store.capabilities;
      assert.deepEqual([typeof createIfAbsent, typeof deleteIfVersion], ["boolean", "boolean"]);
      assert.ok(["none", "md5", "crc32", "crc32c", "crc64", "sha256"].includes(wireChecksum), wireChecksum);
    },
  },
  {
    id: "check", title: "the check of a store that works finds that it works, and writes nothing that stays", clause: "Looks at reach, permissions and latency. Writes nothing that stays", needs: ["check"],
    async run({ store, prefix }) {
      await store.put(`${prefix}k`, bytesOf("x"));
      const findings = await store.check!();
      assert.ok(findings.length > 0, "it has looked at nothing");
      for (const { name, ok, message } of findings) { assert.ok(ok, `${name}: ${message}`); assert.ok(name !== "" && message !== "", "a finding without words"); }
      assert.deepEqual(await keysOf(store, prefix), [`${prefix}k`]);
    },
  },
  {
    id: "dispose", title: "a store that is disposed of takes nothing from another one of the same place", clause: "Releases connections and files",
    async run({ store, open, prefix }) {
      const other = await open();
      await other.put(`${prefix}k`, bytesOf("x"));
      await other.dispose?.();
      assertSame(await read(store, `${prefix}k`), "x", "the object");
    },
  },
  {
    id: "abort.before", title: "a call whose signal was aborted before does nothing and rejects with the signal's reason", clause: ABORT,
    async run({ store, prefix }) {
      await store.put(`${prefix}k`, bytesOf("as it was"));
      const before = await store.stat(`${prefix}k`);
      for (const [name, call] of calls.filter(([one]) => has(store, one))) {
        const reason = new Error("enough");
        const error: unknown = await call(store, `${prefix}k`, AbortSignal.abort(reason)).then(() => "it resolved", (e: unknown) => e);
        assert.equal(error, reason, `${name}: ${String(error)}`);
      }
      assertSame(await read(store, `${prefix}k`), "as it was", "the object");
      assert.deepEqual(await store.stat(`${prefix}k`), before);
    },
  },
  {
    id: "abort.put", title: "a put that is aborted ends, with the signal's reason, and leaves the old object or has written the new one", clause: `${ABORT}, in which it removes what would cost. All or nothing to readers`,
    async run({ store, prefix, folder, largeSize }) {
      const old = noise(10);
      const bytes = noise(largeSize);
      const source = await fileOf(folder, "f", bytes);
      for (const ms of [0, 1, 3, 10, 30]) {
        const key = `${prefix}${ms}`;
        await store.put(key, bytesOf(old));
        const signal = AbortSignal.timeout(ms);
        const error: unknown = await ending(signal, store.put(key, source, { signal })).then(() => undefined, (e: unknown) => e);
        assert.ok(error === undefined || error === signal.reason, `after ${ms} ms: ${String(error)}`);
        assertSame(await read(store, key), error === undefined ? bytes : old, `the object, aborted after ${ms} ms`);
      }
      assert.deepEqual((await keysOf(store, prefix)).length, 5);
    },
  },
  {
    id: "abort.body", title: "a body whose call is aborted ends with the signal's reason", clause: `${ABORT}. The signal of \`get\` ends the reading, too`,
    async run({ store, prefix, largeSize }) {
      await store.put(`${prefix}k`, bytesOf(noise(largeSize)));
      for (const way of ["before it is read", "while it is read"] as const) {
        const stop = new AbortController();
        const reason = new Error("enough");
        const body = await store.get(`${prefix}k`, { signal: stop.signal });
        if (way === "before it is read") stop.abort(reason);
        const error: unknown = await ending(stop.signal, (async () => {
          for await (const chunk of body) { assert.ok(chunk.byteLength < largeSize, "a large object came in one piece"); stop.abort(reason); }
        })()).then(() => "it was read to its end", (e: unknown) => e);
        assert.equal(error, reason, `${way}: ${String(error)}`);
        await body.close();
      }
    },
  },
  failing("missing", "a place that nobody has made is an error, also for stat", "A missing bucket is an error (MLS3003)", "MLS3003", (s) => s.openMissing!()),
  failing("denied", "credentials that are not taken are MLS6002 by every method", "MLS6002 when the credentials do not allow it", "MLS6002", (s) => s.openDenied!()),
  failing("unreachable", "a service that can't be reached is MLS6001 by every method", "MLS6001 when the service does not serve at the moment (not reached, no or half an answer)", "MLS6001", (s) => s.openUnreachable!()),
];

/** The call's end, or after what seconds may be at most an error of its own. */
async function ending<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const begin = (): void => { timer = setTimeout(() => { reject(new Error("the aborted call has not ended")); }, SECONDS); };
    if (signal.aborted) begin(); else signal.addEventListener("abort", begin, { once: true });
  });
  try { return await Promise.race([work, late]); } finally { clearTimeout(timer); }
}
