import type { ArtifactPointer } from "@mlstack/core";
import { everyPlanNode, planSources, type Plan, type PlanNode } from "@mlstack/pipeline";
import type { Records } from "../records/records.ts";
import type { EarlierWork } from "./drive.ts";

/** A step that is not the same as when the run was started, and what of it is not. */
export interface ChangedStep {
  readonly step: string;
  /** `src/model.ts: train`, `package zod`, `parameters`. */
  readonly what: readonly string[];
}

/** What has changed since a run was started. */
export function changedSteps(before: Plan, now: Plan): readonly ChangedStep[] {
  return Object.entries(now.steps).flatMap(([id, step]): ChangedStep[] => {
    const old = before.steps[id];
    if (old === undefined) return [{ step: step.name, what: ["new"] }];
    const what: string[] = [];
    const [a, b] = [old.parts.code, step.parts.code];
    if (a?.digest !== b?.digest) what.push(...changedSymbols(a?.modules ?? {}, b?.modules ?? {}));
    if (old.parts.packages?.digest !== step.parts.packages?.digest) what.push(...changedKeys(old.parts.packages?.entries ?? {}, step.parts.packages?.entries ?? {}).map((n) => `package ${n}`));
    for (const group of ["env", "files"] as const) what.push(...changedKeys(old.parts[group], step.parts[group]).map((n) => `${group === "env" ? "environment variable" : "file"} ${n}`));
    if (old.parts.runtime !== step.parts.runtime) what.push(`${old.parts.runtime} is now ${step.parts.runtime}`);
    return what.length === 0 ? [] : [{ step: step.name, what }];
  });
}

type Modules = Readonly<Record<string, { readonly symbols: Readonly<Record<string, string>> }>>;

function changedSymbols(before: Modules, now: Modules): string[] {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(now)])].toSorted();
  const found = paths.flatMap((path) => changedKeys(before[path]?.symbols ?? {}, now[path]?.symbols ?? {}).map((symbol) => `${path}: ${symbol}`));
  return found.length === 0 ? ["its code"] : found;
}

function changedKeys(a: Readonly<Record<string, string | null>>, b: Readonly<Record<string, string | null>>): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((k) => a[k] !== b[k]).toSorted();
}

/** The nodes that depend on one, itself included. */
export function downstream(plan: Plan, from: string): Set<string> {
  const reached = new Set([from]);
  const visit = (nodes: readonly PlanNode[]): void => {
    for (const node of nodes) {
      if ([...planSources(node).map((s) => s.node), ...node.after].some((id) => reached.has(id))) reached.add(node.id);
      if (node.kind !== "map") continue;
      // a body runs again where the map does, and the map gives something else where its body does
      if (reached.has(node.id)) for (const inner of everyPlanNode(node.body)) reached.add(inner.id);
      visit(node.body);
      if (node.body.some((inner) => reached.has(inner.id))) reached.add(node.id);
    }
  };
  visit(plan.nodes);
  return reached;
}

/**
 * What a run has done before it was interrupted, failed or cancelled, as far as it still counts: a finished step stays where it did the very work
 * that it would do now. Where that can't be known it does not stay.
 *
 * @param forced nodes that must run again whatever they did before
 */
export async function earlierWork(run: string, forced: ReadonlySet<string>, records: Records, onKept: (node: string) => void): Promise<EarlierWork> {
  const [rows, stored, attempts] = await Promise.all([records.steps(run), records.artifacts({ run, limit: 1_000_000 }), records.lastAttempts(run)]);
  const byNode = new Map(rows.map((r) => [r.node, r]));
  const outputs = new Map<string, Record<string, ArtifactPointer>>();
  for (const { node, output, manifest, identity, format, size } of stored) outputs.set(node, { ...outputs.get(node), [output]: { manifest, identity, format, size } });
  const isForced = (id: string) => forced.has(id.split("@", 1)[0]!);

  return {
    finished(state, work) {
      const row = byNode.get(state.id);
      if (row === undefined || (row.status !== "completed" && row.status !== "cached") || isForced(state.id)) return undefined;
      if (work === undefined || row.work !== work) return undefined;
      onKept(state.id);
      return outputs.get(state.id) ?? {};
    },
    mustRun: (state) => isForced(state.id),
    attempts: (state) => attempts.get(state.id) ?? 0,
  };
}
