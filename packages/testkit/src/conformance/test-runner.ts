import { runCase, type CaseOptions, type ConformanceSuite } from "./suite.ts";

/** What a test function of vitest's gives a test: the part that is used here. */
export interface RunnerContext {
  readonly task: { readonly meta: object };
  skip(reason: string): void;
}

/** vitest's `test`. The kit has no runner of its own and depends on none. */
export type RunnerTest = (name: string, options: { readonly timeout: number }, run: (context: RunnerContext) => Promise<void>) => void;

/**
 * Makes a test of each case of a suite, by vitest's `test`. A case that does not apply is skipped with its reason, which the runner prints and which is in the
 * test's `meta` as well, as the case's id is.
 *
 * @param subject what is under test; asked for when a test runs, so it may be made in a `beforeAll`
 */
export function conformanceTests<S, C, N extends string>(test: RunnerTest, suite: ConformanceSuite<S, C, N>, subject: () => S, { limitMs = 60_000 }: CaseOptions = {}): void {
  for (const one of suite.cases) {
    // the case's own limit comes first: it says more than the runner's
    test(`${one.id}: ${one.title}`, { timeout: 3 * limitMs }, async (context) => {
      Object.assign(context.task.meta, { conformance: one.id });
      const outcome = await runCase(suite, one, subject(), { limitMs });
      if (outcome.status === "failed") throw outcome.error;
      if (outcome.status === "passed") return;
      Object.assign(context.task.meta, { skipped: outcome.reason });
      context.skip(outcome.reason);
    });
  }
}
