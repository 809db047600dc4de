import { MlstackError, serializeError, type HookRun, type PipelineHooks, type SerializedError, type StepDefinition, type StepHooks } from "@mlstack/core";
import { everyPlanNode, isStepNode, type Plan } from "@mlstack/pipeline";
import type { JournalEvent, StepEnded } from "../journal/events.ts";
import { after } from "./timers.ts";

/** How long one hook may take, in milliseconds: a run must not wait for ever for a service that it only tells something. */
const HOOK_LIMIT_MS = 30_000;

/** Calls the hooks of a run, one after the other and beside it. What goes wrong in them is a warning. */
export interface RunHooks {
  /** Looks at what happens, for the hooks of steps. */
  event(event: JournalEvent): void;
  /** Tells the pipeline's own hooks how the run ended, waits for all that were called, and returns what a person should know. */
  finish(status: "completed" | "failed" | "cancelled", error: SerializedError | undefined): Promise<readonly string[]>;
}

export interface RunHooksOptions {
  readonly run: HookRun;
  readonly plan: Plan;
  /** By the plan's names; empty where nothing of the project is. */
  readonly steps: ReadonlyMap<string, StepDefinition>;
  readonly hooks: PipelineHooks | undefined;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Of the run: once it is aborted no hook is begun, and none is waited for. */
  readonly signal: AbortSignal;
  now(): number;
  readonly limitMs?: number | undefined;
}

/** Begins with the pipeline's `onStart`. */
export function runHooks({ run, plan, steps, hooks, startedAt, signal, now, limitMs = HOOK_LIMIT_MS }: RunHooksOptions): RunHooks {
  const ofNode = new Map<string, { readonly step: string; readonly hooks: StepHooks }>();
  for (const node of [...everyPlanNode(plan.nodes)].filter(isStepNode)) {
    const definition = steps.get(node.step);
    if (definition?.hooks !== undefined) ofNode.set(node.id, { step: definition.name, hooks: definition.hooks });
  }
  const begun = new Set<string>();
  const warnings: string[] = [];
  let left = 0;
  let over = false;
  let queue: Promise<void> = Promise.resolve();
  const turn = async (before: Promise<void>, what: string, hook: (stop: AbortSignal) => void | Promise<void>): Promise<void> => {
    await before;
    if (signal.aborted) { left++; return; }
    try { await limited(hook, signal, limitMs); } catch (e) { warnings.push(`the hook ${what} failed: ${e instanceof Error ? e.message : String(e)}`); }
  };
  const call = <E extends object>(what: string, hook: ((event: E & { readonly run: HookRun; readonly signal: AbortSignal }) => void | Promise<void>) | undefined, event: E): void => {
    if (hook === undefined) return;
    queue = turn(queue, what, (stop) => hook({ ...event, run, signal: stop }));
  };
  const stepEnded = (e: StepEnded, { step, hooks: own }: { readonly step: string; readonly hooks: StepHooks }): void => {
    const event = { step, node: e.node };
    if (e.status === "completed") {
      const outputs = Object.fromEntries(Object.entries(e.outputs).map(([name, o]) => [name, { digest: o.manifest, format: o.format, size: o.size, metadata: o.metadata }]));
      call(`onSuccess of ${e.node}`, own.onSuccess, { ...event, durationMs: e.time - e.startedAt, outputs });
    } else if (e.status === "failed" && e.retried !== true) {
      call(`onFailure of ${e.node}`, own.onFailure, { ...event, attempts: e.attempt, error: e.error ?? serializeError(new MlstackError("MLS4008", `the step "${step}" ended without a result`)) });
    }
  };

  call("onStart", hooks?.onStart, {});
  return {
    event(e) {
      if (e.kind !== "step-started" && e.kind !== "step-ended") return;
      const found = ofNode.get(e.node.split("@", 1)[0]!);
      if (found === undefined) return;
      if (e.kind === "step-ended") { stepEnded(e, found); return; }
      if (begun.has(e.node)) return;
      begun.add(e.node);
      call(`onStart of ${e.node}`, found.hooks.onStart, { step: found.step, node: e.node });
    },
    async finish(status, error) {
      if (over) return [];
      over = true;
      const durationMs = now() - startedAt;
      if (status === "completed") call("onSuccess", hooks?.onSuccess, { durationMs });
      if (status === "failed") call("onFailure", hooks?.onFailure, { durationMs, error: error ?? serializeError(new MlstackError("MLS4007", "the run failed")) });
      await queue;
      if (left > 0) warnings.push(`${left === 1 ? "one hook was" : `${left} hooks were`} not called: the run was told to stop`);
      return warnings;
    },
  };
}

/** Hooks of a run that nobody calls, in a sentence; undefined where it has none. */
export function hooksNotCalled(steps: ReadonlyMap<string, StepDefinition>, hooks: PipelineHooks | undefined): string | undefined {
  const names = [...(hooks === undefined ? [] : ["the pipeline"]), ...[...steps.values()].filter((s) => s.hooks !== undefined).map((s) => s.name)];
  return names.length === 0 ? undefined : `hooks of ${names.join(", ")} are not called: the run's driver has none of the project's code`;
}

/** Waits for a hook until its time is up, or the run is told to stop; what it does then is nobody's concern. */
async function limited(hook: (stop: AbortSignal) => void | Promise<void>, signal: AbortSignal, limitMs: number): Promise<void> {
  const stop = new AbortController();
  const work = (async () => hook(stop.signal))();
  let end: (reason: Error) => void = () => undefined;
  const over = new Promise<never>((_, reject) => { end = (reason) => { stop.abort(reason); reject(reason); }; });
  const stopTimer = after(limitMs, () => end(new Error(`it did not end within ${limitMs / 1000} s`)));
  const told = () => end(new Error("the run was told to stop"));
  signal.addEventListener("abort", told, { once: true });
  try { await Promise.race([work, over]); } finally {
    stopTimer();
    signal.removeEventListener("abort", told);
    work.catch(() => undefined);
    over.catch(() => undefined);
  }
}
