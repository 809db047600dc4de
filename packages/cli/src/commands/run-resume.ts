import { join } from "node:path";
import { MlstackError } from "@mlstack/core";
import { openEngine, type StackSpec } from "@mlstack/engine";
import { loadPipeline } from "../load-pipeline.ts";
import { interruptible } from "../ui/interrupt.ts";
import { stderr, type GlobalFlags } from "../ui/output.ts";
import { printReport } from "../ui/report.ts";
import { runReporter } from "../ui/run-reporter.ts";
import { printStack } from "../ui/stack-lines.ts";
import { keepStdoutForData } from "../ui/stdout.ts";
import { activeStack, folderOf } from "./active-stack.ts";
import { withEngine } from "./with-engine.ts";
import { concurrencyOf, inlineStack } from "./run-file.ts";

interface ResumeFlags extends GlobalFlags {
  readonly from?: string;
  readonly file?: string;
  readonly keepGoing?: boolean;
  readonly concurrency?: number;
  readonly inline?: boolean;
}

/** `mlstack run resume RUN`. */
export async function runResume(id: string, flags: ResumeFlags): Promise<void> {
  const cwd = folderOf(flags);
  keepStdoutForData();
  // it goes on where it was, unless another stack is asked for by name: one that only happens to be set must not change what the run does
  const stack = flags.stack === undefined ? await withEngine({ ...flags, stack: "local" }, async ({ records }) => JSON.parse((await records.run(id)).stack_json) as StackSpec) : await activeStack(flags);
  const engine = await openEngine({ from: cwd, stack: flags.inline === true && stack !== undefined ? inlineStack(stack) : stack, concurrency: concurrencyOf(flags, stack) });
  if (flags.verbose === true && flags.json !== true) await printStack(engine, stderr(flags));
  const reporter = flags.quiet === true || flags.json === true ? undefined : runReporter(process.stderr, flags);
  const stop = interruptible(reporter?.print ?? ((line) => stderr(flags).line(line)));
  try {
    const run = await engine.records.run(id);
    const { pipeline: { name, module } } = await engine.records.plan(run.plan);
    const file = flags.file ?? (module === null ? undefined : join(engine.project.dir, module));
    if (file === undefined) throw new MlstackError("MLS4010", `it is not known which module the pipeline "${name}" of the run ${run.id} comes from`, { fix: `name it: mlstack run resume ${run.id} --file FILE` });
    const pipeline = await loadPipeline(file.includes("#") ? file : `${file}#${name}`, cwd);
    stop.run = run.id;
    const report = await engine.resume(run.id, pipeline, {
      signal: stop.signal, observer: reporter?.observer, ...(flags.keepGoing === true && { onFailure: "continue" as const }), ...(flags.from !== undefined && { from: flags.from }),
      onChanged(steps) {
        if (flags.json === true || flags.quiet === true) return;
        const t = stderr(flags);
        t.line(t.style(`changed since the run was started:`, "yellow"));
        for (const { step, what } of steps) t.line(`  ${step}  ${t.style(`${what.slice(0, 4).join(", ")}${what.length > 4 ? ` and ${what.length - 4} more` : ""}`, "dim")}`);
      },
    });
    reporter?.end(report);
    printReport(report, flags, stop.exitCode);
  } catch (e) {
    // stopped before it went on: the run is as it was
    if (!stop.signal.aborted || !MlstackError.is(e, "MLS4003")) throw e;
    process.exitCode = stop.exitCode;
  } finally {
    reporter?.stop();
    stop.release();
    await engine.close();
  }
}
