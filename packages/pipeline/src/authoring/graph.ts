import { MlstackError, type ArtifactType, type StepCallOptions, type StepDefinition } from "@mlstack/core";
import { describe, parseParams, unknownArgument } from "./arguments.ts";
import { isKnownIn, leaked, type Body, type GraphNode, type InputSource, type MapBody } from "./body.ts";
import { makeRef, outputRefs, refTarget, type RefTarget } from "./refs.ts";
import type { CallOptions, PlaceOptions, Ref } from "./types.ts";
import { requireReadable } from "./wiring.ts";

const ID = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/;

/** Collects the calls of one build. */
export class Graph {
  readonly nodes: GraphNode[] = [];
  readonly #ids = new Map<string, number>();
  #body: Body = { kind: "build", parent: undefined, nodes: this.nodes, conditions: [] };
  /** Bodies of maps that have made no call yet, from the outermost. */
  #unnamed: MapBody[] = [];

  /** Where calls are made now. */
  get body(): Body { return this.#body; }

  call(step: StepDefinition, args: Readonly<Record<string, unknown>>, options: CallOptions = {}): unknown {
    const id = this.name(options.id ?? step.name);
    for (const map of this.#unnamed.splice(0)) map.id = this.name(`map_${step.name}`);
    for (const key of Object.keys(args)) if (!Object.hasOwn(step.inputs, key) && !Object.hasOwn(step.params, key)) throw unknownArgument(step, key);
    const inputs = Object.fromEntries(Object.entries(step.inputs).map(([port, type]) => [port, this.#source(step, port, type, args[port])]));
    const params = parseParams(step.params, args, `the step "${step.name}"`, Object.keys(step.inputs));
    const { id: _id, after: _after, ...own } = options;
    this.add({ kind: "step", id, step, inputs, params, options: own satisfies StepCallOptions, after: this.after(options, `the step "${step.name}"`), conditions: this.#body.conditions });
    const refs: Record<string, Ref<unknown>> = {};
    for (const [output, type] of Object.entries(step.outputs)) refs[output] = this.ref(id, output, type);
    return step.single ? refs["output"] : outputRefs(`the step "${step.name}"`, refs);
  }

  /** A name that is not taken: the one that is wanted, or that with a number. */
  name(wanted: string): string {
    if (typeof wanted !== "string" || !ID.test(wanted)) {
      throw new MlstackError("MLS1008", `the id ${describe(wanted)} is invalid: it must begin with a letter and hold letters, digits, _, - and . only`, { why: "it names the call in lists, folders and commands", fix: "give another id, or leave it out" });
    }
    let n = (this.#ids.get(wanted) ?? 0) + 1;
    let id = n === 1 ? wanted : `${wanted}_${n}`;
    while (n > 1 && this.#ids.has(id)) id = `${wanted}_${++n}`;
    this.#ids.set(wanted, n);
    if (id !== wanted) this.#ids.set(id, 1);
    return id;
  }

  /** Runs a function whose calls are made in a body. */
  within<T>(body: Body, work: () => T): T {
    const before = this.#body;
    this.#body = body;
    const map = body.kind === "map" ? (body as MapBody) : undefined;
    if (map !== undefined && map.id === undefined) this.#unnamed.push(map);
    try {
      return work();
    } finally {
      this.#body = before;
      this.#unnamed = this.#unnamed.filter((b) => b !== map);
    }
  }

  /** Adds a node to the body that calls are made in now. */
  add(node: GraphNode): void { this.#body.nodes.push(node); }

  /** A reference that is known in the body that calls are made in now. */
  ref(node: string, output: string, type: ArtifactType<unknown>): Ref<unknown> {
    return makeRef({ graph: this, node, output, type, body: this.#body });
  }

  /** What a reference stands for, if it may be used here. */
  target(given: unknown, where: string): RefTarget {
    const target = refTarget(given);
    const fix = "pass what an earlier step call of the same build function returned";
    if (target === undefined) throw new MlstackError("MLS1004", `${where} was given ${describe(given)}`, { why: "expected an output of an earlier step", fix });
    if (target.graph !== this) throw new MlstackError("MLS1004", `${where} was given an output of another pipeline or of another build`, { fix });
    if (!isKnownIn(target.body, this.#body)) throw leaked(target, where);
    return target;
  }

  /** The nodes that a call names in `after`. */
  after(options: PlaceOptions, owner: string): string[] {
    const targets = (options.after ?? []).map((r) => this.target(r, `"after" of ${owner}`));
    // an item is there before its body begins
    return [...new Set(targets.filter((t) => t.isItem !== true).map((t) => t.node))];
  }

  /** Refuses a result of the build that names what is not known in it. */
  requireKnown(result: unknown, where: string, seen = new Set<unknown>()): void {
    if (typeof result !== "object" || result === null || seen.has(result)) return;
    seen.add(result);
    if (refTarget(result) !== undefined) this.target(result, where);
    else for (const part of Object.values(result)) this.requireKnown(part, where, seen);
  }

  #source(step: StepDefinition, port: string, type: ArtifactType<unknown>, given: unknown): InputSource {
    const where = `the input "${port}" of the step "${step.name}"`;
    if (given === undefined) {
      throw new MlstackError("MLS1003", `${where} is missing`, { why: `it takes a ${type.format}`, fix: `pass an output of an earlier step as ${port}`, details: { step: step.name, input: port } });
    }
    if (Array.isArray(given) && type.items !== undefined) {
      const items = type.items;
      return given.map((g: unknown, i) => requireReadable(this.target(g, `item ${i} of ${where}`), items, `item ${i} of ${where}`));
    }
    return requireReadable(this.target(given, where), type, where);
  }
}
