import { rmSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isObjectKey, MlstackError, type ArtifactStore, type ErrorCode, type ExternalReader, type ObjectBody, type ObjectStat, type PutSource } from "@mlstack/core";
import type { ArtifactStoreSubject } from "@mlstack/testkit/conformance";
import { bodyOf, bytesOf, failingStore } from "./stores.ts";

/** A store that breaks one promise, and the cases that must see it. */
export interface BadStore {
  readonly fault: string;
  readonly killers: readonly string[];
  /** What it is made from: `full` has what a folder has not. */
  readonly base: "local" | "full";
  /** What differs. */
  bad(store: ArtifactStore): Partial<ArtifactStore>;
  readonly subject?: Partial<ArtifactStoreSubject>;
  readonly limitMs?: number;
}

const fail = (code: ErrorCode): never => { throw new MlstackError(code, "as it should not be"); };
const sizeOf = (source: PutSource): number => (source.kind === "bytes" ? source.bytes.byteLength : source.size);
const isLarge = (source: PutSource): boolean => sizeOf(source) > 2 ** 20;
const exists = async (store: ArtifactStore, key: string): Promise<boolean> => (await store.stat(key)) !== undefined;
const outside = (store: ArtifactStore, bad: (reader: ExternalReader) => Partial<ExternalReader>): Partial<ArtifactStore> => ({ external: { ...store.external!, ...bad(store.external!) } });
/** Each item as it is changed; what becomes undefined is left out. */
async function* through(all: AsyncIterable<ObjectStat>, change: (one: ObjectStat, n: number) => ObjectStat | undefined): AsyncIterable<ObjectStat> {
  let n = 0;
  for await (const one of all) { const changed = change(one, n++); if (changed !== undefined) yield changed; }
}
const mapped = (body: ObjectBody, change: (bytes: Uint8Array) => Uint8Array): ObjectBody => ({ ...body, bytes: async () => change(await body.bytes()), async *[Symbol.asyncIterator]() { for await (const chunk of body) yield change(chunk); } });

const local = (fault: string, killers: string, bad: BadStore["bad"], more: Partial<BadStore> = {}): BadStore => ({ fault, killers: killers.split(" "), base: "local", bad, ...more });
const full = (fault: string, killers: string, bad: BadStore["bad"], more: Partial<BadStore> = {}): BadStore => ({ ...local(fault, killers, bad, more), base: "full" });

const calls: readonly BadStore[] = [
  local("implements another contract", "contract", () => ({ contract: "artifact_store@2" as "artifact_store@1" })),
  local("has a check that fails where all is well", "check", () => ({ check: async () => [{ name: "x", ok: false, message: "no" }] })),
  local("leaves what its check wrote", "check", (s) => ({ check: async () => { for await (const { key } of s.list("")) { await s.put(`${key}-checked`, bytesOf("x")); break; } return [{ name: "x", ok: true, message: "yes" }]; } })),
  local("empties the place when it is disposed of", "dispose", (s) => ({ dispose: async () => { for await (const { key } of s.list("")) await s.delete(key); } })),
  local("puts in spite of a signal", "abort.before", (s) => ({ put: async (key, source) => s.put(key, source) })),
  local("opens in spite of a signal", "abort.before", (s) => ({ get: async (key) => s.get(key) })),
  local("looks in spite of a signal", "abort.before", (s) => ({ stat: async (key) => s.stat(key) })),
  local("lists in spite of a signal", "abort.before", (s) => ({ list: (prefix) => s.list(prefix) })),
  local("removes in spite of a signal", "abort.before", (s) => ({ delete: async (key) => s.delete(key) })),
  local("touches in spite of a signal", "abort.before", (s) => ({ touch: async (key) => s.touch!(key) })),
  local("rejects with an error of its own where it was aborted", "abort.before", (s) => ({ stat: async (key, o) => (o?.signal?.aborted === true ? fail("MLS3003") : s.stat(key)) })),
  local("leaves half an object where it was aborted", "abort.put", (s) => ({ put: async (key, source, o) => { if (isLarge(source)) { await s.put(key, bytesOf("half")); await sleep(50); } await s.put(key, source, o); } })),
  local("reads on in spite of a signal", "abort.body", (s) => ({ get: async (key, o) => s.get(key, { ...o, signal: undefined }) })),
  full("takes a missing bucket for one without objects", "fails.missing", () => ({}), { subject: { openMissing: async () => ({ ...failingStore("MLS3003"), stat: async () => undefined }) } }),
  full("lists nothing where it may not", "fails.denied", () => ({}), { subject: { openDenied: async () => ({ ...failingStore("MLS6002"), async *list() { /* nothing */ } }) } }),
  full("takes a service that is gone for one that refuses", "fails.unreachable", () => ({}), { subject: { openUnreachable: async () => failingStore("MLS3003") } }),
  full("finds all well where nothing answers", "fails.unreachable", () => ({}), { subject: { openUnreachable: async () => ({ ...failingStore("MLS6001"), check: async () => [{ name: "reach", ok: true, message: "yes" }] }) } }),
];

