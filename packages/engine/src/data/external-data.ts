import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { MlstackError, type ArtifactStore, type DataHandle, type DataKind, type DataPointer, type ExternalReader, type ExternalStat } from "@mlstack/core";
import { dataName } from "./data-name.ts";
import type { DigestIndex, OpenData, ResolvedData } from "./data-resolver.ts";
import { hashedStream } from "./hashed-stream.ts";
import { changing, folderDigest, folderStream } from "./local-data.ts";
import { sharedCopy, type Copy } from "./shared-copy.ts";

interface Surroundings {
  store(): Promise<ArtifactStore>;
  readonly index: DigestIndex;
  readonly scratch: string;
}

/**
 * Data behind a URI that the stack's artifact store reads. What the service calls the object's version tells that it is unchanged; its
 * SHA-256 is computed when a version is first seen, and remembered.
 *
 * @throws MLS3010
 */
export async function externalData(kind: DataKind, uri: string, scheme: string, { store, index, scratch }: Surroundings): Promise<ResolvedData> {
  const reader = await readerOf(scheme, uri, store);
  const name = dataName("", uri);
  const one = kind === "dir" || uri.endsWith("/") ? undefined : await reader.stat(uri);
  if (one !== undefined) {
    const digest = await digestOf(reader, one, index);
    const pointer: DataPointer = { kind, uri, name, digest, size: one.size, version: one.version };
    return externalObject(pointer, reader, scratch);
  }
  if (kind === "file") throw nothing("object", uri);
  const parts: { part: string; digest: string; size: number; stat: ExternalStat }[] = [];
  const base = uri.endsWith("/") ? uri : `${uri}/`;
  for await (const stat of reader.list(base)) {
    const part = stat.uri.slice(base.length).normalize("NFC");
    // the mark of a folder, as consoles make them
    if (stat.size === 0 && /(?:^|\/)$/.test(part)) continue;
    // a name becomes a path on this machine: it must not lead out of the folder
    if (part.includes("\\") || part.split("/").some((s) => s === "" || s === "." || s === "..")) throw new MlstackError("MLS3010", `${JSON.stringify(uri)} holds an object whose name is no file's name: ${JSON.stringify(stat.uri)}`, { fix: "rename or remove the object, or name a folder without it" });
    parts.push({ part, digest: await digestOf(reader, stat, index), size: stat.size, stat });
  }
  if (parts.length === 0) throw nothing(kind === "dir" ? "folder" : "object or folder", uri);
  const { digest, size } = folderDigest(parts.map((p) => ({ ...p, name: p.part })));
  const pointer: DataPointer = { kind, uri, name, digest, size };
  return externalFolder(pointer, parts, reader, scratch);
}

/** What a step that runs elsewhere is given for data that it reads from the service itself. */
export async function externalDataOf(pointer: DataPointer, { store, index, scratch }: Surroundings): Promise<ResolvedData> {
  const scheme = pointer.uri.slice(0, pointer.uri.indexOf(":")).toLowerCase();
  if (pointer.version !== undefined) return externalObject(pointer, await readerOf(scheme, pointer.uri, store), scratch);
  const found = await externalData(pointer.kind, pointer.uri, scheme, { store, index, scratch });
  if (found.pointer.digest !== pointer.digest) throw changing(pointer.uri);
  return found;
}

async function readerOf(scheme: string, uri: string, store: Surroundings["store"]): Promise<ExternalReader> {
  const { external } = await store();
  if (external?.schemes.includes(scheme) === true) return external;
  throw noReader(uri, scheme, external);
}

/** The error for a URI that the stack's store can't read. */
export function noReader(uri: string, scheme: string, external: ExternalReader | undefined): MlstackError {
  return new MlstackError("MLS3010", `nothing in the active stack reads ${scheme}:// (${JSON.stringify(uri)})`, {
    why: external === undefined ? "its artifact store reads no URIs" : `its artifact store reads ${external.schemes.map((s) => `${s}://`).join(", ")}`, fix: "switch to a stack whose store reads it, or give a local path",
  });
}

function nothing(what: string, uri: string): MlstackError {
  return new MlstackError("MLS3010", `there is no ${what} ${JSON.stringify(uri)}`, { fix: "correct the URI" });
}

async function digestOf(reader: ExternalReader, stat: ExternalStat, index: DigestIndex): Promise<string> {
  const signature = `${stat.size}:${stat.version}`;
  const known = index.get(stat.uri, signature);
  if (known !== undefined) return known;
  const hash = createHash("sha256");
  for await (const chunk of await reader.get(stat.uri, stat.version)) hash.update(chunk);
  const sha256 = hash.digest("hex");
  index.set(stat.uri, signature, sha256);
  return sha256;
}

function externalObject(pointer: DataPointer, reader: ExternalReader, scratch: string): ResolvedData {
  const { uri, name, digest, size, version = "" } = pointer;
  const copy = sharedCopy(() => fetchTo(join(scratch, randomUUID(), name), uri, version, reader, digest));
  // the version that is asked for is the one that the digest was made of; to be sure of it costs a hash
  async function* stream() { yield* hashedStream(await reader.get(uri, version), digest, () => changing(uri)); }
  return { pointer, open: () => opened(copy, (path) => ({ uri, name, digest, size, path, stream })) };
}

function externalFolder(pointer: DataPointer, parts: readonly { readonly part: string; readonly digest: string; readonly stat: ExternalStat }[], reader: ExternalReader, scratch: string): ResolvedData {
  const { uri, name, digest, size } = pointer;
  const copy = sharedCopy(async () => {
    const folder = join(scratch, randomUUID(), name);
    for (const { part, digest: of, stat } of parts) await fetchTo(join(folder, part), stat.uri, stat.version, reader, of);
    return folder;
  });
  return { pointer, open: () => opened(copy, (path) => ({ uri, name, digest, size, path, stream: () => { throw folderStream(uri); } })) };
}

function opened(copy: () => Promise<Copy>, make: (path: () => Promise<string>) => DataHandle): OpenData {
  const given: Copy[] = [];
  const path = async () => {
    const found = await copy();
    given.push(found);
    return found.path;
  };
  return { handle: make(path), changed: async () => !given.every((c) => c.isWhole()) };
}

async function fetchTo(to: string, uri: string, version: string, reader: ExternalReader, digest: string): Promise<string> {
  await mkdir(dirname(to), { recursive: true });
  const hash = createHash("sha256");
  const partial = `${to}.partial`;
  const body = await reader.get(uri, version);
  try {
    await pipeline(body, async function* (source: AsyncIterable<Uint8Array>) { for await (const chunk of source) { hash.update(chunk); yield chunk; } }, createWriteStream(partial, { mode: 0o444 }));
    if (hash.digest("hex") !== digest) throw changing(uri);
  } catch (e) { await rm(partial, { force: true }); throw e; } finally { await body.close(); }
  await rename(partial, to);
  return to;
}
