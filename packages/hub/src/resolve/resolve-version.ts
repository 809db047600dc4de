import { MlstackError, type PluginManifest } from "@mlstack/core";
import gt from "semver/functions/gt.js";
import satisfies from "semver/functions/satisfies.js";
import prerelease from "semver/functions/prerelease.js";
import type { PackageDocument, PackageVersion } from "../registry/registry.ts";
import { fitProblem, type Obstacle, type ProjectFacts } from "./fit.ts";
import { policyProblem, type Exception, type Policy } from "./policy.ts";
import { wantedText, type Wanted } from "./spec.ts";

export interface ResolveContext {
  readonly project: ProjectFacts;
  readonly policy: Policy;
  readonly now: Date;
  /** Whether the version that the project has now, if any, has provenance. */
  readonly hasProvenance?: boolean | undefined;
}

/** The version that was found, and why no newer one was. */
export interface Resolution {
  readonly version: PackageVersion;
  readonly manifest: PluginManifest;
  /** Newer versions of what was asked for, the newest first. */
  readonly passedOver: readonly Obstacle[];
  /** Rules that an exception was made of. */
  readonly exceptions: readonly Exception[];
}

type Judged = { readonly version: PackageVersion } & ({ readonly obstacle: Obstacle } | { readonly manifest: PluginManifest; readonly exceptions: readonly Exception[] });

/**
 * The newest version of what was asked for that fits the project and its policy. What is newer than `latest` was published under another tag
 * on purpose and is not taken by itself, nor is a prerelease or, as long as there is another one, a deprecated version.
 *
 * @throws MLS8402 nothing is in the range; where nothing that is in it fits: the one reason's own code (MLS2001 manifest, MLS2002 and MLS2003
 * contract, MLS2004 core, MLS8201 no integrity, MLS8404 policy, MLS8405 too new, MLS8406 provenance, MLS8407 no integration), or MLS8403 for
 * Node and for several reasons. Errors name the newest version that fits, asked for or not
 */
export function resolveVersion(document: PackageDocument, wanted: Wanted, context: ResolveContext): Resolution {
  const pool = candidates(document, wanted);
  const judged = pool.map((version) => judge(version, context));
  const fitting = judged.filter((each) => !("obstacle" in each));
  const found = fitting.find(({ version }) => version.deprecated === undefined) ?? fitting[0];
  if (found === undefined || "obstacle" in found) throw nothingFits(document, wanted, judged.flatMap((each) => ("obstacle" in each ? [each.obstacle] : [])), context);
  const passedOver = judged.slice(0, judged.indexOf(found)).map((each): Obstacle => "obstacle" in each ? each.obstacle
    : { version: each.version.version, kind: "deprecated", code: "MLS8403", reason: `is deprecated: ${each.version.deprecated ?? ""}` });
  return { version: found.version, manifest: found.manifest, passedOver, exceptions: found.exceptions };
}

/** What is meant, the newest first. */
function candidates(document: PackageDocument, wanted: Wanted): readonly PackageVersion[] {
  const { distTags, name } = document;
  const newestFirst = document.versions.toReversed();
  const exact = wanted.kind === "version" ? wanted.version : wanted.kind === "tag" ? distTags[wanted.tag] : undefined;
  if (wanted.kind === "tag" || wanted.kind === "version") {
    const found = newestFirst.filter(({ version }) => version === exact);
    if (found.length > 0) return found;
    const tags = Object.keys(distTags).toSorted();
    throw nothingThere(document, wanted, wanted.kind === "tag" ? `tags of ${name} are ${tags.join(", ") || "none"}` : undefined);
  }
  const latest = document.versions.find(({ version }) => version === distTags["latest"])?.version;
  const inRange = newestFirst.filter(({ version }) => wanted.kind === "range" ? satisfies(version, wanted.range) : prerelease(version) === null || version === latest);
  const released = latest === undefined ? inRange : inRange.filter(({ version }) => !gt(version, latest));
  const pool = released.length > 0 ? released : inRange;
  if (pool.length === 0) throw nothingThere(document, wanted, undefined);
  return pool;
}

function judge(version: PackageVersion, { project, policy, now, hasProvenance = false }: ResolveContext): Judged {
  const fit = fitProblem(version, project);
  if ("obstacle" in fit) return { version, obstacle: fit.obstacle };
  if (version.integrity === undefined) return { version, obstacle: { version: version.version, kind: "integrity", code: "MLS8201", reason: "its registry announces no digest of the tarball that can be relied on" } };
  const { obstacle, exceptions } = policyProblem(version, policy, now, true, hasProvenance);
  return obstacle === undefined ? { version, manifest: fit.manifest, exceptions } : { version, obstacle };
}

function nothingThere({ name, versions }: PackageDocument, wanted: Wanted, tags: string | undefined): MlstackError {
  const newest = versions.at(-1)?.version;
  return new MlstackError("MLS8402", `${name} has no version ${wantedText(wanted)}`, {
    why: tags ?? (newest === undefined ? "no version of it is published" : `the newest is ${newest}, the oldest ${versions[0]!.version}`), fix: newest === undefined ? "choose another integration" : `take ${versions.slice(-8).toReversed().map(({ version }) => version).join(", ")}${versions.length > 8 ? ", or an older one" : ""}`,
    details: { package: name, wanted: wantedText(wanted), versions: versions.slice(-20).map(({ version }) => version) },
  });
}

function nothingFits(document: PackageDocument, wanted: Wanted, obstacles: readonly Obstacle[], context: ResolveContext): MlstackError {
  const { name } = document;
  const [first] = obstacles;
  const codes = new Set(obstacles.map(({ code }) => code));
  const elsewhere = wanted.kind === "any" ? undefined : newestThatFits(document, context);
  const shown = obstacles.slice(0, 3).map(({ version, reason }) => `${version} ${reason}`);
  const rest = obstacles.length - shown.length;
  const message = obstacles.length === 1 ? `${name}@${first!.version} ${first!.reason}` : `no version of ${name}${wanted.kind === "any" ? "" : ` ${wantedText(wanted)}`} fits this project`;
  const reasons = obstacles.length === 1 ? [] : [`${shown.join("; ")}${rest === 0 ? "" : `; and ${rest} more`}`];
  return new MlstackError(codes.size === 1 ? first!.code : "MLS8403", message, {
    why: [...reasons, elsewhere === undefined ? "no other version fits either" : `the newest version that fits is ${elsewhere.version}`].join("; "),
    fix: elsewhere === undefined ? first!.fix ?? (first!.kind === "core" || first!.kind === "contract" ? "update mlstack" : "choose another integration") : `mlstack integration install ${name}@${elsewhere.version}`,
    details: { package: name, wanted: wantedText(wanted), newestThatFits: elsewhere?.version ?? null, obstacles: obstacles.map(({ version, kind, code, reason, until }) => ({ version, kind, code, reason, ...(until !== undefined && { until }) })) },
  });
}

function newestThatFits(document: PackageDocument, context: ResolveContext): PackageVersion | undefined {
  try { return resolveVersion(document, { kind: "any" }, context).version; } catch { return undefined; }
}
