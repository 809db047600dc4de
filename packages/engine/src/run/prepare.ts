import type { ArtifactPointer, DataPointer } from "@mlstack/core";
import { callOptionsOf, type PlanSource, type PlanStepNode } from "@mlstack/pipeline";
import { stepZone, zoneOfProcess } from "../step/zone.ts";
import { hereOnly, type Prepared } from "./attempt.ts";
import type { Drive } from "./drive.ts";
import { beatKey, silenceOf } from "./heartbeat.ts";
import { valueOf, type NodeState } from "./node-states.ts";
import { pointersOf } from "./step-outcome.ts";
import { stepKey, type StepKey } from "./step-key.ts";

/** What a node's key is made with. */
export interface Keying extends Pick<Drive, "plan" | "data" | "launch" | "liveParams" | "componentFingerprint"> {
  readonly io: Pick<Drive["io"], "artifacts">;
}

/** What of a step is known when it is about to start, and its key. */
export interface Keyed {
  readonly inputs: Readonly<Record<string, ArtifactPointer>>;
  readonly data: Readonly<Record<string, DataPointer>>;
  readonly zone: string | null;
  readonly key: StepKey;
}

/** Resolves a node's inputs, which must all be there, and computes its key. */
export async function keyed(d: Keying, state: NodeState, node: PlanStepNode): Promise<Keyed> {
  const step = d.plan.steps[node.step]!;
  const inputs: Record<string, ArtifactPointer> = {};
  for (const [port, source] of Object.entries(node.inputs)) {
    const pointer = Array.isArray(source) ? await listOf(d, state, source, step.inputs[port]!.reads[0]!) : valueOf(state.scope, source);
    if (pointer !== undefined) inputs[port] = pointer;
  }
  const data = Object.fromEntries(Object.entries(d.data.get(node.id) ?? {}).map(([name, r]) => [name, r.pointer]));
  const { launch } = d;
  const runsHere = launch.runsHere === true || hereOnly(d, { step, node }) !== undefined;
  const zone = !step.parts.zone ? null : runsHere ? zoneOfProcess() : stepZone(step.options.env, launch.sees === "project");
  return { inputs, data, zone, key: stepKey(step, node, { inputs, data, zone }, d.componentFingerprint) };
}

/** The same, with all that the step is started with. */
export async function prepare(d: Drive, state: NodeState, node: PlanStepNode): Promise<Prepared> {
  const step = d.plan.steps[node.step]!;
  const { inputs, data, zone, key } = await keyed(d, state, node);
  const found = d.data.get(node.id) ?? {};
  const { launch } = d;
  const { timeoutMs, resources } = callOptionsOf(step, node);
  return {
    spec: {
      version: 1, runId: d.runId, project: d.project, node: state.id, attempt: 1, ordinal: d.ordinal, willRetry: false, plan: d.planDigest, inputs, data,
      files: d.files.get(node.step) ?? null, cache: d.cache, stack: d.stack, zone,
      // what steps of this machine log is sent from here: one writer, one connection
      trackedRun: launch.sees === "project" ? null : d.trackedRun, timeoutMs,
      driver: launch.sees === "bundle" ? { beat: beatKey({ run: d.runId, ordinal: d.ordinal }), silenceMs: silenceOf(launch) } : null,
      ...(resources !== null && { resources }),
    },
    ordinal: d.ordinal, pipeline: d.plan.pipeline.name, node, step, definition: d.steps.get(node.step), liveParams: d.liveParams.get(node.id),
    data: Object.fromEntries(Object.entries(found).flatMap(([name, r]) => ("open" in r ? [[name, r]] : []))),
    check: d.checks.get(node.step), env: Object.fromEntries(step.options.env.map((name) => [name, d.env[name]])),
    key,
  };
}

/** One list artifact of several outputs. */
async function listOf(d: Keying, state: NodeState, sources: readonly PlanSource[], format: string): Promise<ArtifactPointer> {
  const items = sources.map((s) => valueOf(state.scope, s)).filter((p) => p !== undefined);
  return pointersOf({ list: await d.io.artifacts.list({ format, kind: "data" }, items) })["list"]!;
}
