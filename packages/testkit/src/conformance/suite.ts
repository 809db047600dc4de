import { nameList } from "@mlstack/core";

/** One promise of a contract, and how to see whether it is kept. Plain data and `node:assert`: it needs no test runner. */
export interface ConformanceCase<Context, Need extends string = never> {
  /** Stable, such as `put.if-absent.race`: reports name it. */
  readonly id: string;
  /** What holds where it passes, in a sentence. */
  readonly title: string;
  /** The words of the contract that it is about. */
  readonly clause: string;
  /** What has to be there for the case to make sense. Without all of it the case is skipped, and says what was missing. */
  readonly needs?: readonly Need[] | undefined;
  /** Names of the known-bad components that it refuses, each of which differs from a good one in one place. */
  readonly killers?: readonly string[] | undefined;
  /** @throws AssertionError, or what the component threw; NotApplicable where only running it shows that it makes no sense */
  run(context: Context): Promise<void>;
}

/** That a case makes no sense for a component, and why. */
export class NotApplicable extends Error {}

/** The cases of one version of a contract. */
export interface ConformanceSuite<Subject, Context, Need extends string> {
  /** Such as `artifact_store@1`. */
  readonly contract: string;
  /** Of the suite itself, such as `acme-vector-kit@1.2.0`; by default this package's. */
  readonly version?: string | undefined;
  readonly cases: readonly ConformanceCase<Context, Need>[];
  /**
   * Ids of the cases that show what the contract is for. Where all of them were skipped nothing is proven, and the target has failed, whatever else has passed. None
   * by default: then any case is enough.
   */
  readonly core?: readonly string[] | undefined;
  /**
   * Opens what is under test for one case, with a place of its own in it, and clears that place afterwards and nothing else.
   *
   * @param id of the case
   */
  within<T>(subject: Subject, id: string, use: (context: Context) => Promise<T>): Promise<T>;
  /** Why what a case needs is not there; undefined where it is. */
  lacks(need: Need, context: Context): string | undefined;
}

export type CaseOutcome =
  | { readonly id: string; readonly status: "passed" }
  | { readonly id: string; readonly status: "skipped"; readonly reason: string }
  | { readonly id: string; readonly status: "failed"; readonly error: unknown };

export interface CaseOptions {
  /** Longest that a case may take, in milliseconds; 60,000 by default. A component that never answers fails, it does not hang. */
  readonly limitMs?: number | undefined;
  /** Gives a case up, and removes what it has made. The case has failed then. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs one case. Never rejects. */
export async function runCase<S, C, N extends string>(suite: ConformanceSuite<S, C, N>, one: ConformanceCase<C, N>, subject: S, { limitMs = 60_000, signal }: CaseOptions = {}): Promise<CaseOutcome> {
  const { id } = one;
  try {
    // the case is given up first, so that what it has made is still removed; opening and removing have as long again
    return await limited(2 * limitMs, "the case", suite.within(subject, id, async (context): Promise<CaseOutcome> => {
      const missing = (one.needs ?? []).map((need) => suite.lacks(need, context)).find((reason) => reason !== undefined);
      if (missing !== undefined) return { id, status: "skipped", reason: missing };
      await limited(limitMs, "the case", one.run(context), signal);
      return { id, status: "passed" };
    }));
  } catch (error) { return error instanceof NotApplicable ? { id, status: "skipped", reason: error.message } : { id, status: "failed", error }; }
}

/**
 * Why nothing is proven of what was run as a whole: none of the suite's core has passed, nor has any of it failed.
 *
 * @param core ids, of the suite; empty or undefined where any case is enough
 */
export function unproven(core: readonly string[] | undefined, outcomes: readonly { readonly id: string; readonly status: CaseOutcome["status"]; readonly reason?: string | undefined }[]): string | undefined {
  const ofCore = core === undefined || core.length === 0 ? outcomes : outcomes.filter(({ id }) => core.includes(id));
  if (ofCore.some(({ status }) => status !== "skipped")) return undefined;
  if (ofCore.length === 0) return "nothing shows that it keeps its contract: its suite has no case that would";
  const reasons = [...new Set(ofCore.map(({ reason }) => reason ?? ""))].filter((reason) => reason !== "");
  return `nothing shows that it keeps its contract: ${nameList(ofCore.map(({ id }) => id))} ${ofCore.length === 1 ? "was" : "were"} skipped (${reasons.join("; ")})`;
}

/** Runs all cases of a suite, one after another. Never rejects. */
export async function runSuite<S, C, N extends string>(suite: ConformanceSuite<S, C, N>, subject: S, options: CaseOptions = {}): Promise<readonly CaseOutcome[]> {
  const outcomes: CaseOutcome[] = [];
  for (const one of suite.cases) outcomes.push(await runCase(suite, one, subject, options));
  return outcomes;
}

/** @param what such as `the case`: for the message of the error that it rejects with when it takes longer */
export async function limited<T>(ms: number, what: string, work: Promise<T>, signal?: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let abort: (() => void) | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => { reject(new Error(`${what} has not ended within ${ms} ms`)); }, ms);
    abort = () => { reject(new Error("the run was interrupted")); };
    if (signal?.aborted === true) abort(); else signal?.addEventListener("abort", abort, { once: true });
  });
  try { return await Promise.race([work, late]); } finally {
    clearTimeout(timer);
    if (abort !== undefined) signal?.removeEventListener("abort", abort);
  }
}
