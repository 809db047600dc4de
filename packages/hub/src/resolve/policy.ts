import type { PackageVersion } from "../registry/registry.ts";
import type { Obstacle } from "./fit.ts";

/** What a project may install. From mlstack.yaml, and what was said by hand for once. */
export interface Policy {
  /** Scopes (`@acme`) and packages; undefined for all. */
  readonly allowed?: readonly string[] | undefined;
  /** How old a version must be, in hours. Nothing said by hand goes below it. */
  readonly minimumAge?: number | undefined;
  /** How old a version must be unless its package is named in `allowFresh`, in hours; 24 by default. */
  readonly cooldown?: number | undefined;
  /** Scopes and packages that the cooldown does not hold for: `--allow-fresh`. */
  readonly allowFresh?: readonly string[] | undefined;
  /** Scopes and packages that may lose their provenance. */
  readonly allowLostProvenance?: readonly string[] | undefined;
}

/** What a version was let in by, for the lock's `trust`. */
export type Exception = "cooldown" | "lostProvenance";

export const COOLDOWN_HOURS = 24;
const HOUR = 3_600_000;

/** @param name of a package; @param list scopes and packages */
const isListed = (name: string, list: readonly string[]): boolean => list.includes(name) || list.includes(name.split("/")[0]!);

/**
 * Why a policy forbids a version, or which exceptions let it in.
 *
 * @param version `provenance` and `publishedAt` are undefined for what comes from no registry: those rules don't hold for it
 * @param before whether the version that the project has now has provenance
 */
export function policyProblem(version: Pick<PackageVersion, "name" | "version"> & { readonly publishedAt?: string | undefined; readonly provenance?: boolean | undefined }, policy: Policy, now: Date, fromRegistry: boolean, before: boolean): { readonly obstacle?: Obstacle; readonly exceptions: readonly Exception[] } {
  const { name } = version;
  const forbidden = (obstacle: Omit<Obstacle, "version">): { obstacle: Obstacle; exceptions: [] } => ({ obstacle: { version: version.version, ...obstacle }, exceptions: [] });
  const { allowed, minimumAge = 0, cooldown = COOLDOWN_HOURS, allowFresh = [], allowLostProvenance = [] } = policy;
  if (allowed !== undefined && !isListed(name, allowed)) {
    return forbidden({ kind: "scope", code: "MLS8404", reason: `this project may install ${allowed.length === 0 ? "nothing" : `${allowed.join(", ")} only`}`, fix: "choose an integration of those, or change the policy in mlstack.yaml" });
  }
  if (!fromRegistry) return { exceptions: [] };
  const exceptions: Exception[] = [];
  const age = ageOf(version.publishedAt, now);
  if (age < minimumAge * HOUR) return forbidden({ kind: "age", code: "MLS8404", reason: ageReason(version.publishedAt, minimumAge, "the policy in mlstack.yaml wants"), fix: "wait, or change the policy in mlstack.yaml", until: untilOf(version.publishedAt, minimumAge) });
  if (age < cooldown * HOUR) {
    if (!isListed(name, allowFresh)) return forbidden({ kind: "cooldown", code: "MLS8405", reason: ageReason(version.publishedAt, cooldown, "new versions wait for"), fix: `--allow-fresh ${name}, where you know where it comes from`, until: untilOf(version.publishedAt, cooldown) });
    exceptions.push("cooldown");
  }
  if (before && version.provenance !== true) {
    if (!isListed(name, allowLostProvenance)) return forbidden({ kind: "provenance", code: "MLS8406", reason: "the version in use has a proof of where it was built, this one has none", fix: "ask its authors, or stay with the version in use" });
    exceptions.push("lostProvenance");
  }
  return { exceptions };
}

/** In milliseconds. Nothing is known to be old whose time is not told, or lies in the future. */
function ageOf(publishedAt: string | undefined, now: Date): number {
  const age = publishedAt === undefined ? Number.NaN : now.getTime() - Date.parse(publishedAt);
  return age >= 0 ? age : -1;
}

function untilOf(publishedAt: string | undefined, hours: number): string | undefined {
  const time = publishedAt === undefined ? Number.NaN : Date.parse(publishedAt);
  return Number.isNaN(time) ? undefined : new Date(time + hours * HOUR).toISOString();
}

function ageReason(publishedAt: string | undefined, hours: number, who: string): string {
  const until = untilOf(publishedAt, hours);
  return until === undefined ? `its registry does not say when it was published, and ${who} ${hours} hours` : `published ${publishedAt}, and ${who} ${hours} hours: until ${until}`;
}
