import { z } from "zod";

export const reason = z.strictObject({
  rule: z.string(),
  message: z.string(),
  fix: z.string(),
  at: z.string().optional(),
});

export const artifactKind = z.enum(["data", "model", "metrics", "report", "other"]);

// a run names the calls that a map makes ID@ITEM: an id must never look like one of them
const nodeId = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/);

/** One output of one node. In a map's body, the output `item` of the map is the item. */
const source = z.strictObject({ node: nodeId, output: z.string() });

const condition = z.strictObject({ source, equals: z.boolean() });

const common = {
  /** Unique in the whole plan, bodies included. */
  id: nodeId,
  /** Nodes that must have ended before, besides those that inputs come from. */
  after: z.array(nodeId),
  /** All must hold, else the node is skipped. Those of a map hold for its body too and are not repeated there. */
  conditions: z.array(condition),
};

export const retry = z.strictObject({ attempts: z.int().positive(), delayMs: z.number(), backoff: z.number() });
export const resources = z.strictObject({ cpu: z.number().optional(), memory: z.number().optional(), gpu: z.strictObject({ count: z.number(), type: z.string().optional() }).optional() });
export const settings = z.record(z.string(), z.record(z.string(), z.json()));

/** What holds for this call alone, in the place of what its step says: see `callOptionsOf`. */
const ownOptions = z.strictObject({
  retry: retry.optional(),
  timeoutMs: z.number().positive().optional(),
  resources: resources.optional(),
  settings: settings.optional(),
  tags: z.array(z.string()).optional(),
});

const stepNode = z.strictObject({
  kind: z.literal("step"),
  ...common,
  /** A key of `steps`. */
  step: z.string(),
  inputs: z.record(z.string(), z.union([source, z.array(source)])),
  /** Values as tagged JSON; `opaque` for one that JSON can't carry, which exists in the compiling process only. */
  params: z.record(z.string(), z.union([z.strictObject({ value: z.json() }), z.strictObject({ data: z.enum(["file", "dir", "dataset"]), uri: z.string() }), z.strictObject({ opaque: z.literal(true) })])),
  /** Why this call can't be cached, besides its step's reasons. */
  uncached: z.array(reason),
  /** Left out where all is as its step says. */
  options: ownOptions.optional(),
});

const mapNode = z.strictObject({
  kind: z.literal("map"),
  ...common,
  /** The list; the body is called once per item of it. */
  over: source,
  /** A JSON array of strings, one per item; null where items are told apart by content and place. */
  keys: source.nullable(),
  /** `collect`: an item whose body fails becomes a failure in the results, and the map goes on. */
  onFailure: z.enum(["fail", "collect"]),
  get body(): z.ZodArray<z.ZodType<PlanNode>> { return z.array(planNode); },
  /** By name, what of the body each result is a list of: an output of a node of the body, or the item. */
  outputs: z.record(z.string(), source),
  outputTypes: z.record(z.string(), z.strictObject({ format: z.literal("list/1"), items: z.string(), kind: artifactKind })),
});

const chooseNode = z.strictObject({
  kind: z.literal("choose"),
  ...common,
  /** Which source a result is taken from is said by `condition`; the other may have been skipped. */
  outputs: z.record(z.string(), z.strictObject({ whenTrue: source, whenFalse: source })),
  condition: source,
});

/** A node of a plan: a call of a step, a map over a list, or the result of a condition with two branches. */
export const planNode: z.ZodType<PlanNode> = z.discriminatedUnion("kind", [stepNode, mapNode, chooseNode]);

export type PlanSource = z.output<typeof source>;
export type PlanCondition = z.output<typeof condition>;
/** A call of a step. */
export type PlanStepNode = z.output<typeof stepNode>;
/** A map: expanded to calls when its list is there. */
export interface PlanMapNode extends PlanNodeCommon {
  kind: "map";
  over: PlanSource;
  keys: PlanSource | null;
  onFailure: "fail" | "collect";
  body: PlanNode[];
  outputs: Record<string, PlanSource>;
  outputTypes: Record<string, { format: "list/1"; items: string; kind: z.output<typeof artifactKind> }>;
}
/** The result of a condition with two branches. */
export type PlanChooseNode = z.output<typeof chooseNode>;
export type PlanNode = PlanStepNode | PlanMapNode | PlanChooseNode;

interface PlanNodeCommon { id: string; after: string[]; conditions: PlanCondition[] }

/** Whether a node is a call of a step. */
export function isStepNode(node: PlanNode): node is PlanStepNode {
  return node.kind === "step";
}

/** Every output that a node itself waits for, with repetitions. What only the body of a map reads is not among them. */
export function planSources(node: PlanNode): PlanSource[] {
  const conditions = node.conditions.map((c) => c.source);
  if (node.kind === "step") return [...Object.values(node.inputs).flat(), ...conditions];
  if (node.kind === "map") return [node.over, ...(node.keys === null ? [] : [node.keys]), ...conditions];
  return [...Object.values(node.outputs).flatMap((o) => [o.whenTrue, o.whenFalse]), node.condition, ...conditions];
}

/** The nodes and those of all bodies, a map before its body. */
export function* everyPlanNode(nodes: readonly PlanNode[]): Generator<PlanNode, void, undefined> {
  for (const node of nodes) {
    yield node;
    if (node.kind === "map") yield* everyPlanNode(node.body);
  }
}
