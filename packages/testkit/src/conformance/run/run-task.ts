import { readPlugin, type PluginHooks, type PluginUnderTest } from "../kit/plugin-package.ts";
import { startTarget, type RunningTarget } from "../kit/start-target.ts";
import { NotApplicable, runCase } from "../suite.ts";
import type { Watch } from "../watch/watch.ts";
import { loadTargets } from "./load-targets.ts";
import type { Access, FromKit, KitTask } from "./messages.ts";
import { declaredByAll, planOf, type Planned } from "./plan.ts";
import { reportedError, type CaseReport } from "./report.ts";

export interface TaskOptions {
  say(message: FromKit): void;
  readonly signal: AbortSignal;
  /** Begins to watch, before anything of the plugin's is imported. */
  watch(packageDir: string): Promise<Watch>;
  /** Is told of a target that runs, and undefined when it has ended: whoever has to end the process in a hurry stops it. */
  readonly onRunning?: ((running: RunningTarget | undefined) => void) | undefined;
}

/**
 * Runs the targets of a package in this process, one after the other, each in folders of its own.
 *
 * @throws MLS8701, MLS8702, MLS8703, MLS2001: the run can't begin
 */
export async function runTask(task: KitTask, { say, signal, watch: begin, onRunning }: TaskOptions): Promise<void> {
  const plugin = await readPlugin(task.folder);
  const watch = task.watch ? await begin(plugin.package.dir) : undefined;
  try {
    await importFirst(plugin, watch, say);
    const { plan, planned } = planOf(plugin, await loadTargets(plugin.package.dir), task);
    say({ type: "plan", plan });
    for (const [number, one] of planned.entries()) {
      const done = task.done.find(({ target }) => target === number);
      if (signal.aborted) return;
      if (one.target === undefined || one.refused !== undefined || done?.over === true) continue;
      await runTarget({ plugin, number, planned: one, target: one.target, done: done?.ids ?? [], task, say, signal, watch, onRunning });
    }
  } finally { watch?.close(); }
}

/** What happens at import is seen by whoever imports first, and that is not `conformance.ts`. What fails is told by each component that is opened. */
async function importFirst(plugin: PluginUnderTest, watch: Watch | undefined, say: TaskOptions["say"]): Promise<void> {
  const hooks = watch?.hooks({ declared: declaredByAll(plugin), projectDir: plugin.package.dir, tell: (access) => say({ type: "access", access }) });
  await (hooks === undefined ? plugin.package.load() : hooks.call("import", plugin.package.load)).catch(() => undefined);
}

interface Running extends Pick<TaskOptions, "say" | "signal" | "onRunning"> {
  readonly plugin: PluginUnderTest;
  readonly number: number;
  readonly planned: Planned;
  readonly target: NonNullable<Planned["target"]>;
  /** Ids of cases that were run before. */
  readonly done: readonly string[];
  readonly task: KitTask;
  readonly watch: Watch | undefined;
}

async function runTarget({ plugin, number, planned, target, done, task, say, signal, watch, onRunning }: Running): Promise<void> {
  const { limitMs } = planned;
  const folder = plugin.package.dir;
  say({ type: "starting", target: number });
  let running: RunningTarget;
  try {
    running = await startTarget(plugin, target, { signal, seed: task.seed, limitMs: 2 * limitMs, hooksFor: (projectDir) => hooksOf(projectDir) });
  } catch (e) {
    say({ type: "target-end", target: number, ...(e instanceof NotApplicable ? { skipped: e.message } : { error: reportedError(e, folder) }) });
    return;
  }
  onRunning?.(running);
  try {
    for (const { id } of planned.cases) {
      if (signal.aborted) break;
      if (!done.includes(id)) say({ type: "case-end", target: number, outcome: await runOne(id, running) });
    }
  } finally {
    say({ type: "stopping", target: number });
    const error = await running.stop().then(() => undefined, (e: unknown) => reportedError(e, folder));
    onRunning?.(undefined);
    say({ type: "target-end", target: number, ...(error !== undefined && { error }) });
  }

  async function runOne(id: string, { subject }: RunningTarget): Promise<CaseReport> {
    const one = target.suite.cases.find((of) => of.id === id)!;
    say({ type: "case", target: number, id });
    const began = performance.now();
    const outcome = await runCase(target.suite, one, subject, { limitMs, signal });
    const { title, clause, killers } = one;
    return {
      id, title, clause, status: outcome.status, ms: Math.round(performance.now() - began), ...(killers !== undefined && { killers }),
      ...(outcome.status === "skipped" && { reason: outcome.reason }), ...(outcome.status === "failed" && { error: reportedError(outcome.error, folder) }),
    };
  }

  function hooksOf(projectDir: string): PluginHooks | undefined {
    return watch?.hooks({ declared: planned.declared, projectDir, tell: (access: Access) => say({ type: "access", target: number, access }) });
  }
}

