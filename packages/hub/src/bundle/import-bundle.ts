import { MlstackError } from "@mlstack/core/errors";
import compare from "semver/functions/compare.js";
import { integrityProblem } from "../digest/integrity.ts";
import type { Lock } from "../lock/lock.ts";
import { parseDocument } from "../registry/package-document.ts";
import { joinedPackuments, joinedTags, parsePackument, type Packument } from "../registry/packument.ts";
import type { RegistryCache } from "../registry/registry-cache.ts";
import type { PackageDocument, Registry } from "../registry/registry.ts";
import { openBundle, type BundleFile } from "./bundle-file.ts";
import type { BundleIndex } from "./bundle-index.ts";
import { placedAt, registryMark } from "./of-registry.ts";
import { otherBytes } from "./contents.ts";

export interface ImportOptions {
  /** Absolute. */
  readonly file: string;
  readonly cache: RegistryCache;
  readonly registry: Pick<Registry, "identityOf" | "urlOf">;
  /** That of the project, where there is one. */
  readonly lock: Lock | undefined;
  /** Takes what other registries have said for the answers of those that the settings here name. */
  readonly anyRegistry?: boolean | undefined;
  /** Only looks. */
  readonly dryRun?: boolean | undefined;
}

export interface Imported {
  readonly integrations: BundleIndex["integrations"];
  readonly platforms: BundleIndex["platforms"];
  /** In bytes. */
  readonly size: number;
  readonly packages: number;
  readonly tarballs: number;
}

/**
 * Takes what a bundle has into the cache, where `--offline` finds it. All of it is checked before anything is written. What is known here already stays: a bundle adds
 * versions, and says nothing new of those that are there.
 *
 * @throws MLS7002, MLS8601, MLS8602, MLS8603 for the file; MLS8604 it is of another registry; MLS8201 the lock, or the cache, has other bytes under a version;
 * MLS3004, MLS3005 where the cache can't be written
 */
export async function importBundle(options: ImportOptions): Promise<Imported> {
  const { file, cache, registry, lock, anyRegistry = false, dryRun = false } = options;
  const bundle = await openBundle(file);
  try {
    const { integrations, platforms, documents, tarballs } = bundle.index;
    const packuments = await packumentsOf(bundle, registry, file);
    await checkTarballs(bundle, packuments, file);
    const strange = documents.find(({ name, registry: whose }) => registryMark(registry, name) !== whose);
    if (strange !== undefined && !anyRegistry) throw otherRegistry(strange.name, registry.identityOf(strange.name), file);
    for (const [name, { version, source, integrity }] of Object.entries(lock?.plugins ?? {})) {
      const found = packuments.get(name)?.versions[version];
      if (source === "registry" && found !== undefined && found.dist.integrity !== integrity) throw otherBytes(`${name}@${version}, as ${file} has it,`, "mlstack.lock", integrity, found.dist.integrity);
    }
    const known = new Map<string, Known>();
    for (const [name, packument] of packuments) known.set(name, await knownOf(name, packument, registry.identityOf(name), cache, file));
    if (!dryRun) await writing(async () => {
      for (const { digest, integrity } of tarballs) if (!await cache.hasTarball(integrity) || (await cache.tarball(integrity)) === undefined) await cache.addTarball(integrity, await bundle.read(digest));
      // last: what is described is there
      for (const [name, { document, packument, isNew }] of known) {
        if (isNew) await cache.addDocument(registry.identityOf(name), { etag: undefined, document });
        await cache.addPackument(registry.identityOf(name), packument);
      }
    });
    return { integrations, platforms, size: bundle.size, packages: documents.length, tarballs: tarballs.length };
  } finally { await bundle.close(); }
}

