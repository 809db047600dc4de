import { availableParallelism } from "node:os";
import { findProject, openEngine, readRunConfig, type StackSpec } from "@mlstack/engine";
import { overridesOfProject, overrideWarnings } from "../hub/overrides.ts";
import { loadPipeline } from "../load-pipeline.ts";
import { configParams, forCommandLine, forConfig, readParams } from "../params.ts";
import { printReport } from "../ui/report.ts";
import { interruptible } from "../ui/interrupt.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { runReporter } from "../ui/run-reporter.ts";
import { printStack } from "../ui/stack-lines.ts";
import { keepStdoutForData } from "../ui/stdout.ts";
import { activeStack, folderOf } from "./active-stack.ts";
import { printWarnings } from "./stack-checks.ts";

export interface RunFlags extends GlobalFlags {
  readonly param?: readonly string[];
  readonly cache: boolean;
  readonly refresh?: boolean;
  readonly keepGoing?: boolean;
  readonly config?: string;
  readonly name?: string;
  readonly tag?: readonly string[];
  readonly concurrency?: number;
  readonly inline?: boolean;
  readonly detach?: boolean;
  readonly explain?: boolean;
  readonly expectCached?: boolean;
  readonly schedule?: boolean;
}

/** `mlstack run FILE`. */
export async function runFile(file: string, flags: RunFlags): Promise<void> {
  const { cwd, pipeline, config, given, params, stack } = await askedFor(file, flags);
  const engine = await openEngine({ from: cwd, stack: flags.inline === true && stack !== undefined ? inlineStack(stack) : stack, concurrency: concurrencyOf(flags, stack) });
  if (flags.verbose === true && flags.json !== true) await printStack(engine, stderr(flags));
  const reporter = flags.quiet === true || flags.json === true ? undefined : runReporter(process.stderr, flags);
  const stop = interruptible(reporter?.print ?? ((line) => stderr(flags).line(line)));
  const options = {
    cache: flags.cache ? (flags.refresh === true ? "refresh" : "use") : "off", onFailure: flags.keepGoing === true ? "continue" : "stop", tags: [...(config?.tags ?? []), ...(flags.tag ?? [])], name: flags.name ?? config?.name, steps: config?.steps, expectCached: flags.expectCached === true, signal: stop.signal,
    observer: { ...reporter?.observer, planned: (run: string, plan: Parameters<NonNullable<NonNullable<typeof reporter>["observer"]["planned"]>>[1], name?: string) => { stop.run = run; reporter?.observer.planned?.(run, plan, name); } },
  } as const;
  const overridden = overrideWarnings(overridesOfProject(findProject(cwd).dir));
  if (flags.json !== true) printWarnings(overridden, flags);
  try {
    if (flags.schedule === true) return await engine.schedule(pipeline, params);
    if (flags.detach === true) {
      const { id, name, warnings } = await engine.detach(pipeline, params, options);
      if (flags.json === true) writeJson("run-detach", { run: id, name: name ?? null, pipeline: pipeline.name, status: "running" }, [...overridden, ...warnings]);
      else { for (const warning of warnings) stderr(flags).line(`${stderr(flags).style("warning", "yellow")}  ${warning}`); stderr(flags).line(`started; follow it: mlstack run attach ${id}`); stdout(flags).line(id); }
      return;
    }
    const report = await engine.run(pipeline, params, options);
    reporter?.end(report);
    printReport(flags.json === true ? { ...report, warnings: [...overridden, ...report.warnings] } : report, flags, stop.exitCode);
  } catch (e) { throw forCommandLine(forConfig(e, config, given), pipeline); } finally {
    reporter?.stop();
    stop.release();
    await engine.close();
  }
}

/** What is to be run, with what, and where: the command line goes before the configuration's file. */
export async function askedFor(file: string, flags: RunFlags) {
  const cwd = folderOf(flags);
  keepStdoutForData();
  const pipeline = await loadPipeline(file, cwd);
  const config = flags.config === undefined ? undefined : await readRunConfig(flags.config, findProject(cwd).dir, cwd);
  const given = readParams(flags.param ?? [], pipeline, cwd);
  const params = { ...(config !== undefined && configParams(config, pipeline)), ...given };
  const stack = await activeStack(config?.stack === undefined || flags.stack !== undefined ? flags : { ...flags, stack: config.stack }, { toRun: true });
  return { cwd, pipeline, config, given, params, stack };
}

/** The stack with the local orchestrator set to this process; one with another orchestrator as it is. */
export function inlineStack(stack: StackSpec): StackSpec {
  const orchestrator = stack.components["orchestrator"];
  if (orchestrator?.flavor !== "local") return stack;
  return { ...stack, components: { ...stack.components, orchestrator: { ...orchestrator, config: { ...orchestrator.config, isolation: "inline" } } } };
}

/**
 * How many steps run side by side. On this machine they run in worker processes, unless the stack's file says where (`isolation`) or a flag
 * does: a step that computes would hold up the live view and an interrupt.
 */
export function concurrencyOf(flags: Pick<RunFlags, "concurrency" | "inline">, stack: StackSpec | undefined): number | undefined {
  if (flags.concurrency !== undefined) return flags.concurrency;
  const orchestrator = stack?.components["orchestrator"];
  const { isolation, concurrency } = orchestrator?.config ?? {};
  if (flags.inline === true || isolation !== undefined || (orchestrator !== undefined && orchestrator.flavor !== "local")) return undefined;
  return typeof concurrency === "number" ? concurrency : availableParallelism();
}
