import { z } from "zod";
import { artifactKind, planNode, reason, resources, retry, settings, type PlanStepNode } from "./plan-node.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const outputType = z.strictObject({
  format: z.string(),
  kind: artifactKind,
  /** For lists: the format of the items. */
  items: z.string().optional(),
});

const inputType = z.strictObject({
  /** Format ids. */
  reads: z.array(z.string()),
  /** For lists: the format ids that the items may have. `mlstack.failure/1` is among them where the items are settled. */
  items: z.array(z.string()).optional(),
  /** It may be left without a value. */
  optional: z.literal(true).optional(),
  /** The value says whether something was made or why not. */
  settled: z.literal(true).optional(),
});

const moduleFingerprint = z.strictObject({ digest: sha256, symbols: z.record(z.string(), z.string()) });

/** A step as the plan knows it: once, however often it is called. */
const planStep = z.strictObject({
  name: z.string(),
  language: z.string(),
  /** Null for a step that has no identity: it runs inline only and is never cached. */
  identity: z.strictObject({ module: z.string(), export: z.string() }).nullable(),
  inputs: z.record(z.string(), inputType),
  outputs: z.record(z.string(), outputType),
  requires: z.record(z.string(), z.union([z.literal(true), z.string()])),
  uses: z.record(z.string(), z.union([z.literal("optional"), z.strictObject({ cache: z.literal("by-component") })])),
  /** What the step deploys, by the input that holds the model; of a predictor the formats that it reads. Left out where the step does not say. */
  serves: z.record(z.string(), z.strictObject({ kind: z.enum(["predictor", "format", "image"]), reads: z.array(z.string()).optional() })).optional(),
  /** What the step's own code and its surroundings add to the key. */
  parts: z.strictObject({
    code: z.strictObject({ digest: sha256, modules: z.record(z.string(), moduleFingerprint) }).nullable(),
    packages: z.strictObject({ digest: sha256, entries: z.record(z.string(), z.string()), /** What own code imports itself, and from which of the project's folders. */ roots: z.array(z.strictObject({ name: z.string(), from: z.string(), /** Of the package, where the name leads to another copy. */ folder: z.string().optional() })) }).nullable(),
    /** Such as `node/24`. */
    runtime: z.string(),
    /** `any`, or such as `linux-x64-glibc` where native code is reached. */
    platform: z.string(),
    /** Whether time zone and language of the process are part of the key, where they are not the usual ones (UTC, en-US). */
    zone: z.boolean(),
    /** Keyed hashes of declared environment variables; null for one that is not set. */
    env: z.record(z.string(), z.string().nullable()),
    /** Digests of declared files of the project. */
    files: z.record(z.string(), sha256),
    cacheVersion: z.string(),
  }),
  /** Why no call of this step can be cached; empty when it can. */
  uncached: z.array(reason),
  options: z.strictObject({
    retry,
    timeoutMs: z.number().positive().nullable(),
    resources: resources.nullable(),
    env: z.array(z.string()),
    files: z.array(z.string()),
    settings,
    tags: z.array(z.string()),
  }),
});

const catchUp = z.boolean().optional();
/** When the pipeline is to be run, by an orchestrator that can. */
const schedule = z.union([z.strictObject({ cron: z.string(), timeZone: z.string().optional(), catchUp }), z.strictObject({ everyMs: z.int().positive(), catchUp })]);

/**
 * A compiled pipeline: everything about a run that does not depend on where it runs. It holds no secret, no value of an environment
 * variable, and no absolute path.
 */
export const planSchema = z.strictObject({
  planVersion: z.literal(1),
  pipeline: z.strictObject({ name: z.string(), module: z.string().nullable(), tags: z.array(z.string()), schedule: schedule.optional() }),
  /** The pipeline's own parameters, as tagged JSON. */
  params: z.record(z.string(), z.json()),
  environment: z.strictObject({
    /** Of the code digest and of the key. */
    algorithms: z.strictObject({ code: z.string(), key: z.string() }),
    runtime: z.string(),
    platform: z.strictObject({ os: z.string(), arch: z.string(), libc: z.string().nullable() }),
  }),
  steps: z.record(z.string(), planStep),
  /** In an order in which every node comes after the nodes it depends on; so are the nodes of a map's body. */
  nodes: z.array(planNode),
  /** Manifest digest of the code bundle; null when no step has an identity. */
  bundle: sha256.nullable(),
});

export type Plan = z.output<typeof planSchema>;
export type PlanStep = z.output<typeof planStep>;

/** What holds for one call of a step: what was said for the call, else what the step says. */
export function callOptionsOf(step: PlanStep, node: Pick<PlanStepNode, "options">): PlanStep["options"] {
  return node.options === undefined ? step.options : { ...step.options, ...node.options } as PlanStep["options"];
}

/** The plan's JSON Schema (2020-12), published in the package as `schemas/plan.v1.json`. */
export function planJsonSchema(): unknown {
  return { $id: "https://mlstack.dev/schemas/plan.v1.json", title: "mlstack plan, version 1", ...z.toJSONSchema(planSchema) };
}
