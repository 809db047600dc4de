import type { CacheMiss } from "@mlstack/core";
import { everyPlanNode, isStepNode, planSources, type PlanNode, type UncachedReason } from "@mlstack/pipeline";
import { choose, collect, expand, truth, type Reading } from "../run/expand.ts";
import { find, nodeStates, type NodeState } from "../run/node-states.ts";
import { keyed, type Keying } from "../run/prepare.ts";
import { lookUp } from "../run/cache-lookup.ts";
import { pointersOf } from "../run/step-outcome.ts";
import { isKnownWork } from "../run/step-key.ts";
import type { ActionEntry, ActionSpace } from "../store/action-space.ts";
import type { Layers } from "../store/layers.ts";
import { sideBySide } from "../store/side-by-side.ts";

/** What is going to become of a step. `unknown`: it depends on what a step gives that is not known before it runs. */
export type Verdict = "cached" | "run" | "unknown" | "skipped";

/** A step of the plan, and what a run of it now would do. The body of a map whose items are not known stands for all of them. */
export interface ForeseenStep {
  readonly node: string;
  /** Its key in the plan's `steps`. */
  readonly step: string;
  readonly verdict: Verdict;
  readonly key: string | null;
  readonly parts: Readonly<Record<string, string>> | undefined;
  /** Of one that is never cached. */
  readonly reasons: readonly UncachedReason[];
  /** Why the cache has no result, where it was asked. */
  readonly miss: CacheMiss | undefined;
  /** The result that it is served with. */
  readonly entry: ActionEntry | undefined;
  /** Of one that is cached because a step with the same key runs before it: that step. */
  readonly sharedWith: string | undefined;
  /** Nodes whose results decide. */
  readonly waitsFor: readonly string[];
  /** The condition that does not hold. */
  readonly condition: string | undefined;
}

/** What a run would be started with. */
export interface ForecastInput extends Keying, Reading {
  readonly layers: Layers;
  readonly io: Reading["io"];
  readonly actions: ActionSpace;
  readonly cache: "use" | "refresh" | "off";
  /** Why the result of a node's last execution was for nobody else, which only shows while a step runs; empty where it was stored, or is not known. */
  notStored(node: string): Promise<readonly UncachedReason[]>;
}

/** Whether a step that has no key is one that its author wants to be run each time. */
export const isMeantToRun = (reasons: readonly UncachedReason[]): boolean => reasons.length > 0 && isKnownWork(reasons);

/** How many nodes are looked up side by side. */
const WIDTH = 16;

type Look = Omit<Partial<ForeseenStep>, "node" | "step"> & Pick<ForeseenStep, "verdict">;

/**
 * Goes through a plan as a run does, as far as results are known, and runs nothing. In the plan's order.
 *
 * Nothing is taken to fail: what is `cached` is skipped in a run where a step that it stands behind, or one of the same item of a map, fails.
 */
