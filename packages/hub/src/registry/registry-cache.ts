import { createHash } from "node:crypto";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { integrityProblem } from "../digest/integrity.ts";
import { writeFileAtomic } from "../files/write-file-atomic.ts";
import type { PackageDocument } from "./registry.ts";

/** A registry's description of a package, as it was when it was fetched. */
export interface CachedDocument {
  /** By which the registry tells whether it has changed. */
  readonly etag: string | undefined;
  readonly document: PackageDocument;
}

/**
 * What registries have answered: descriptions by registry and name (what one registry says is never another one's answer), tarballs by their
 * digest. Several processes may use one folder. What can't be read is not there; what can't be written is not kept.
 */
export interface RegistryCache {
  /** @param identity of the registry, as `Registry.identityOf` gives it */
  document(identity: string, name: string): Promise<CachedDocument | undefined>;
  putDocument(identity: string, cached: CachedDocument): Promise<void>;
  /** All of one registry, by name. */
  documents(identity: string): Promise<readonly PackageDocument[]>;
  /** Bytes that have this integrity; damaged ones are not there. */
  tarball(integrity: string): Promise<Uint8Array | undefined>;
  putTarball(integrity: string, bytes: Uint8Array): Promise<void>;
}

const FORMAT = "v1";

/** @param dir is made when something is put into it */
export function registryCache(dir: string): RegistryCache {
  const hex = (text: string): string => createHash("sha256").update(text).digest("hex");
  const folderOf = (identity: string): string => join(dir, FORMAT, "documents", hex(identity).slice(0, 32));
  const documentPath = (identity: string, name: string): string => join(folderOf(identity), `${hex(name)}.json`);
  const tarballPath = (integrity: string): string => join(dir, FORMAT, "tarballs", `${hex(integrity)}.tgz`);

  async function put(path: string, data: string | Uint8Array): Promise<void> {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFileAtomic(path, data, { durable: false });
    } catch { /* a cache that is full or read-only saves no time */ }
  }

  async function cachedAt(path: string): Promise<CachedDocument | undefined> {
    try {
      const cached = JSON.parse(await readFile(path, "utf8")) as CachedDocument;
      return typeof cached.document.name === "string" && Array.isArray(cached.document.versions) ? cached : undefined;
    } catch { return undefined; }
  }

  return {
    async document(identity, name) {
      const cached = await cachedAt(documentPath(identity, name));
      return cached?.document.name === name ? cached : undefined;
    },
    putDocument: (identity, cached) => put(documentPath(identity, cached.document.name), JSON.stringify(cached)),
    async documents(identity) {
      const names = await readdir(folderOf(identity)).catch(() => []);
      const all = await Promise.all(names.filter((file) => /^[0-9a-f]{64}\.json$/.test(file)).map((file) => cachedAt(join(folderOf(identity), file))));
      return all.filter((each) => each !== undefined).map(({ document }) => document).sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async tarball(integrity) {
      const bytes = await readFile(tarballPath(integrity)).catch(() => undefined);
      return bytes === undefined || integrityProblem(bytes, integrity) !== undefined ? undefined : bytes;
    },
    putTarball: (integrity, bytes) => put(tarballPath(integrity), bytes),
  };
}
