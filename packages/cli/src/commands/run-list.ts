import { ago, duration } from "../ui/format.ts";
import { iso, stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { table, type Style, type Terminal } from "../ui/terminal.ts";
import { withReader } from "./with-engine.ts";

interface ListFlags extends GlobalFlags { readonly pipeline?: string; readonly status?: string; readonly limit: number }

const COLORS: Readonly<Record<string, Style>> = { completed: "green", cached: "cyan", failed: "red", cancelled: "yellow", skipped: "yellow", running: "cyan", interrupted: "red" };

export function colored(t: Terminal, status: string): string {
  const color = COLORS[status];
  return color === undefined ? status : t.style(status, color);
}

/** `mlstack run list`. */
export async function runList(flags: ListFlags): Promise<void> {
  await withReader(flags, async (engine) => {
    const found = await engine.records.runs({ pipeline: flags.pipeline, status: flags.status, limit: flags.limit });
    // what is driven elsewhere is asked for; out of reach, it is shown as it was last
    const runs = await Promise.all(found.map(async (r) => (r.journal === "store" && r.status === "running" ? engine.sync(r.id).catch(() => r) : r)));
    if (flags.json === true) {
      writeJson(runs.map((r) => ({ run: r.id, pipeline: r.pipeline, status: r.status, startedAt: iso(r.started_at), endedAt: iso(r.ended_at), tags: JSON.parse(r.tags_json) as unknown })));
      return;
    }
    if (runs.length === 0) { stderr(flags).line("no runs yet; start one: mlstack run FILE"); return; }
    const t = stdout(flags);
    const head = ["RUN", "PIPELINE", "STATUS", "STARTED", "TOOK"].map((h) => t.style(h, "dim"));
    const rows = runs.map((r) => [r.id, r.pipeline, colored(t, r.status), t.isTTY ? ago(r.started_at, Date.now()) : iso(r.started_at)!, r.ended_at === null ? "" : duration(r.ended_at - r.started_at)]);
    for (const line of table([head, ...rows], [4])) t.line(line);
  });
}
