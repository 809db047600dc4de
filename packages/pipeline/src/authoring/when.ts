import { didYouMean, MlstackError, nameList } from "@mlstack/core";
import { optional } from "../formats/optional.ts";
import { describe } from "./arguments.ts";
import { branch } from "./body.ts";
import { currentGraph } from "./build-scope.ts";
import type { Graph } from "./graph.ts";
import type { Refs } from "./map.ts";
import { makeRef, type RefTarget } from "./refs.ts";
import { bodyResult, shaped, type BodyResult } from "./results.ts";
import type { None, Ref } from "./types.ts";
import { isSameType, typeName } from "./wiring.ts";

/** What may be said where `when` is called with two branches. */
export interface WhenOptions {
  /** The name in the plan of what the branches result in; `choose` by default, with `_2`, `_3` where there are more. */
  readonly id?: string | undefined;
}

/** The result of one branch: there is none where it was skipped. */
export type WhenResult<R> = R extends Ref<infer D> ? Ref<D | undefined>
  : R extends Refs ? { readonly [K in keyof R]: R[K] extends Ref<infer D> ? Ref<D | undefined> : never } : void;
/** The result of the branch that was taken. */
export type EitherResult<A, B> = A extends Ref<infer D> ? (B extends Ref<infer E> ? Ref<D | E> : never)
  : A extends Refs ? { readonly [K in keyof A & keyof B]: A[K] extends Ref<infer D> ? (B[K] extends Ref<infer E> ? Ref<D | E> : never) : never } : void;
/** The shape that the second branch must have: that of the first. */
type SameShape<A> = A extends Ref<unknown> ? Ref<unknown> : [keyof A] extends [never] ? None | void : { readonly [K in keyof A]: Ref<unknown> };

// NoInfer: what the result is used for says nothing about what the branches return
/**
 * Calls steps only if a condition holds. Both branches are run while the plan is made, whatever the condition will be; the steps that are
 * called in the one that is not taken are skipped.
 *
 * With one branch, what it returns may have no value, and is read by inputs that are declared with `optional(…)`. With two, they return
 * the same formats, and the result is that of the one that was taken.
 *
 * @param condition the boolean output of a step, declared with `json`. For what is known while the plan is made, write `if`
 * @throws MLS1004, MLS1007, MLS1008 for mistakes
 * @example
 * const deployed = when(isGood({ metrics }), () => deploy({ model }));
 */
export function when<A extends Refs | void, B extends SameShape<A> = never>(condition: Ref<boolean>, then: () => A, otherwise?: () => B, options?: WhenOptions): [B] extends [never] ? WhenResult<NoInfer<A>> : EitherResult<NoInfer<A>, NoInfer<B>> {
  // from here on it is data: the types above have done their work
  return choose(currentGraph("when"), condition, then, otherwise, options ?? {}) as never;
}

function choose(graph: Graph, given: unknown, then: () => unknown, otherwise: (() => unknown) | undefined, options: WhenOptions): unknown {
  for (const key of Object.keys(options)) {
    if (key !== "id") throw new MlstackError("MLS1008", `when has no option "${key}": its only option is "id"`, { fix: `write ${didYouMean(key, ["id"]) ?? "id, or leave it out"}` });
  }
  const condition = requireCondition(graph.target(given, "the condition of when"));
  for (const work of otherwise === undefined ? [then] : [then, otherwise]) {
    if (typeof work !== "function") throw new MlstackError("MLS1008", `a branch of when is ${describe(work)}`, { fix: "write when(condition, () => someStep({ … }))" });
  }
  const first = branchResult(graph, condition, true, then);
  if (otherwise === undefined) return first.result && afterOne(graph, first);
  const second = branchResult(graph, condition, false, otherwise);
  const [a, b] = [first.result, second.result];
  if (a === undefined && b === undefined) return undefined;
  if (a === undefined || b === undefined || a.single !== b.single || !hasSameNames(a, b)) {
    throw new MlstackError("MLS1008", `the branches of when return different things: ${shapeOf(a)}, and ${shapeOf(b)}`, { why: "whichever is taken, the steps that follow read the same outputs", fix: "return outputs of the same names from both, or nothing from both" });
  }
  return afterTwo(graph, condition, a, b, options);
}

interface Branch { readonly body: RefTarget["body"]; readonly result: BodyResult | undefined }

function branchResult(graph: Graph, source: RefTarget, equals: boolean, work: () => unknown): Branch {
  const body = branch(graph.body, source, equals);
  return { body, result: graph.within(body, () => bodyResult(graph, work(), "a branch of when")) };
}

/** The steps' own outputs, which may have no value now. */
function afterOne(graph: Graph, { body, result }: Branch): unknown {
  const { single, targets } = result!;
  const refs = Object.entries(targets).map(([name, target]) => {
    if (target.body !== body) {
      throw new MlstackError("MLS1008", `a branch of when returned "${target.node}.${target.output}", which was made outside of it`, { why: "it has a value whether the condition holds or not", fix: "return the output of a step that is called in the branch, or give when a second branch" });
    }
    return [name, makeRef({ ...target, type: optional(target.type), body: graph.body })] as const;
  });
  return shaped(single, Object.fromEntries(refs), "the result of when");
}

function afterTwo(graph: Graph, condition: RefTarget, a: BodyResult, b: BodyResult, options: WhenOptions): unknown {
  const names = Object.keys(a.targets);
  const id = graph.name(options.id ?? "choose");
  const outputs = Object.fromEntries(names.map((name) => [name, { whenTrue: a.targets[name]!, whenFalse: b.targets[name]! }]));
  const refs = Object.entries(outputs).map(([name, { whenTrue, whenFalse }]) => {
    const [type, other] = [whenTrue.type, whenFalse.type];
    if (!isSameType(type, other)) {
      throw new MlstackError("MLS1007", `the branches of when return different formats: "${whenTrue.node}.${whenTrue.output}" is a ${typeName(type)}, "${whenFalse.node}.${whenFalse.output}" a ${typeName(other)}`, { fix: "declare both with the same artifact type", details: { output: name } });
    }
    return [name, graph.ref(id, name, other.optional ? optional(type) : type)] as const;
  });
  graph.add({ kind: "choose", id, condition, outputs, conditions: graph.body.conditions });
  return shaped(a.single, Object.fromEntries(refs), `"${id}"`);
}

function hasSameNames(a: BodyResult, b: BodyResult): boolean {
  const names = Object.keys(a.targets);
  return names.length === Object.keys(b.targets).length && names.every((name) => Object.hasOwn(b.targets, name));
}

function shapeOf(result: BodyResult | undefined): string {
  return result === undefined ? "nothing" : result.single ? "one output" : nameList(Object.keys(result.targets));
}

function requireCondition(target: RefTarget): RefTarget {
  const { format, optional: mayBeMissing, settled } = target.type;
  if (format === "json/1" && !mayBeMissing && settled === undefined) return target;
  throw new MlstackError("MLS1007", `the condition of when is "${target.node}.${target.output}", a ${typeName(target.type)}`, { why: "it must be a boolean, stored as json/1, that is there in every run", fix: mayBeMissing ? "call when inside of the branch that the condition is made in" : "declare the output as json(z.boolean())" });
}
