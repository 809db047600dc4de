import { artifacts } from "../artifacts/artifacts.ts";
import { builtAgain } from "../client/built-pipeline.ts";
import { runView, type ArtifactView } from "../client/views.ts";
import type { StackSpec } from "../stack/stack.ts";
import { LOCAL_STACK } from "../stack/stack.ts";
import { contentSpace } from "../store/content-space.ts";
import type { PipelineDefinition } from "@mlstack/pipeline";
import type { RunReport } from "../run/execute-run.ts";
import type { OpenDatabase } from "../records/open-database.ts";
import type { Harness } from "./harness.ts";
import { join } from "node:path";

/** The local stack with that many steps side by side, all in this process. */
export const parallel = (concurrency: number): StackSpec => ({ ...LOCAL_STACK, components: { ...LOCAL_STACK.components, orchestrator: { name: "o", flavor: "local", config: { concurrency, isolation: "inline" } } } });

/** The values of what a pipeline returned, in a run. */
export async function valuesOf(h: Harness, report: Pick<RunReport, "id">, pipeline: PipelineDefinition): Promise<unknown> {
  const row = await h.records.run(report.id);
  const view = await runView(row, h.records, async () => artifacts(contentSpace(await h.stack.artifactStore())), join(h.project.stateDir, "scratch", "test"), builtAgain(pipeline, row));
  return loaded(view.outputs);
}

async function loaded(value: unknown): Promise<unknown> {
  if (typeof value !== "object" || value === null) return value;
  if ("load" in value) return (value as ArtifactView).load();
  return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([k, v]) => [k, await loaded(v)] as const)));
}

/** The records of one run, without what is not folded. */
export function rowsOf(db: OpenDatabase, run: string): Record<string, unknown[]> {
  const all = Object.fromEntries(["steps", "attempts", "artifacts", "tracker_events"].map((t) => [t, db.raw.prepare(`select * from ${t} where run = ? order by 1, 2, 3`).all(run)]));
  const runs = db.raw.prepare("select * from runs where id = ?").all(run).map((r) => ({ ...r, heartbeat_at: 0 }));
  return { ...all, runs };
}
