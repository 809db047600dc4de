import { isDeepStrictEqual } from "node:util";
import type { ArtifactPointer, DataPointer } from "@mlstack/core";
import { everyPlanNode, planSources, type Plan, type PlanNode } from "@mlstack/pipeline";
import type { Records } from "../records/records.ts";
import type { RunRow } from "../records/schema.ts";
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
 * What a run has done before it was interrupted, failed or cancelled, as far as it still counts: a finished step whose code, inputs or
 * parameters are others now is not finished.
 *
 * @param forced nodes that must run again whatever they did before
 */
export async function earlierWork(run: RunRow, before: Plan, now: Plan, forced: ReadonlySet<string>, records: Records, onKept: (node: string) => void): Promise<EarlierWork> {
  const [rows, stored, specs] = await Promise.all([records.steps(run.id), records.artifacts({ run: run.id, limit: 1_000_000 }), records.specs(run.id)]);
  const byNode = new Map(rows.map((r) => [r.node, r]));
  const outputs = new Map<string, Record<string, ArtifactPointer>>();
  for (const { node, output, manifest, identity, format, size } of stored) outputs.set(node, { ...outputs.get(node), [output]: { manifest, identity, format, size } });
  // a run that was resumed has had several plans, and a step belongs to the one that it was started with
  const plans = new Map<string, Plan>([[run.plan, before]]);
  for (const { spec } of specs.values()) if (!plans.has(spec.plan)) plans.set(spec.plan, await records.plan(spec.plan));
  const base = (id: string) => id.split("@", 1)[0]!;

  /** Of a step that has no key: whether it is the same work, as far as that can be told. */
  const sameWork = (id: string, inputs: Readonly<Record<string, ArtifactPointer>>, data: Readonly<Record<string, DataPointer>>, params: string): boolean => {
    const had = specs.get(id)?.spec;
    const plan = had === undefined ? undefined : plans.get(had.plan);
    if (had === undefined || plan === undefined) return false;
    const old = [...everyPlanNode(plan.nodes)].find((n) => n.id === base(id));
    const current = [...everyPlanNode(now.nodes)].find((n) => n.id === base(id));
    if (old?.kind !== "step" || current?.kind !== "step") return false;
    const [a, b] = [plan.steps[old.step]?.parts, now.steps[current.step]?.parts];
    const same = a !== undefined && b !== undefined && a.code?.digest === b.code?.digest && a.packages?.digest === b.packages?.digest && a.runtime === b.runtime && isDeepStrictEqual([a.env, a.files], [b.env, b.files]);
    const ports = new Set([...Object.keys(had.inputs), ...Object.keys(inputs)]);
    const names = new Set([...Object.keys(had.data), ...Object.keys(data)]);
    return same && JSON.stringify(old.params) === params && [...ports].every((p) => had.inputs[p]?.identity === inputs[p]?.identity) && [...names].every((n) => had.data[n]?.digest === data[n]?.digest);
  };

  return {
    finished(state, { key, inputs, data, params }) {
      const row = byNode.get(state.id);
      if (row === undefined || (row.status !== "completed" && row.status !== "cached") || forced.has(base(state.id))) return undefined;
      const same = row.key !== null && key !== null ? row.key === key : row.key === null && key === null && sameWork(state.id, inputs, data, params);
      if (!same) return undefined;
      onKept(state.id);
      return outputs.get(state.id) ?? {};
    },
    mustRun: (state) => forced.has(base(state.id)),
    attempts: (state) => specs.get(state.id)?.attempt ?? 0,
  };
}