const keys: readonly BadStore[] = [
  local("lists keys in lower case", "keys.legal", (s) => ({ list: (prefix, o) => through(s.list(prefix, o), (one) => ({ ...one, key: one.key.toLowerCase() })) })),
  local("takes + for a space", "keys.legal", (s) => ({ put: async (key, source, o) => s.put(key.replaceAll("+", "_"), source, o) })),
  local("looks up what is no key", "keys.illegal", (s) => ({ stat: async (key, o) => (isObjectKey(key) ? s.stat(key, o) : undefined) })),
  local("lists a whole folder for a prefix that ends within", "list.prefix", (s) => ({ list: (prefix, o) => s.list(prefix.slice(0, prefix.lastIndexOf("/") + 1), o) })),
  local("lists below a folder only", "list.prefix", (s) => ({ list: (prefix, o) => s.list(prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`, o) })),
  local("ends a listing after the first page", "list.many", (s) => ({ list: (prefix, o) => through(s.list(prefix, o), (one, n) => (n < 1000 ? one : undefined)) })),
  local("begins every page with the last object of the one before", "list.many", (s) => ({ async *list(prefix, o) { let n = 0; for await (const one of s.list(prefix, o)) { yield one; if (++n % 1000 === 0) yield one; } } })),
  local("lists what is being written", "list.while-writing", (s) => ({ put: async (key, source, o) => { if (isLarge(source)) { await s.put(`${key}.part`, source); await sleep(50); await s.delete(`${key}.part`); } await s.put(key, source, o); } })),
];

const puts: readonly BadStore[] = [
  local("keeps seven bits of a byte", "put.round-trip", (s) => ({ get: async (key, o) => mapped(await s.get(key, o), (bytes) => bytes.map((one) => one & 0x7f)) })),
  local("refuses what is empty", "put.empty", (s) => ({ put: async (key, source, o) => (sizeOf(source) === 0 ? fail("MLS3003") : s.put(key, source, o)) })),
  local("leaves what is there in place", "put.again", (s) => ({ put: async (key, source, o) => { if (o?.ifAbsent === true || !(await exists(s, key))) await s.put(key, source, o); } })),
  local("keeps the caller's own bytes", "put.own-copy", (s) => { const kept = new Map<string, Uint8Array>(); return { put: async (key, source) => { if (source.kind === "bytes") kept.set(key, source.bytes); }, get: async (key, o) => (kept.has(key) ? bodyOf(kept.get(key)!) : s.get(key, o)) }; }),
  local("moves a file that it may not move", "put.file", (s) => ({ put: async (key, source, o) => { await s.put(key, source, o); if (source.kind === "file") rmSync(source.path); } })),
  local("loses what it moves", "put.file-may-move", (s) => ({ put: async (key, source, o) => s.put(key, source.kind === "file" && source.mayMove === true ? bytesOf("") : source, o) })),
  local("joins parts in another order", "put.large", (s) => ({ put: async (key, source, o) => s.put(key, source.kind === "bytes" && isLarge(source) ? bytesOf(Buffer.concat([source.bytes.subarray(source.bytes.byteLength / 2), source.bytes.subarray(0, source.bytes.byteLength / 2)])) : source, o) })),
  local("gives an object the time of its file", "put.modified-at", (s) => { const times = new Map<string, Date>(); return { put: async (key, source, o) => { if (source.kind === "file") times.set(key, statSync(source.path).mtime); await s.put(key, source, o); }, stat: async (key, o) => { const one = await s.stat(key, o); return one && { ...one, modifiedAt: times.get(key) ?? one.modifiedAt }; } }; }),
  local("writes what is left of a file", "put.file-cut-short", (s) => ({ put: async (key, source, o) => s.put(key, source.kind === "file" ? { ...source, size: 0 } : source, o) })),
  local("writes in two goes", "put.all-or-nothing", (s) => ({ put: async (key, source, o) => { if (source.kind === "bytes" && isLarge(source)) { await s.put(key, bytesOf(source.bytes.subarray(10))); await sleep(20); } await s.put(key, source, o); } })),
  local("mixes up the keys of writers", "put.concurrent-keys", (s) => { let last = ""; return { put: async (key, source, o) => { last = key; await sleep(0); await s.put(last, source, o); } }; }),
  local("takes more requests than it has connections for a service that does not serve", "put.concurrent-keys", (s) => { let free = 50; return { put: async (key, source, o) => { if (free <= 0) fail("MLS6001"); free--; try { await s.put(key, source, o); } finally { free++; } } }; }),
  local("does not keep to ifAbsent", "put.if-absent put.if-absent-large", (s) => ({ put: async (key, source) => s.put(key, source) })),
  local("takes equal bytes for its own", "put.if-absent", (s) => ({ put: async (key, source, o) => { if (o?.ifAbsent === true && source.kind === "bytes" && (await exists(s, key)) && Buffer.from(await (await s.get(key)).bytes()).equals(source.bytes)) return; await s.put(key, source, o); } })),
  local("does not keep to ifAbsent where it sends parts", "put.if-absent-large", (s) => ({ put: async (key, source, o) => s.put(key, source, isLarge(source) ? {} : o) })),
  local("asks before it creates", "put.if-absent-race", (s) => ({ put: async (key, source, o) => { if (o?.ifAbsent === true && (await exists(s, key))) fail("MLS3012"); await sleep(1); await s.put(key, source); } })),
];

const reads: readonly BadStore[] = [
  local("takes the length of a part for its end", "get.range", (s) => ({ get: async (key, o) => s.get(key, o?.range === undefined ? o : { ...o, range: { ...o.range, length: o.range.length + 1 } }) })),
  local("takes what is missing for empty", "get.missing", (s) => ({ get: async (key, o) => ((await exists(s, key)) ? s.get(key, o) : bodyOf(new Uint8Array(0))) })),
  local("takes a folder for an object", "get.folder", (s) => ({ stat: async (key, o) => { const one = await s.stat(key, o); if (one !== undefined || o !== undefined || !isObjectKey(key)) return one; const found = statSync(s.localPath!(key), { throwIfNoEntry: false }); return found && { key, size: found.size, modifiedAt: found.mtime }; } })),
  local("ends a stream before its last chunk", "get.stream", (s) => ({ get: async (key, o) => { const body = await s.get(key, o); return { ...body, async *[Symbol.asyncIterator]() { let last; for await (const chunk of body) { if (last !== undefined) yield last; last = chunk; } } }; } })),
  local("reads what is there when it is read", "get.overwritten-meanwhile", (s) => ({ get: async (key, o) => { const { size } = await s.get(key, o); const now = async () => (await (await s.get(key)).bytes()).subarray(0, size); return bodyOf(new Uint8Array(size), { bytes: now, async *[Symbol.asyncIterator]() { yield await now(); } }); } })),
  local("rejects when a body is closed twice", "get.close", (s) => ({ get: async (key, o) => { const body = await s.get(key, o); let open = true; return { ...body, [Symbol.asyncIterator]: () => body[Symbol.asyncIterator](), close: async () => { if (!open) fail("MLS3003"); open = false; } }; } })),
  local("keeps the connections of bodies that were not read to their end", "get.close", (s) => { let free = 120; return { get: async (key, o) => { while (free <= 0) await sleep(10, undefined, { ref: false }); free--; return s.get(key, o); } }; }, { limitMs: 2000 }),
  local("keeps the connection of a body whose iteration is left early", "get.close", (s) => { let free = 60; return { get: async (key, o) => { while (free <= 0) await sleep(10, undefined, { ref: false }); free--; const body = await s.get(key, o); let isOpen = true; const release = () => { if (isOpen) free++; isOpen = false; }; return { ...body, close: async () => { release(); await body.close(); }, bytes: async () => { const bytes = await body.bytes(); release(); return bytes; }, async *[Symbol.asyncIterator]() { yield* body; release(); } }; } }; }, { limitMs: 2000 }),
  local("lists no sizes", "stat.object", (s) => ({ list: (prefix, o) => through(s.list(prefix, o), (one) => ({ ...one, size: 0 })) })),
  full("lists no versions", "stat.object", (s) => ({ list: (prefix, o) => through(s.list(prefix, o), (one) => ({ ...one, version: undefined })) })),
  local("takes what is missing for empty when it looks", "stat.missing", (s) => ({ stat: async (key, o) => (await s.stat(key, o)) ?? { key, size: 0, modifiedAt: new Date() } })),
  local("gives another object's path", "local-path", () => ({ localPath: () => "/dev/null" })),
];

const deletions: readonly BadStore[] = [
  local("removes nothing", "delete.object", () => ({ delete: async () => undefined })),
  local("removes what begins with the key", "delete.object", (s) => ({ delete: async (key, o) => { for await (const one of s.list(key)) await s.delete(one.key, o); } })),
  local("refuses to remove what is not there", "delete.missing", (s) => ({ delete: async (key, o) => ((await exists(s, key)) ? s.delete(key, o) : fail("MLS3001")) })),
  full("removes any version", "delete.if-version delete.if-version-refused", (s) => ({ delete: async (key, o) => s.delete(key, { ...o, ifVersion: undefined }) })),
  full("gives equal bytes one version", "delete.if-version", (s) => ({ stat: async (key, o) => { const one = await s.stat(key, o); return one && { ...one, version: Buffer.from(await (await s.get(key)).bytes()).toString("base64") }; } })),
  local("does not hear of ifVersion", "delete.if-version-refused", (s) => ({ delete: async (key, o) => s.delete(key, { ...o, ifVersion: undefined }) })),
  full("removes the first ten of many", "delete-many", (s) => ({ deleteMany: async (all) => { for (const key of all.slice(0, 10)) await s.delete(key); return []; } })),
  full("says of what was not there that it still is", "delete-many", (s) => ({ deleteMany: async (all) => { const left = []; for (const key of all) { if (await exists(s, key)) await s.delete(key); else left.push({ key, reason: "not there" }); } return left; } })),
  full("removes a thousand at most", "list.many", (s) => ({ deleteMany: async (all, o) => s.deleteMany!(all.slice(0, 1000), o) })),
  local("leaves the time of what it touches", "touch.object", () => ({ touch: async () => undefined }), { subject: { clockMs: 300 } }),
  local("empties what it touches", "touch.object", (s) => ({ touch: async (key) => s.put(key, bytesOf("")) })),
  local("makes what it touches", "touch.missing", (s) => ({ touch: async (key, o) => ((await exists(s, key)) ? s.touch!(key, o) : s.put(key, bytesOf(""))) })),
];

const externals: readonly BadStore[] = [
  full("has schemes with a colon", "external.read", (s) => outside(s, () => ({ schemes: ["test://"] }))),
  full("reads the whole instead of a part", "external.read", (s) => outside(s, (r) => ({ get: async (uri, version, o) => r.get(uri, version, { ...o, range: undefined }) }))),
  full("refuses what is missing", "external.missing", (s) => outside(s, (r) => ({ stat: async (uri, o) => (await r.stat(uri, o)) ?? fail("MLS3010") }))),
  full("takes a URI of another form for a missing object", "external.missing", (s) => outside(s, (r) => ({ stat: async (uri, o) => (uri.startsWith("test://place/") ? r.stat(uri, o) : undefined) }))),
  full("makes versions of sizes", "external.version", (s) => outside(s, (r) => ({ stat: async (uri, o) => { const one = await r.stat(uri, o); return one && { ...one, version: String(one.size) }; } }))),
  full("reads the newest version", "external.version", (s) => outside(s, (r) => ({ get: async (uri, _, o) => r.get(uri, (await r.stat(uri))!.version, o) }))),
  full("lists what begins like the folder", "external.list", (s) => outside(s, (r) => ({ async *list(uri, o) { const at = uri.replace(/\/$/, ""); for await (const one of r.list(at.slice(0, at.lastIndexOf("/")), o)) if (one.uri.startsWith(at)) yield one; } }))),
  full("reads outside in spite of a signal", "external.abort", (s) => outside(s, (r) => ({ stat: async (uri) => r.stat(uri) }))),
];

export const badStores: readonly BadStore[] = [...calls, ...keys, ...puts, ...reads, ...deletions, ...externals];