/** The digests hold; that does not make the descriptions what they should be. */
async function packumentsOf({ index, read }: BundleFile, registry: Pick<Registry, "urlOf">, file: string): Promise<ReadonlyMap<string, Packument>> {
  const found = new Map<string, Packument>();
  for (const { name, digest } of index.documents) {
    let value: unknown;
    try { value = JSON.parse(Buffer.from(await read(digest)).toString("utf8")); } catch (e) { if (MlstackError.is(e)) throw e; }
    const packument = parsePackument(value, name);
    if (packument === undefined || found.has(name)) throw forged(file, `its description of ${name} is none`);
    found.set(name, placedAt(registry.urlOf(name), packument));
  }
  return found;
}

async function checkTarballs({ index, read }: BundleFile, packuments: ReadonlyMap<string, Packument>, file: string): Promise<void> {
  for (const { name, version, integrity, digest } of index.tarballs) {
    if (packuments.get(name)?.versions[version]?.dist.integrity !== integrity) throw forged(file, `it has a tarball of ${name}@${version} that its own description does not announce`);
    const problem = integrityProblem(await read(digest), integrity);
    if (problem !== undefined) throw forged(file, `its tarball of ${name}@${version} is not the one that is announced: ${problem}`);
  }
}

interface Known {
  readonly document: PackageDocument;
  readonly packument: Packument;
  /** Whether the document has something that the cache does not have. */
  readonly isNew: boolean;
}

/** What is known of a package once the bundle's versions are added. @throws MLS8201 where both have a version, and do not agree */
async function knownOf(name: string, brought: Packument, identity: string, cache: RegistryCache, file: string): Promise<Known> {
  const document = parseDocument(brought, name);
  if ("problem" in document) throw forged(file, `its description of ${name}: ${document.problem}`);
  const [cached, shelved] = [(await cache.document(identity, name))?.document, await cache.packument(identity, name)];
  for (const { version, integrity } of document.versions) {
    const here = cached?.versions.find((each) => each.version === version)?.integrity ?? shelved?.versions[version]?.dist.integrity;
    if (here !== undefined && here !== integrity) throw otherBytes(`${name}@${version}, as ${file} has it,`, "what its registry said before", here, integrity);
  }
  const packument = shelved === undefined ? brought : joinedPackuments(shelved, brought);
  if (cached === undefined) return { document, packument, isNew: true };
  const more = document.versions.filter(({ version }) => !cached.versions.some((each) => each.version === version));
  return { document: { ...cached, distTags: joinedTags(cached.distTags, document.distTags), versions: [...cached.versions, ...more].sort((a, b) => compare(a.version, b.version)) }, packument, isNew: more.length > 0 };
}

async function writing(work: () => Promise<void>): Promise<void> {
  try { await work(); } catch (e) {
    const { code, path = "" } = e as NodeJS.ErrnoException;
    if (MlstackError.is(e) || code === undefined) throw e;
    if (code === "ENOSPC" || code === "EDQUOT") throw new MlstackError("MLS3004", "no space is left for what the bundle has", { fix: "free space, or keep the cache elsewhere: MLSTACK_CACHE_DIR", cause: e });
    throw new MlstackError("MLS3005", `the cache can't be written (${code})${path === "" ? "" : `: ${path}`}`, { fix: "make it writable for this user, or keep it elsewhere: MLSTACK_CACHE_DIR", cause: e });
  }
}

function forged(file: string, problem: string): MlstackError {
  return new MlstackError("MLS8602", `${file} is not what was exported: ${problem}`, { why: "something else than mlstack has written it; nothing of it was taken", fix: "export it again: mlstack integration bundle export FILE", details: { path: file, problem } });
}

function otherRegistry(name: string, here: string, file: string): MlstackError {
  return new MlstackError("MLS8604", `${file} has ${name} from another registry than the one that it comes from here, ${here}`, {
    why: "what one registry says is not taken for the answer of another: under one name both may have something else", fix: "name the same registry here, in .npmrc or by --registry; or, where the one here is a copy of the other: --any-registry", details: { package: name, here },
  });
}
