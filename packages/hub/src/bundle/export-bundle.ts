import { existsSync } from "node:fs";
import { MlstackError } from "@mlstack/core/errors";
import { sha256, type Digest } from "../digest/digest.ts";
import { integrityProblem } from "../digest/integrity.ts";
import type { PackageManager } from "../package-manager/types.ts";
import { suits } from "../package-manager/shelf-run.ts";
import type { PlanContext } from "../plan/context.ts";
import { sixAtOnce } from "../registry/at-once.ts";
import { someVersions, type PackumentVersion } from "../registry/packument.ts";
import type { Registry } from "../registry/registry.ts";
import { writeBundle } from "./bundle-file.ts";
import { BUNDLE_VERSION, type BundleIndex } from "./bundle-index.ts";
import { descriptions } from "./closure.ts";
import { registryMark, seenFrom } from "./of-registry.ts";
import { bundleContents, otherBytes, type BundleContents, type BundleWish } from "./contents.ts";

export interface ExportOptions extends BundleWish {
  /** Absolute. There must be none of that name. */
  readonly file: string;
  /** Such as `linux-x64`; undefined for all. Packages that say they are for others come along without their tarballs. */
  readonly platforms?: readonly string[] | undefined;
  readonly plan: PlanContext;
  readonly manager: Pick<PackageManager, "packages" | "lockFile">;
  readonly registry: Registry;
}

export interface Exported extends Pick<BundleContents, "integrations" | "elsewhere" | "local"> {
  readonly file: string;
  /** In bytes. */
  readonly size: number;
  /** How many tarballs are in it. */
  readonly tarballs: number;
}

/**
 * Writes one file with all that installing needs where there is no network. What it holds is a matter of what is pinned, what is named, and what the registry says:
 * the same of these is the same file, to the byte.
 *
 * @throws MLS7001 a platform that is none; MLS7011, MLS7002, MLS3004 for the file; as `bundleContents`; what the registry throws
 */
export async function exportBundle(options: ExportOptions): Promise<Exported> {
  const { file, plan, manager, registry, platforms } = options;
  const wanted = platforms?.map(platformOf);
  if (existsSync(file)) throw new MlstackError("MLS7011", `${file} is there already`, { fix: "name another file, or remove it first" });
  const describe = descriptions(registry);
  const contents = await bundleContents(options, { plan, manager, isLocked: existsSync(manager.lockFile), registry, describe });

  const blobs = new Map<Digest, () => Promise<Uint8Array>>();
  const documents: BundleIndex["documents"] = [];
  const tarballs: BundleIndex["tarballs"] = [];
  await sixAtOnce(contents.versions, async ([name, versions]) => {
    const { raw, document } = await describe(name);
    const packument = someVersions(raw, name, versions);
    if (packument === undefined) throw new MlstackError("MLS8201", `the registry announces no digest of ${[...versions].map((version) => `${name}@${version}`).join(", ")} that can be relied on`, { fix: "ask another registry: --registry, or have it published again", details: { package: name } });
    const text = Buffer.from(JSON.stringify(seenFrom(registry.urlOf(name), packument)));
    const digest = sha256(text);
    blobs.set(digest, async () => text);
    documents.push({ name, registry: registryMark(registry, name), digest, size: text.length });
    for (const version of document.versions.filter((each) => versions.has(each.version))) {
      const described = packument.versions[version.version]!;
      if (wanted?.some((platform) => suits(described, platform)) === false) continue;
      const pinned = contents.pinnedBytes.get(`${name}@${version.version}`);
      const bytes = await registry.tarball(version);
      if (pinned !== undefined && integrityProblem(bytes, pinned) !== undefined) throw otherBytes(`${name}@${version.version}`, "a lock", pinned, described.dist.integrity);
      const ofTarball = sha256(bytes);
      // not kept in memory: it is in the cache now
      blobs.set(ofTarball, () => registry.tarball(version));
      tarballs.push(entry(described, ofTarball, bytes.length));
    }
  });
  const index: BundleIndex = {
    bundleVersion: BUNDLE_VERSION, integrations: [...contents.integrations], platforms: platforms === undefined ? null : [...new Set(platforms)].toSorted(),
    documents: documents.toSorted((a, b) => order(a.name, b.name)), tarballs: tarballs.toSorted((a, b) => order(a.name, b.name) || order(a.version, b.version)),
  };
  const size = await writeBundle(file, index, async (digest) => blobs.get(digest)!());
  return { file, size, tarballs: tarballs.length, integrations: contents.integrations, elsewhere: contents.elsewhere, local: contents.local };
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function entry({ name, version, dist }: PackumentVersion, digest: Digest, size: number): BundleIndex["tarballs"][number] {
  return { name, version, integrity: dist.integrity, digest, size };
}

/** As Node calls them. */
function platformOf(text: string): { readonly os: string; readonly cpu: string } {
  const [, os, cpu] = /^([a-z0-9]+)-([a-z0-9]+)$/.exec(text) ?? [];
  if (os === undefined || cpu === undefined) throw new MlstackError("MLS7001", `"${text}" is no platform`, { why: "a platform is a system and a processor as Node calls them", fix: `write it like this one's: ${process.platform}-${process.arch}` });
  return { os, cpu };
}
