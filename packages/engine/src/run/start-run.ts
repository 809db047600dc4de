import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { ArtifactStore, DataPointer } from "@mlstack/core";
import { everyPlanNode, isStepNode, type CompiledPlan, type Plan } from "@mlstack/pipeline";
import { dataResolver, type ResolvedData } from "../data/data-resolver.ts";
import { shareData } from "../data/pointed-data.ts";
import type { Project } from "../project/project.ts";
import type { OpenDatabase } from "../records/open-database.ts";
import type { ContentSpace } from "../store/content-space.ts";
import { makeManifest, sha256 } from "../store/manifest.ts";
import { sideBySide } from "../store/side-by-side.ts";
import { shareFiles } from "./share-files.ts";

/** Sorts by time, and short enough to be typed: nine characters of time and seven of chance, in base 32 without look-alikes. */
export function newRunId(now: number): string {
  const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  let time = "";
  for (let t = now, i = 0; i < 9; i++, t = Math.floor(t / 32)) time = alphabet[t % 32]! + time;
  return time + [...randomBytes(7)].map((b) => alphabet[b % 32]!).join("");
}

/** Puts the plan and the code bundle where every step can find them, and the plan into the records. */
export async function keepPlan(compiled: CompiledPlan, content: ContentSpace, db: OpenDatabase): Promise<string> {
  const text = JSON.stringify(compiled.plan);
  const digest = sha256(text);
  await content.putBytes(text, digest);
  db.transaction(() => { db.prepare("insert into plans (digest, document) values (?, ?) on conflict do nothing").run(digest, text); });
  if (compiled.bundle !== undefined) {
    const files = await sideBySide(compiled.bundle.files, async ([path, bytes]) => ({ path, size: bytes.byteLength, sha256: await content.putBytes(bytes) }));
    await content.putManifest(makeManifest(files));
  }
  return digest;
}

/**
 * External data by plan node and parameter, as it is now.
 *
 * @param keeps whether digests are kept for the next run
 */
export async function resolveData(plan: Plan, project: Project, store: () => Promise<ArtifactStore>, scratch: string, keeps = true): Promise<Map<string, Record<string, ResolvedData>>> {
  const resolver = dataResolver(project.dir, join(project.stateDir, "data.json"), store, scratch);
  const data = new Map<string, Record<string, ResolvedData>>();
  for (const node of everyPlanNode(plan.nodes)) {
    if (!isStepNode(node)) continue;
    for (const [name, param] of Object.entries(node.params)) {
      if (!("data" in param)) continue;
      const of = data.get(node.id) ?? {};
      of[name] = await resolver.resolve(param.data, param.uri);
      data.set(node.id, of);
    }
  }
  if (keeps) resolver.save();
  return data;
}

/** Puts what steps read of this machine into the content space, for steps that will not see it. */
export async function shareWithSteps(plan: Plan, data: ReadonlyMap<string, Record<string, ResolvedData>>, project: Project, content: ContentSpace): Promise<{ data: Map<string, Record<string, { pointer: DataPointer }>>; files: Map<string, string> }> {
  const shared = new Map<string, Record<string, { pointer: DataPointer }>>();
  for (const [node, of] of data) {
    const pointers: Record<string, { pointer: DataPointer }> = {};
    for (const [name, { pointer }] of Object.entries(of)) pointers[name] = { pointer: await shareData(pointer, project.dir, content) };
    shared.set(node, pointers);
  }
  return { data: shared, files: await shareFiles(plan, project, content) };
}

/** The pipeline's parameters as trackers show them. */
export function plainParams(plan: Plan): Record<string, string | number | boolean> {
  return Object.fromEntries(Object.entries(plan.params).map(([k, v]) => [k, typeof v === "string" || typeof v === "number" || typeof v === "boolean" ? v : (v as { uri?: string } | null)?.uri ?? JSON.stringify(v)]));
}
