import { MlstackError } from "@mlstack/core";
import { GRACE_MS } from "../store/freshness.ts";
import type { FoundRoot } from "./read-roots.ts";

const DAY_MS = 24 * 3600 * 1000;

/** What a clean-up keeps. */
export interface GcPolicy {
  /** What no root names is kept for this long after it was written or touched last, in milliseconds; 24 hours by default. */
  readonly graceMs?: number | undefined;
  /**
   * What the project's runs have made is kept for so many days after they have ended; 90 by default. `Infinity` keeps all. Runs of other
   * projects keep what they name.
   */
  readonly keepDays?: number | undefined;
  /** So many of the project's latest runs are kept, however old they are; 20 by default. */
  readonly keepRuns?: number | undefined;
  /** Nobody else begins a run meanwhile, in any project on the store: needed for a shorter grace than the default one. */
  readonly alone?: boolean | undefined;
}

export const GC_DEFAULTS = { graceMs: GRACE_MS, keepDays: 90, keepRuns: 20 } as const;

/** The roots of a store, by what becomes of them. */
export interface SortedRoots {
  /** Of runs that have ended, and are kept. */
  readonly kept: readonly FoundRoot[];
  /** Of runs that are going on, or were a lease ago at the latest. */
  readonly goingOn: readonly FoundRoot[];
  /** Of the project's runs that ended too long ago. */
  readonly aged: readonly FoundRoot[];
  /** Of runs that were never ended, and have not been heard of for as long as their lease was: they don't count. */
  readonly expired: readonly FoundRoot[];
  /** Before when must a blob have been written or touched that is removed, in milliseconds since 1970. */
  readonly before: number;
}

/** @throws MLS7001 for a grace that other people's runs might not survive */
export function checkPolicy({ graceMs = GC_DEFAULTS.graceMs, alone }: GcPolicy): void {
  if (graceMs >= GRACE_MS || alone === true) return;
  throw new MlstackError("MLS7001", `a grace of less than ${GRACE_MS / 3_600_000} h could remove what a run is just beginning to use`, { why: "a run relies on what it finds before it says so in the store", fix: "add --alone while nobody else runs anything on this store" });
}

/** @param now by the store's clock */
export function sortRoots(roots: readonly FoundRoot[], project: string, policy: GcPolicy, now: number): SortedRoots {
  const { graceMs = GC_DEFAULTS.graceMs, keepDays = GC_DEFAULTS.keepDays, keepRuns = GC_DEFAULTS.keepRuns } = policy;
  const goingOn = roots.filter((r) => r.until !== null && r.until > now);
  const ended = roots.filter((r) => r.until === null);
  const own = ended.filter((r) => r.project === project).toSorted((a, b) => b.wroteAt - a.wroteAt);
  const aged = new Set(own.slice(keepRuns).filter((r) => now - r.wroteAt > keepDays * DAY_MS));
  return {
    goingOn, kept: ended.filter((r) => !aged.has(r)), aged: [...aged], expired: roots.filter((r) => r.until !== null && r.until <= now),
    before: Math.min(now - graceMs, ...goingOn.map((r) => r.beganAt - Math.max(graceMs, GRACE_MS))),
  };
}
