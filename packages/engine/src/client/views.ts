import { decodeValue, MlstackError, type ArtifactType, type JsonObject, type JsonValue, type Preview, type SerializedError } from "@mlstack/core";
import { bytes, json, npy, refTarget, text, type Ref, type RefTarget } from "@mlstack/pipeline";
import type { Artifacts } from "../artifacts/artifacts.ts";
import type { Records } from "../records/records.ts";
import type { ArtifactRow, RunRow, RunStatus, StepRow, StepStatus } from "../records/schema.ts";
import type { BuiltPipeline } from "./built-pipeline.ts";

/** An artifact of a run. */
export interface ArtifactView<T = unknown> {
  readonly run: string;
  readonly node: string;
  readonly output: string;
  /** Hex SHA-256 of the manifest. */
  readonly digest: string;
  readonly format: string;
  readonly kind: string;
  /** In bytes. */
  readonly size: number;
  readonly metadata: JsonObject;
  readonly preview: Preview | undefined;
  /**
   * Loads the value.
   *
   * @param type needed where the artifact was not reached through its pipeline and its format is not a built-in one
   * @throws MLS3001, MLS3002 when bytes are missing or changed; MLS3008 when nothing here reads the format
   */
  load(): Promise<T>;
  load<U>(type: ArtifactType<U>): Promise<U>;
}

export interface StepView {
  readonly node: string;
  readonly status: StepStatus;
  readonly startedAt: Date;
  readonly endedAt: Date | undefined;
  readonly error: SerializedError | undefined;
  readonly outputs: Readonly<Record<string, ArtifactView>>;
}

/** What a build function returned, with an artifact in the place of each reference. */
export type Loadable<T> = T extends Ref<infer V> ? (undefined extends V ? ArtifactView<Exclude<V, undefined>> | undefined : ArtifactView<V>) : T extends readonly (infer E)[] ? readonly Loadable<E>[] : T extends object ? { readonly [K in keyof T]: Loadable<T[K]> } : T;

/** A run with its steps and artifacts. */
export interface RunView<T = unknown> {
  readonly id: string;
  /** What the run is called. */
  readonly name: string | undefined;
  readonly pipeline: string;
  readonly status: RunStatus;
  readonly startedAt: Date;
  readonly endedAt: Date | undefined;
  /** As the pipeline's schemas gave them: dates are dates. */
  readonly params: Readonly<Record<string, unknown>>;
  /** The pipeline's, and those that the run was given. */
  readonly tags: readonly string[];
  readonly error: SerializedError | undefined;
  readonly steps: Readonly<Record<string, StepView>>;
  /** The pipeline's outputs; there when the run was asked for by the pipeline object. */
  readonly outputs: Loadable<T>;
  /** The first call of a step, its outputs typed by the step. */
  step<R>(step: { readonly stepName: string; (...args: never[]): R }): { readonly outputs: R extends Ref<infer V> ? { readonly output: ArtifactView<V> } : Loadable<R> } & Omit<StepView, "outputs">;
}

// eslint-disable-next-line unicorn/consistent-function-scoping -- formats are made on first use
const builtIn: Readonly<Record<string, () => ArtifactType<unknown>>> = { "json/1": () => json(), "text/1": () => text(), "bytes/1": () => bytes(), "npy/1": () => npy() };

/**
 * Reads one run.
 *
 * @param built the pipeline as it was built for the run, which has the types of what it made
 */
export async function runView<T>(row: RunRow, records: Records, artifacts: () => Promise<Artifacts>, scratch: string, built?: BuiltPipeline): Promise<RunView<T>> {
  const [steps, stored] = await Promise.all([records.steps(row.id), records.artifacts({ run: row.id, limit: 1_000_000 })]);
  const params = Object.fromEntries(Object.entries(JSON.parse(row.params_json) as Record<string, JsonValue>).map(([name, value]) => [name, decodeValue(value)]));
  const view = (a: ArtifactRow): ArtifactView => artifactView(a, artifacts, scratch, built?.step(a.node)?.outputs[a.output]);
  const byNode = new Map<string, Record<string, ArtifactView>>();
  for (const a of stored) {
    const of = byNode.get(a.node) ?? {};
    of[a.output] = view(a);
    byNode.set(a.node, of);
  }
  const views = Object.fromEntries(steps.map((s) => [s.node, stepView(s, byNode.get(s.node) ?? {})]));
  const find = ({ node, output, type }: RefTarget): ArtifactView | undefined => {
    const found = stored.find((a) => a.node === node && a.output === output);
    if (found !== undefined) return artifactView(found, artifacts, scratch, type);
    // left out by a condition
    if (steps.some((s) => s.node === node && s.condition !== null)) return undefined;
    throw new MlstackError("MLS5005", `the run ${row.id} has no artifact ${node}.${output}`, { why: `the step's status is ${views[node]?.status ?? "unknown"}`, fix: `mlstack run show ${row.id}` });
  };
  return {
    id: row.id, name: row.name ?? undefined, tags: JSON.parse(row.tags_json) as string[], pipeline: row.pipeline, status: row.status, startedAt: new Date(row.started_at), endedAt: row.ended_at === null ? undefined : new Date(row.ended_at), params,
    error: row.error_json === null ? undefined : (JSON.parse(row.error_json) as SerializedError), steps: views,
    get outputs() { return loadable(built?.outputs, find) as Loadable<T>; },
    step(step) {
      const found = steps.find((s) => s.node === step.stepName || built?.step(s.node)?.name === step.stepName);
      if (found === undefined) throw new MlstackError("MLS5004", `the run ${row.id} has no step "${step.stepName}"`, { fix: `mlstack run show ${row.id}` });
      return views[found.node] as never;
    },
  };
}

function stepView(s: StepRow, outputs: Readonly<Record<string, ArtifactView>>): StepView {
  return { node: s.node, status: s.status, startedAt: new Date(s.started_at), endedAt: s.ended_at === null ? undefined : new Date(s.ended_at), error: s.error_json === null ? undefined : (JSON.parse(s.error_json) as SerializedError), outputs };
}

export function artifactView(a: ArtifactRow, artifacts: () => Promise<Artifacts>, scratch: string, declared: ArtifactType<unknown> | undefined): ArtifactView {
  return {
    run: a.run, node: a.node, output: a.output, digest: a.manifest, format: a.format, kind: a.kind, size: a.size, metadata: JSON.parse(a.metadata_json) as JsonObject,
    preview: a.preview_json === null ? undefined : (JSON.parse(a.preview_json) as Preview),
    async load(given?: ArtifactType<unknown>) {
      const type = given ?? declared ?? builtIn[a.format]?.();
      if (type === undefined) throw new MlstackError("MLS3008", `nothing here reads ${a.format}`, { why: "the artifact was reached by name, so its type is not known", fix: "give the type: load(dataframe()), or ask for the run by its pipeline object" });
      return (await artifacts()).load(type, { manifest: a.manifest, identity: a.identity, format: a.format, size: a.size }, scratch) as never;
    },
  };
}

function loadable(value: unknown, find: (target: RefTarget) => ArtifactView | undefined): unknown {
  const target = refTarget(value);
  if (target !== undefined) return find(target);
  if (Array.isArray(value)) return value.map((v) => loadable(v, find));
  if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, loadable(v, find)]));
  return value;
}
