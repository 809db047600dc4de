import { didYouMean, MlstackError } from "@mlstack/core";
import { currentRuns, type Engine, type RunStatus } from "@mlstack/engine";
import { ago, duration } from "../ui/format.ts";
import { iso, stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printTable, type Style, type Terminal } from "../ui/terminal.ts";
import { withReader } from "./with-engine.ts";

interface ListFlags extends GlobalFlags { readonly pipeline?: string; readonly status?: string; readonly tag?: string; readonly limit: number }

const COLORS: Readonly<Record<string, Style>> = { completed: "green", cached: "cyan", failed: "red", cancelled: "yellow", skipped: "yellow", running: "cyan", interrupted: "red" };

export function colored(t: Terminal, status: string): string {
  const color = COLORS[status];
  return color === undefined ? status : t.style(status, color);
}

/** Of runs, as `--status` takes them. */
export const RUN_STATUSES = ["completed", "failed", "cancelled", "running", "interrupted"];

/** `mlstack run list`. */
export async function runList(flags: ListFlags): Promise<void> {
  const { pipeline, status, tag, limit } = flags;
  if (status !== undefined && !RUN_STATUSES.includes(status)) {
    const near = didYouMean(status, RUN_STATUSES);
    throw new MlstackError("MLS7001", `--status is ${JSON.stringify(status)}`, { why: `it is one of ${RUN_STATUSES.join(", ")}`, fix: near === undefined ? "mlstack run list --help" : `mlstack run list --status ${near}` });
  }
  await withReader(flags, async (engine) => {
    const runs = await currentRuns(engine, { pipeline, status: status as RunStatus | undefined, tag, limit });
    if (flags.json === true) {
      writeJson("run-list", runs.map((r) => ({ run: r.id, name: r.name, pipeline: r.pipeline, status: r.status, startedAt: iso(r.started_at), endedAt: iso(r.ended_at), tags: JSON.parse(r.tags_json) as string[] })));
      return;
    }
    if (runs.length === 0) { stderr(flags).line(await nothing(engine, flags)); return; }
    const t = stdout(flags);
    const tags = runs.map((r) => (JSON.parse(r.tags_json) as string[]).join(" "));
    const hasNames = t.plain || runs.some((r) => r.name !== null);
    const rows = runs.map((r, i) => [r.id, ...(hasNames ? [r.name ?? ""] : []), r.pipeline, colored(t, r.status), t.isTTY ? ago(r.started_at, Date.now()) : iso(r.started_at), r.ended_at === null ? "" : duration(r.ended_at - r.started_at), tags[i]!]);
    const hasTags = t.plain || tags.some((text) => text !== "");
    printTable(t, ["RUN", ...(hasNames ? ["NAME"] : []), "PIPELINE", "STATUS", "STARTED", "TOOK", ...(hasTags ? ["TAGS"] : [])], hasTags ? rows : rows.map((row) => row.slice(0, -1)), [hasNames ? 5 : 4]);
  });
}

/** Why the list is empty: there are no runs, or none that were asked for. */
async function nothing({ records }: Engine, { pipeline, status, tag }: ListFlags): Promise<string> {
  const others = await records.runs({ limit: 200 });
  if (others.length === 0) return "no runs yet; start one: mlstack run FILE";
  const names = [...new Set(others.map((r) => r.pipeline))];
  const near = pipeline === undefined || names.includes(pipeline) ? undefined : didYouMean(pipeline, names);
  return `no run ${[...(pipeline === undefined ? [] : [`of the pipeline ${JSON.stringify(pipeline)}`]), ...(tag === undefined ? [] : [`with the tag ${JSON.stringify(tag)}`]), ...(status === undefined ? [] : [`that is ${status}`])].join(" ")}${near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`}`;
}
