import { NotApplicable, runCase, unproven, type CaseOutcome } from "./suite.ts";
import { readPlugin } from "./kit/plugin-package.ts";
import { startTarget, type RunningTarget } from "./kit/start-target.ts";
import { seedFrom } from "./kit/seed.ts";
import type { ConformanceTarget } from "./target.ts";
import type { RunnerContext, RunnerTest } from "./test-runner.ts";

/** vitest's `test`, with the hook that ends what was started. */
export interface PluginTest extends RunnerTest {
  afterAll(run: () => Promise<void>, timeout?: number): void;
}

/**
 * Makes a test of each case of each target, by vitest's `test`: the same targets as `mlstack plugin test` runs, in the runner of the package's other tests. What a
 * plugin reaches for is not watched here.
 *
 * @example
 * pluginConformance(test, import.meta.dirname, targets);
 * @param folder of the plugin's package. What its manifest names as entry is tested: build it first
 */
export function pluginConformance(test: PluginTest, folder: string, targets: readonly ConformanceTarget[], { seed = seedFrom(process.env) }: { readonly seed?: number | undefined } = {}): void {
  const plugin = readPlugin(folder);
  // it is the tests that fail, each of them
  plugin.catch(() => undefined);
  const stop = new AbortController();
  for (const target of targets) {
    const { suite, flavor, contract, limitMs = 60_000 } = target;
    let running: Promise<RunningTarget> | undefined;
    const outcomes: CaseOutcome[] = [];
    const start = async () => (running ??= plugin.then((read) => startTarget(read, target, { signal: stop.signal, seed })));
    for (const one of suite.cases) {
      test(`${contract} ${flavor} › ${one.id}: ${one.title}`, { timeout: 3 * limitMs }, async (context) => {
        Object.assign(context.task.meta, { conformance: one.id, seed });
        let target: RunningTarget;
        try { target = await start(); } catch (e) {
          if (e instanceof NotApplicable) { skip(context, e.message); return; }
          throw e;
        }
        const outcome = await runCase(suite, one, target.subject, { limitMs });
        outcomes.push(outcome);
        if (outcome.status === "failed") throw outcome.error;
        if (outcome.status === "skipped") skip(context, outcome.reason);
      });
    }
    test.afterAll(async () => {
      stop.abort();
      await (await running?.catch(() => undefined))?.stop();
      // of some that were chosen, or where the target was skipped, nobody says that they prove it
      const nothing = outcomes.length === suite.cases.length ? unproven(suite.core, outcomes) : undefined;
      if (nothing !== undefined) throw new Error(`${contract} ${flavor}: ${nothing}`);
    }, 2 * limitMs);
  }
}

function skip(context: RunnerContext, reason: string): void {
  Object.assign(context.task.meta, { skipped: reason });
  context.skip(reason);
}
