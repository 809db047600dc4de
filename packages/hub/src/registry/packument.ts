import compare from "semver/functions/compare.js";
import gt from "semver/functions/gt.js";
import prerelease from "semver/functions/prerelease.js";
import valid from "semver/functions/valid.js";
import { z } from "zod";

const record = z.record(z.string(), z.unknown());
const form = z.looseObject({ name: z.string(), "dist-tags": z.record(z.string(), z.string()).catch({}), versions: z.record(z.string(), z.unknown()), time: record.catch({}) });
const versionForm = z.looseObject({ name: z.string(), version: z.string(), dist: z.looseObject({ tarball: z.string(), integrity: z.string() }) });

/** One version as a registry describes it, with all that package managers read of it. */
export type PackumentVersion = z.output<typeof versionForm>;

/** A package as a registry describes it: what package managers ask for. `PackageDocument` is what is read of it here. */
export interface Packument {
  readonly name: string;
  readonly "dist-tags": Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, PackumentVersion>>;
  /** When each version was published, ISO 8601. */
  readonly time: Readonly<Record<string, unknown>>;
}

/** @returns undefined for what is no packument of this name, or has a version without a digest */
export function parsePackument(value: unknown, name: string): Packument | undefined {
  const found = form.safeParse(value).data;
  if (found?.name !== name) return undefined;
  const versions: Record<string, PackumentVersion> = {};
  for (const [key, each] of Object.entries(found.versions)) {
    const version = versionForm.safeParse(each).data;
    if (version?.name !== name || version.version !== key) return undefined;
    versions[key] = version;
  }
  return { name, "dist-tags": found["dist-tags"], versions, time: found.time };
}

/** Who published it with what, and texts for people: no package manager reads them. */
const NOISE = /^(?:_(?!id$|hasShrinkwrap$).*|readme|readmeFilename|maintainers|contributors|users|gitHead|publishConfig)$/;

/**
 * What a registry says of some versions only. The tag `latest` is that of the registry where its version is among them, else the newest of
 * them. Addresses are without credentials and without what stands behind `?`.
 *
 * @param value what the registry has answered
 * @returns undefined where one of the versions is not in it, or has no digest
 */
export function someVersions(value: unknown, name: string, wanted: ReadonlySet<string>): Packument | undefined {
  const whole = form.safeParse(value).data;
  if (whole === undefined) return undefined;
  const sorted = [...wanted].sort(compare);
  const found = parsePackument({ name: whole.name, versions: Object.fromEntries(sorted.map((version) => [version, whole.versions[version]])) }, name);
  if (found === undefined) return undefined;
  const tags = Object.entries(whole["dist-tags"]).filter(([, version]) => wanted.has(version));
  const latest = whole["dist-tags"]["latest"];
  const newest = sorted.findLast((version) => prerelease(version) === null) ?? sorted.at(-1);
  return {
    name, "dist-tags": Object.fromEntries([...tags, ...(newest === undefined || (latest !== undefined && wanted.has(latest)) ? [] : [["latest", newest] as const])].sort(([a], [b]) => (a < b ? -1 : 1))),
    versions: Object.fromEntries(sorted.map((version) => [version, cleaned(found.versions[version]!)])),
    time: Object.fromEntries(sorted.filter((version) => typeof whole.time[version] === "string").map((version) => [version, whole.time[version]])),
  };
}

/** Tags of two times, neither of which is known to be the later one: of each tag the newer version. */
export function joinedTags(first: Readonly<Record<string, string>>, second: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const newer = (tag: string): string => { const [a, b] = [first[tag], second[tag]]; return a === undefined || (b !== undefined && valid(a) !== null && valid(b) !== null && gt(b, a)) ? b! : a; };
  return Object.fromEntries(Object.keys({ ...first, ...second }).sort().map((tag) => [tag, newer(tag)]));
}

/** The versions of both; what the first says of a version goes before what the second says. */
export function joinedPackuments(first: Packument, second: Packument): Packument {
  const versions = { ...second.versions, ...first.versions };
  return { name: first.name, "dist-tags": joinedTags(first["dist-tags"], second["dist-tags"]), versions: Object.fromEntries(Object.keys(versions).sort(compare).map((version) => [version, versions[version]!])), time: { ...second.time, ...first.time } };
}

function cleaned(version: PackumentVersion): PackumentVersion {
  const kept = Object.fromEntries(Object.entries(version).filter(([key]) => !NOISE.test(key))) as PackumentVersion;
  return { ...kept, dist: { ...version.dist, tarball: plainUrl(version.dist.tarball) } };
}

/** An address without credentials and without what stands behind `?`. */
export function plainUrl(text: string): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  [url.username, url.password, url.search, url.hash] = ["", "", "", ""];
  return url.href;
}
