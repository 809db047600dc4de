import compare from "semver/functions/compare.js";
import valid from "semver/functions/valid.js";
import { z } from "zod";
import type { PackageDocument, PackageVersion } from "./registry.ts";

const text = z.string().optional().catch(undefined);
const ranges = z.record(z.string(), z.string()).catch({});
const versionJson = z.looseObject({
  name: z.string(), version: z.string(), description: text, mlstack: z.unknown().optional(), engines: ranges.default({}), dependencies: ranges.default({}), optionalDependencies: ranges.default({}),
  peerDependencies: ranges.default({}), scripts: ranges.default({}), hasInstallScript: z.boolean().optional().catch(undefined), deprecated: z.unknown().optional(),
  dist: z.looseObject({ tarball: z.string(), integrity: text, unpackedSize: z.number().optional().catch(undefined), attestations: z.unknown().optional() }),
});
const documentJson = z.looseObject({ name: z.string(), "dist-tags": ranges.default({}), versions: z.record(z.string(), z.unknown()), time: z.record(z.string(), z.unknown()).catch({}).default({}) });

/**
 * A package's description as a registry gives it, or what is wrong with it: a registry that answers for another package or version can't be
 * believed in anything.
 *
 * @param value what JSON.parse has given
 */
export function parseDocument(value: unknown, name: string): PackageDocument | { readonly problem: string } {
  const { data, error } = documentJson.safeParse(value);
  if (data === undefined) return { problem: `${error.issues[0]!.path.join(".") || "the answer"}: ${error.issues[0]!.message}` };
  if (data.name !== name) return { problem: `it describes ${JSON.stringify(data.name)}` };
  const versions: PackageVersion[] = [];
  for (const [key, each] of Object.entries(data.versions)) {
    // not every entry of an old package is a version, or has a tarball
    const { data: found } = versionJson.safeParse(each);
    if (found === undefined || valid(key) === null) continue;
    if (found.name !== name || found.version !== key) return { problem: `under ${key} it describes ${found.name}@${found.version}` };
    versions.push(versionOf(found, data.time[key]));
  }
  return { name, distTags: data["dist-tags"], versions: versions.sort((a, b) => compare(a.version, b.version)) };
}

function versionOf(found: z.output<typeof versionJson>, time: unknown): PackageVersion {
  const { name, version, description, mlstack: manifest, engines, dependencies, optionalDependencies, peerDependencies, scripts, deprecated, dist } = found;
  return {
    name, version, description, manifest, engines, peerDependencies,
    dependencies: { ...dependencies, ...optionalDependencies },
    integrity: dist.integrity !== undefined && /(?:^|\s)sha(?:512|384|256)-/.test(dist.integrity) ? dist.integrity : undefined,
    tarball: dist.tarball,
    hasInstallScript: found.hasInstallScript ?? ["preinstall", "install", "postinstall"].some((script) => scripts[script] !== undefined),
    deprecated: typeof deprecated === "string" && deprecated !== "" ? deprecated : deprecated === true ? "no reason given" : undefined,
    publishedAt: typeof time === "string" && !Number.isNaN(Date.parse(time)) ? new Date(time).toISOString() : undefined,
    unpackedSize: dist.unpackedSize,
    provenance: typeof dist.attestations === "object" && dist.attestations !== null && "provenance" in dist.attestations,
  };
}
