import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ArtifactStore } from "@mlstack/core";

/** A store under test. Everything that a case writes lies under keys of its own, which are removed afterwards; nothing else is. */
export interface ArtifactStoreSubject {
  /** Opens the store: each time another object for the same place, as another process has it. */
  open(): Promise<ArtifactStore>;
  /** Size from which the store sends an object in parts, in bytes; 9 MiB by default. Cases write one that is half as large again. */
  readonly partsFrom?: number | undefined;
  /** Longest that the service's clock may stand still, in milliseconds: some count in seconds. 10,000 by default. */
  readonly clockMs?: number | undefined;
  /** The same store where there is no such place, such as a bucket that nobody has made. */
  openMissing?(): Promise<ArtifactStore>;
  /** The same store with credentials that the service does not take. */
  openDenied?(): Promise<ArtifactStore>;
  /** The same store at an address where nothing answers. */
  openUnreachable?(): Promise<ArtifactStore>;
  /** Objects that mlstack did not write, for stores that have `external`. */
  readonly external?: ExternalPlace | undefined;
}

/** A place in the store's service that is not the store's. */
export interface ExternalPlace {
  /** The URI of a folder that is for tests, with `/` at its end. */
  readonly folder: string;
  /** By the vendor's own tools. */
  put(uri: string, bytes: Uint8Array): Promise<void>;
  /** By the vendor's own tools; what is not there is no error. */
  remove(uri: string): Promise<void>;
  /** URIs of the scheme that are of another form, such as `s3://`. */
  readonly malformed: readonly string[];
}

export interface ArtifactStoreContext {
  readonly subject: ArtifactStoreSubject;
  readonly store: ArtifactStore;
  /** Another object for the same store; disposed of after the case. */
  open(): Promise<ArtifactStore>;
  /** Begins every key of the case; with `/` at its end. */
  readonly prefix: string;
  /** An empty folder of this machine, removed after the case. */
  readonly folder: string;
  /** Of an object that is sent in parts, in bytes. */
  readonly largeSize: number;
}

export async function withinStore<T>(subject: ArtifactStoreSubject, id: string, use: (context: ArtifactStoreContext) => Promise<T>): Promise<T> {
  const opened: ArtifactStore[] = [];
  const open = async (): Promise<ArtifactStore> => { const store = await subject.open(); opened.push(store); return store; };
  const prefix = `conformance-${randomUUID()}/${id}/`;
  const folder = await mkdtemp(join(tmpdir(), "mlstack-conformance-"));
  try {
    return await use({ subject, store: await open(), open, prefix, folder, largeSize: Math.ceil((subject.partsFrom ?? 9 * 2 ** 20) * 1.5) });
  } finally {
    await clear(subject, prefix).catch(() => undefined);
    for (const store of opened) await store.dispose?.();
    await rm(folder, { recursive: true, force: true });
  }
}

async function clear(subject: ArtifactStoreSubject, prefix: string): Promise<void> {
  const store = await subject.open();
  try {
    const keys: string[] = [];
    for await (const { key } of store.list(prefix)) if (key.startsWith(prefix)) keys.push(key);
    if (store.deleteMany !== undefined && keys.length > 1) await store.deleteMany(keys);
    else for (const key of keys) await store.delete(key);
  } finally { await store.dispose?.(); }
}
