import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ArtifactStore, ObjectBody, ObjectStat, PutSource } from "@mlstack/core";
import type { ConformanceCase } from "../suite.ts";
import type { ArtifactStoreContext } from "./subject.ts";

export type StoreNeed = "createIfAbsent" | "deleteIfVersion" | "touch" | "deleteMany" | "localPath" | "check" | "external" | "missing" | "denied" | "unreachable";
export type StoreCase = ConformanceCase<ArtifactStoreContext, StoreNeed>;

export const bytesOf = (value: string | Uint8Array): PutSource => ({ kind: "bytes", bytes: typeof value === "string" ? Buffer.from(value) : value });

/** A file with these bytes. */
export async function fileOf(folder: string, name: string, bytes: Uint8Array): Promise<PutSource & { readonly kind: "file" }> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return { kind: "file", path, size: bytes.byteLength };
}

/** Bytes in which every piece differs. */
export const noise = (size: number): Buffer => randomBytes(size);

/** Large buffers are compared as such: a difference of megabytes is of no use on a screen. */
export function assertSame(found: Uint8Array, wanted: Uint8Array | string, what: string): void {
  const expected = Buffer.from(wanted as Uint8Array);
  if (expected.equals(found)) return;
  const at = expected.findIndex((byte, n) => found[n] !== byte);
  assert.fail(`${what}: other bytes came back: ${found.byteLength} of ${expected.byteLength}, the first that differs is number ${at < 0 ? expected.byteLength : at}`);
}

export async function streamed(body: ObjectBody): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
}

export async function listed(store: ArtifactStore, prefix: string): Promise<ObjectStat[]> {
  const all: ObjectStat[] = [];
  for await (const one of store.list(prefix)) all.push(one);
  return all.sort((a, b) => (a.key < b.key ? -1 : 1));
}

export const keysOf = async (store: ArtifactStore, prefix: string): Promise<string[]> => (await listed(store, prefix)).map(({ key }) => key);

/** The object's bytes, read both ways, which have to be of the announced size. */
export async function read(store: ArtifactStore, key: string, range?: { readonly offset: number; readonly length: number }): Promise<Buffer> {
  const first = await store.get(key, { range });
  const whole = Buffer.from(await first.bytes());
  assert.equal(first.size, whole.byteLength, `the body of ${key} says that it has ${first.size} bytes`);
  const second = await store.get(key, { range });
  assertSame(await streamed(second), whole, `${key}, read as a stream`);
  assert.equal(second.size, whole.byteLength);
  return whole;
}
