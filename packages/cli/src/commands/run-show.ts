import { scheduleText, type CacheOutcome, type Engine, type RunRow } from "@mlstack/engine";
import { MlstackError, type SerializedError } from "@mlstack/core";
import type { DataOf, JsonFields } from "../json/documents.ts";
import { runFailure } from "../run-error.ts";
import { errorDocument } from "../ui/error-document.ts";
import { printError } from "../ui/errors.ts";
import { ago, duration } from "../ui/format.ts";
import { iso, stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printTable } from "../ui/terminal.ts";
import { colored } from "./run-list.ts";
import { hint, stepLines } from "./step-lines.ts";
import { withReader } from "./with-engine.ts";

interface ShowFlags extends GlobalFlags { readonly all?: boolean }

/** `mlstack run show RUN`. */
export async function runShow(id: string, flags: ShowFlags): Promise<void> {
  await withReader(flags, async (engine) => {
    const run = await upToDate(engine, id, flags);
    const data = await gather(engine, run);
    if (flags.json === true) { writeJson("run-show", data); return; }
    const t = stdout(flags);
    const stack = JSON.parse(run.stack_json) as { name: string };
    t.line(`${t.style(run.pipeline, "bold")}  ${run.id}  ${run.name === null ? "" : `${run.name}  `}${colored(t, run.status)}${run.ordinal > 0 ? `, resumed ${run.ordinal === 1 ? "once" : `${run.ordinal} times`}` : ""}${run.ended_at === null ? "" : ` in ${duration(run.ended_at - run.started_at)}`}, ${ago(run.started_at, Date.now())}, stack ${stack.name}`);
    const params = Object.entries(data.params).map(([k, v]) => `${k}=${shownValue(v)}`);
    if (params.length > 0) t.line(t.style(`  ${params.join("  ")}`, "dim"));
    if (data.tags.length > 0) t.line(t.style(`  tags ${data.tags.join(" ")}`, "dim"));
    if (data.schedule !== null) t.line(t.style(`  schedule ${scheduleText(data.schedule)}`, "dim"));
    t.line();
    const rows = stepLines(data.steps, t, flags.all === true).map((s) => [`  ${s.name}`, s.status, s.took, s.made]);
    printTable(t, undefined, rows, [2]);
    const more = flags.all === true ? undefined : hint(data.steps, run.id);
    if (more !== undefined) t.line(t.style(`  ${more}`, "dim"));
    const metrics = data.metrics.slice(0, flags.all === true ? undefined : 20).map((m) => [`  ${m.step}`, m.key, String(m.value)]);
    if (metrics.length > 0) { t.line(); t.line("metrics"); printTable(t, undefined, metrics); }
    if (data.metrics.length > metrics.length) t.line(t.style(`  and ${data.metrics.length - metrics.length} more: --all`, "dim"));
    for (const warning of data.warnings) t.line(`${t.style("warning", "yellow")}  ${warning}`);
    if (run.status === "interrupted") { t.line(); t.line(`${t.style("interrupted", "red")}: its process is gone. Go on with it: mlstack run resume ${run.id}`); }
    if (data.error !== null) { t.line(); printError(failureOf(run, data.steps), t, flags); }
    t.line();
    t.line(t.style(`mlstack why ${run.id}/STEP says why a step ran; mlstack artifact preview ${run.id}/STEP.OUTPUT shows what it made`, "dim"));
  });
}

/** The run as its journal says, or as far as it was read last, where that is out of reach. */
async function upToDate(engine: Engine, id: string, flags: GlobalFlags): Promise<RunRow> {
  try { return await engine.sync(id); } catch (e) {
    if (!MlstackError.is(e) || !/^MLS[36]/.test(e.code)) throw e;
    stderr(flags).line(`${stderr(flags).style("warning", "yellow")}  this is what was known last: ${e.message}`);
    return engine.records.run(id);
  }
}

/** Why a run ended as it did, with the step that failed first. */
function failureOf(run: RunRow, steps: readonly { readonly step: string; readonly status: string }[]): MlstackError {
  return runFailure(run.id, run.status, steps.find((s) => s.status === "failed")?.step, run.error_json === null ? undefined : (JSON.parse(run.error_json) as SerializedError));
}

async function gather(engine: Engine, run: RunRow): Promise<DataOf<"run-show">> {
  const [steps, plan, tags, artifacts, tracked] = await Promise.all([engine.records.steps(run.id), engine.records.plan(run.plan), engine.records.callTags(run.id), engine.records.artifacts({ run: run.id, limit: 1_000_000 }), engine.records.tracked(run.id)]);
  const last = new Map<string, { step: string; key: string; value: number | string }>();
  for (const e of tracked) if (e.kind === "metric") last.set(`${e.node}/${e.key}`, { step: e.node, key: e.key, value: e.value });
  const shown = steps.map((s): DataOf<"run-show">["steps"][number] => ({
    step: s.node, status: s.status === "running" && run.status !== "running" ? run.status : s.status, condition: s.condition, attempt: s.attempt, startedAt: iso(s.started_at), endedAt: iso(s.ended_at), ms: s.ended_at === null ? null : s.ended_at - s.started_at, key: s.key,
    cache: JSON.parse(s.cache_json) as CacheOutcome, error: s.error_json === null ? null : errorDocument(JSON.parse(s.error_json) as SerializedError, "MLS4001"),
    tags: [...(tags.get(s.node.split("@", 1)[0]!) ?? [])],
    outputs: artifacts.filter((a) => a.node === s.node).map((a) => ({ output: a.output, format: a.format, size: a.size, digest: a.manifest })),
  }));
  return {
    run: run.id, name: run.name, schedule: plan.pipeline.schedule ?? null, pipeline: run.pipeline, status: run.status, startedAt: iso(run.started_at), endedAt: iso(run.ended_at),
    params: JSON.parse(run.params_json) as JsonFields, stack: JSON.parse(run.stack_json) as JsonFields, plan: run.plan, bundle: run.bundle, tags: JSON.parse(run.tags_json) as string[],
    steps: shown,
    metrics: [...last.values()], warnings: JSON.parse(run.warnings_json) as string[], error: run.error_json === null ? null : errorDocument(failureOf(run, shown)),
  };
}

/** A parameter on one line: text and paths as they are, other values as JSON. */
function shownValue(v: unknown): string {
  if (typeof v === "string") return v;
  return typeof v === "object" && v !== null && "uri" in v && typeof v.uri === "string" ? v.uri : JSON.stringify(v);
}