export async function forecast(f: ForecastInput): Promise<readonly ForeseenStep[]> {
  const seen = new Map<string, ForeseenStep>();
  /** Nodes whose outputs are not known. */
  const open = new Set<NodeState>();
  /** Maps whose outputs are known, and that fail if one of the steps fails that run in them. */
  const mayFail = new Set<NodeState>();
  /** By key, the step that runs. */
  const runsFirst = new Map<string, string>();

  const openBefore = (state: NodeState, nodes: readonly string[]): string[] => [...new Set(nodes)].filter((id) => open.has(find(state.scope, id))).map((id) => find(state.scope, id).id);

  /** Whether a node is going to be there; or the nodes that decide it. */
  async function isWanted(state: NodeState): Promise<{ readonly unmet?: string; readonly waitsFor: readonly string[] }> {
    const waitsFor: string[] = [];
    for (const { source, equals } of state.node.conditions) {
      const undecided = openBefore(state, [source.node]);
      if (undecided.length > 0) { waitsFor.push(...undecided); continue; }
      const value = await truth(f, state, source);
      if (value !== equals) return { unmet: `${source.node}.${source.output}`, waitsFor: [] };
    }
    return { waitsFor };
  }

  async function lookAtStep(state: NodeState, node: Extract<PlanNode, { kind: "step" }>): Promise<Look> {
    const { unmet, waitsFor } = await isWanted(state);
    if (unmet !== undefined) return { verdict: "skipped", condition: unmet };
    if (waitsFor.length > 0) return { verdict: "unknown", waitsFor };
    const step = f.plan.steps[node.step]!;
    const reasons = [...step.uncached, ...node.uncached] as UncachedReason[];
    if (reasons.length > 0) return { verdict: "run", reasons };
    if (f.cache === "off") return { verdict: "run", miss: "not-read" };
    const undecided = openBefore(state, Object.values(node.inputs).flat().map((s) => s.node));
    if (undecided.length > 0) return { verdict: "unknown", waitsFor: undecided };
    const { key } = await keyed(f, state, node);
    if (key.key === null) return { verdict: "run", reasons: key.reasons };
    const known = { key: key.key, parts: key.parts };
    if (f.cache === "refresh") return { verdict: "run", miss: "not-read", ...known };
    const found = await lookUp(key.key, { run: "", node: state.id, ordinal: 0 }, f.actions, f.layers);
    return found.hit ? { verdict: "cached", entry: found.entry, ...known } : { verdict: "run", miss: found.reason, ...known };
  }

  /** A step with the same key that runs before a node: its result is the node's, too, unless it is not going to be served. */
  async function sharedBy(state: NodeState, { verdict, key, miss }: Look): Promise<string | undefined> {
    const before = verdict === "run" && typeof key === "string" ? runsFirst.get(key) : undefined;
    if (before === undefined) return undefined;
    // executions that differed, or what can't be read, stay in the way of a result that is made now; a run that reads no results was not asked
    const why = f.cache === "refresh" ? await lookedUp(state, key!) : miss;
    return why === "non-deterministic" || why === "unreadable" ? undefined : before;
  }

  async function lookedUp(state: NodeState, key: string): Promise<CacheMiss | undefined> {
    const found = await lookUp(key, { run: "", node: state.id, ordinal: 0 }, f.actions, f.layers);
    return found.hit ? undefined : found.reason;
  }

  async function foresee(state: NodeState, node: Extract<PlanNode, { kind: "step" }>, asked: Look): Promise<void> {
    const first = await sharedBy(state, asked);
    // one that kept its result to itself the last time may do so again
    const isKept = first !== undefined && (await f.notStored(first)).length > 0;
    const before = isKept ? undefined : first;
    const look: Look = isKept ? { ...asked, verdict: "unknown", miss: undefined, waitsFor: [first] } : asked;
    const verdict = before === undefined ? look.verdict : "cached";
    if (verdict === "run" && typeof look.key === "string") runsFirst.set(look.key, state.id);
    seen.set(state.id, { key: null, parts: undefined, reasons: [], miss: undefined, entry: undefined, waitsFor: [], condition: undefined, ...look, node: state.id, step: node.step, verdict, sharedWith: before });
    if (look.entry !== undefined) state.outputs = pointersOf(look.entry.outputs);
    else if (verdict !== "skipped") open.add(state);
    state.status = verdict === "skipped" ? "skipped" : "cached";
    if (look.condition !== undefined) state.condition = look.condition;
  }

  const ready = [...nodeStates(f.plan).states.values()].filter((s) => s.waiting === 0);

  async function settle(state: NodeState): Promise<void> {
    for (const next of state.dependents) if (--next.waiting === 0) ready.push(next);
    const { item } = state;
    if (item === undefined || --item.open > 0 || --item.map.open > 0) return;
    await finishMap(item.map.state);
  }

  async function finishMap(state: NodeState): Promise<void> {
    const { map } = state;
    const runs = map!.items.some((item) => [...item.scope.states.values()].some((s) => open.has(s) || mayFail.has(s)));
    // where failures are collected, what an item gives hangs on every step in it, also on those that lead to no output
    const undecided = map!.node.onFailure === "collect" ? runs : map!.items.some((item) => Object.values(map!.node.outputs).some((source) => open.has(find(item.scope, source.node))));
    if (runs && !undecided) mayFail.add(state);
    try {
      if (undecided) open.add(state); else state.outputs = pointersOf(await collect(f, map!));
    } catch { open.add(state); }
    state.status = "cached";
    await settle(state);
  }

  /** Nothing of a map is known but that it is there, or waits for the same. */
  function foreseeBody(state: NodeState, body: readonly PlanNode[], waitsFor: readonly string[], condition?: string): void {
    for (const node of [...everyPlanNode(body)].filter(isStepNode)) {
      const id = node.id + state.scope.suffix;
      seen.set(id, { node: id, step: node.step, verdict: condition === undefined ? "unknown" : "skipped", key: null, parts: undefined, reasons: [], miss: undefined, entry: undefined, sharedWith: undefined, waitsFor, condition });
    }
  }

  async function visitOther(state: NodeState): Promise<void> {
    const { node } = state;
    const { unmet, waitsFor } = await isWanted(state);
    if (unmet !== undefined) {
      if (node.kind === "map") foreseeBody(state, node.body, [], unmet);
      Object.assign(state, { status: "skipped", condition: unmet });
      return settle(state);
    }
    if (node.kind === "map") return visitMap(state, node, waitsFor);
    if (node.kind === "choose") {
      const taken = [...waitsFor, ...openBefore(state, [node.condition.node])].length > 0 ? undefined : await truth(f, state, node.condition);
      const sources = taken === undefined ? planSources(node) : Object.values(node.outputs).map((o) => (taken ? o.whenTrue : o.whenFalse));
      if (waitsFor.length > 0 || openBefore(state, [node.condition.node, ...sources.map((s) => s.node)]).length > 0) open.add(state);
      else state.outputs = await choose(f, state);
    }
    state.status = "cached";
    return settle(state);
  }

  async function visitMap(state: NodeState, node: Extract<PlanNode, { kind: "map" }>, waitsFor: readonly string[]): Promise<void> {
    const undecided = [...waitsFor, ...openBefore(state, [node.over.node, ...(node.keys === null ? [] : [node.keys.node])])];
    if (undecided.length > 0) {
      foreseeBody(state, node.body, undecided);
      open.add(state);
      state.status = "cached";
      return settle(state);
    }
    state.status = "running";
    const { map, ready: begun } = await expand(f, state, node);
    state.map = map;
    ready.push(...begun);
    return map.items.length === 0 ? finishMap(state) : undefined;
  }

  for (let at = 0; at < ready.length;) {
    const wave = ready.slice(at);
    at = ready.length;
    const looks = await sideBySide(wave, async (state) => (state.node.kind === "step" ? lookAtStep(state, state.node) : undefined), WIDTH);
    for (const [i, state] of wave.entries()) {
      const look = looks[i];
      if (state.node.kind !== "step" || look === undefined) { await visitOther(state); continue; }
      await foresee(state, state.node, look);
      await settle(state);
    }
  }
  const order = new Map([...everyPlanNode(f.plan.nodes)].map((n, i) => [n.id, i]));
  const placeOf = (id: string) => order.get(id.split("@", 1)[0]!) ?? order.size;
  return [...seen.values()].toSorted((a, b) => placeOf(a.node) - placeOf(b.node));
}
