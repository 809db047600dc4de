import { createHash } from "node:crypto";
import { access, mkdir, readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { integrityProblem } from "../digest/integrity.ts";
import { writeFileAtomic } from "../files/write-file-atomic.ts";
import { parsePackument, type Packument } from "./packument.ts";
import type { PackageDocument } from "./registry.ts";

/** A registry's description of a package, as it was when it was fetched. */
export interface CachedDocument {
  /** By which the registry tells whether it has changed. */
  readonly etag: string | undefined;
  readonly document: PackageDocument;
}

/**
 * What registries have answered: descriptions by registry and name (what one registry says is never another one's answer), tarballs by their
 * digest. Several processes may use one folder. What can't be read is not there. What is `put` saves time, and is not kept where it can't be written;
 * what is `add`ed is needed, and the file system's error is thrown.
 */
export interface RegistryCache {
  /** @param identity of the registry, as `Registry.identityOf` gives it */
  document(identity: string, name: string): Promise<CachedDocument | undefined>;
  putDocument(identity: string, cached: CachedDocument): Promise<void>;
  addDocument(identity: string, cached: CachedDocument): Promise<void>;
  /** All of one registry, by name. */
  documents(identity: string): Promise<readonly PackageDocument[]>;
  /** What a bundle has brought of a package. */
  packument(identity: string, name: string): Promise<Packument | undefined>;
  addPackument(identity: string, packument: Packument): Promise<void>;
  /** Names of all packages that bundles have brought, of whatever registry. */
  packumentNames(): Promise<readonly string[]>;
  /** Bytes that have this integrity; damaged ones are not there. */
  tarball(integrity: string): Promise<Uint8Array | undefined>;
  /** Whether there are any; they are not read. */
  hasTarball(integrity: string): Promise<boolean>;
  putTarball(integrity: string, bytes: Uint8Array): Promise<void>;
  addTarball(integrity: string, bytes: Uint8Array): Promise<void>;
}

const FORMAT = "v1";
/** Names of packages may differ in case alone, and lie on disks that don't tell that. */
const PACKUMENT_FILE = /^(.+)\.[0-9a-f]{8}\.json$/;

/** @param dir is made when something is put into it */
export function registryCache(dir: string): RegistryCache {
  const hex = (text: string): string => createHash("sha256").update(text).digest("hex");
  const folderOf = (kind: string, identity: string): string => join(dir, FORMAT, kind, hex(identity).slice(0, 32));
  const documentPath = (identity: string, name: string): string => join(folderOf("documents", identity), `${hex(name)}.json`);
  const packumentPath = (identity: string, name: string): string => join(folderOf("packuments", identity), `${encodeURIComponent(name)}.${hex(name).slice(0, 8)}.json`);
  const tarballPath = (integrity: string): string => join(dir, FORMAT, "tarballs", `${hex(integrity)}.tgz`);

  async function add(path: string, data: string | Uint8Array): Promise<void> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFileAtomic(path, data, { durable: false });
  }
  async function put(path: string, data: string | Uint8Array): Promise<void> {
    try { await add(path, data); } catch { /* a cache that is full or read-only saves no time */ }
  }
  async function jsonAt(path: string): Promise<unknown> {
    try { return JSON.parse(await readFile(path, "utf8")); } catch { return undefined; }
  }
  async function cachedAt(path: string): Promise<CachedDocument | undefined> {
    const cached = await jsonAt(path) as CachedDocument | undefined;
    return typeof cached?.document?.name === "string" && Array.isArray(cached.document.versions) ? cached : undefined;
  }

  return {
    async document(identity, name) {
      const cached = await cachedAt(documentPath(identity, name));
      return cached?.document.name === name ? cached : undefined;
    },
    putDocument: (identity, cached) => put(documentPath(identity, cached.document.name), JSON.stringify(cached)),
    addDocument: (identity, cached) => add(documentPath(identity, cached.document.name), JSON.stringify(cached)),
    async documents(identity) {
      const names = await readdir(folderOf("documents", identity)).catch(() => []);
      const all = await Promise.all(names.filter((file) => /^[0-9a-f]{64}\.json$/.test(file)).map((file) => cachedAt(join(folderOf("documents", identity), file))));
      return all.filter((each) => each !== undefined).map(({ document }) => document).sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    packument: async (identity, name) => parsePackument(await jsonAt(packumentPath(identity, name)), name),
    addPackument: (identity, packument) => add(packumentPath(identity, packument.name), JSON.stringify(packument)),
    async packumentNames() {
      const files = await readdir(join(dir, FORMAT, "packuments"), { recursive: true }).catch(() => []);
      return [...new Set(files.flatMap((file) => { const name = PACKUMENT_FILE.exec(basename(file))?.[1]; return name === undefined ? [] : [decodeURIComponent(name)]; }))].sort();
    },
    async tarball(integrity) {
      const bytes = await readFile(tarballPath(integrity)).catch(() => undefined);
      return bytes === undefined || integrityProblem(bytes, integrity) !== undefined ? undefined : bytes;
    },
    hasTarball: (integrity) => access(tarballPath(integrity)).then(() => true, () => false),
    putTarball: (integrity, bytes) => put(tarballPath(integrity), bytes),
    addTarball: (integrity, bytes) => add(tarballPath(integrity), bytes),
  };
}
