import { didYouMean, MlstackError, nameList } from "@mlstack/core";
import { json } from "../formats/json.ts";
import { list } from "../formats/list.ts";
import { settled, type Settled } from "../formats/settled.ts";
import { describe } from "./arguments.ts";
import { itemTarget, mapBody } from "./body.ts";
import { currentGraph } from "./build-scope.ts";
import type { Graph } from "./graph.ts";
import { makeRef, type RefTarget } from "./refs.ts";
import { bodyResult, shaped } from "./results.ts";
import type { PlaceOptions, Ref } from "./types.ts";
import { requireReadable, typeName } from "./wiring.ts";

/** What happens to a map when the body fails for an item: the map fails, or the failure takes the result's place in the list. */
export type OnFailure = "fail" | "collect";

/** What may be said where `map` is called. */
export interface MapOptions<F extends OnFailure = OnFailure> extends PlaceOptions {
  /** `fail` by default. */
  readonly onFailure?: F | undefined;
  /** A name per item, all different, by which calls are known from run to run; by default an item is known by its content and place. */
  readonly keys?: Ref<readonly string[]> | undefined;
}

/** What the body of a map, or a branch of `when`, may return. */
export type Refs = Ref<unknown> | Readonly<Record<string, Ref<unknown>>>;
type ItemResult<S, F extends OnFailure> = "collect" extends F ? Settled<S> : S;
/** The results of all items, in the items' order. */
export type MapResult<R, F extends OnFailure> = R extends Ref<infer S> ? Ref<ItemResult<S, F>[]>
  : R extends Refs ? { readonly [K in keyof R]: R[K] extends Ref<infer S> ? Ref<ItemResult<S, F>[]> : never } : void;

// NoInfer: what the result is used for says nothing about what the body returns
/**
 * Calls the body once per item of a list, in parallel. The list is known only when the run is there, so the body is run once, while the
 * plan is made, with a reference that stands for every item. An empty list gives empty results.
 *
 * @param items an output that is declared as `list(T)`
 * @throws MLS1004, MLS1007, MLS1008 for mistakes
 * @example
 * const scores = map(items, (item) => score({ item, model }));
 */
export function map<T, R extends Refs | void, F extends OnFailure = "fail">(items: Ref<readonly T[]>, body: (item: Ref<T>) => R, options?: MapOptions<F>): MapResult<NoInfer<R>, NoInfer<F>> {
  // from here on it is data: the types above have done their work
  return mapOver(currentGraph("map"), items, body as (item: Ref<unknown>) => unknown, options ?? {}) as MapResult<R, F>;
}

function mapOver(graph: Graph, items: unknown, work: (item: Ref<unknown>) => unknown, options: MapOptions): unknown {
  checkOptions(work, options);
  const over = graph.target(items, "map");
  const itemType = over.type.items;
  if (over.type.optional || over.type.settled !== undefined || itemType === undefined) throw noList(over);
  const keys = options.keys === undefined ? undefined : requireReadable(graph.target(options.keys, '"keys" of map'), json(), '"keys" of map');
  const after = graph.after(options, "map");
  const body = mapBody(graph.body, options.id === undefined ? undefined : graph.name(options.id));
  const result = graph.within(body, () => {
    const returned = bodyResult(graph, work(makeRef(itemTarget(graph, body, itemType))), "the body of a map");
    for (const [name, target] of Object.entries(returned?.targets ?? {})) checkResult(name, target, body);
    return returned;
  });
  const { id } = body;
  if (id === undefined || body.nodes.length === 0) throw new MlstackError("MLS1008", "the body of a map calls no step", { fix: "call a step with the item, or read the list itself" });
  const { onFailure = "fail" } = options;
  const targets = result?.targets ?? {};
  const types = Object.entries(targets).map(([name, { type }]) => [name, list(onFailure === "collect" ? settled(type) : type)] as const);
  graph.add({ kind: "map", id, over, keys, onFailure, body: body.nodes, outputs: targets, after, conditions: graph.body.conditions });
  const refs = Object.fromEntries(types.map(([name, type]) => [name, graph.ref(id, name, type)]));
  return result === undefined ? undefined : shaped(result.single, refs, `the map "${id}"`);
}

function checkOptions(work: unknown, options: MapOptions): void {
  const invalid = (message: string, fix: string) => new MlstackError("MLS1008", `map is invalid: ${message}`, { fix });
  if (typeof work !== "function") throw invalid(`its body is ${describe(work)}`, "write map(items, (item) => someStep({ item }))");
  if (typeof options !== "object" || options === null) throw invalid(`its options are ${describe(options)}`, 'write map(items, body, { onFailure: "collect" })');
  const known = ["after", "id", "keys", "onFailure"];
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw invalid(`it has no option "${key}", its options are ${nameList(known)}`, `write ${didYouMean(key, known) ?? "one of these"}`);
  }
  if (options.onFailure !== undefined && options.onFailure !== "fail" && options.onFailure !== "collect") throw invalid(`onFailure is ${describe(options.onFailure)}`, 'write onFailure: "collect", or leave it out');
}

function checkResult(name: string, target: RefTarget, body: RefTarget["body"]): void {
  const found = `"${target.node}.${target.output}"`;
  if (target.body !== body) {
    throw new MlstackError("MLS1008", `the body of a map returned ${found}, which was made outside of it`, { why: "what map returns has one result per item", fix: `use ${found} itself where it is needed`, details: { output: name } });
  }
  if (target.type.optional) {
    throw new MlstackError("MLS1008", `the body of a map returned ${found}, which may have no value`, { why: "a list has all of its items", fix: "give when a second branch, or use the value inside of the body", details: { output: name } });
  }
}

function noList(over: RefTarget): MlstackError {
  const isOptional = over.type.optional === true;
  return new MlstackError("MLS1007", `map was given "${over.node}.${over.output}", which is a ${typeName(over.type)}`, {
    why: "it needs a list, whose items are artifacts of their own",
    fix: isOptional ? "call map inside of the branch that the list is made in" : "declare that output as list(…): list(json(Item)) in the place of json(z.array(Item))",
    details: { found: typeName(over.type) },
  });
}
