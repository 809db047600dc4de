import { MlstackError } from "@mlstack/core";
import type { PipelineDefinition, Params } from "@mlstack/pipeline";
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Artifacts } from "../artifacts/artifacts.ts";
import { openEngine, type Engine, type EngineOptions } from "../engine.ts";
import { builtAgain } from "./built-pipeline.ts";
import { readLineage, type Lineage, type LineageOptions } from "../lineage/lineage.ts";
import { findActiveStack, findStack } from "../project-files/find-stack.ts";
import { findProject } from "../project/project.ts";
import { processStack } from "../stack/process-stack.ts";
import { findArtifact, findStepOrArtifact } from "./find-artifact.ts";
import { currentRuns, listRuns, listSteps, upToDate, type ArtifactFilter, type RunFilter, type RunSummary, type StepFilter, type StepSummary } from "./lists.ts";
import { artifactView, runView, type ArtifactView, type RunView } from "./views.ts";
import { explainStep, type Explanation } from "./why.ts";

/** Which of a pipeline's runs are looked at for the newest one. */
export type LastRunFilter = Pick<RunFilter, "status" | "tag">;

/** A pipeline, as its runs are recorded. */
export interface RecordedPipeline<T = unknown> {
  readonly name: string;
  /** Its newest run. Throws MLS5003 when there is none. */
  lastRun(filter?: LastRunFilter): Promise<RunView<T>>;
  /** The newest first. */
  runs(filter?: Omit<RunFilter, "pipeline">): Promise<readonly RunSummary[]>;
}

/** The stack that is active, as its file says. */
export interface ActiveStackView {
  readonly name: string;
  /** By type, such as `artifact_store`. */
  readonly components: Readonly<Record<string, { readonly name: string; readonly flavor: string }>>;
}

/**
 * Reads a project's runs and artifacts. Opened when it is first used; writes nothing into the project but what its records lack of runs that are
 * driven elsewhere. Files that it lays out for values that are read by path are in the system's temporary folder, until it is closed.
 */
export class Client implements AsyncDisposable {
  #options: EngineOptions;
  readonly #scratch = join(tmpdir(), `mlstack-client-${randomUUID()}`);
  #engine: Promise<Engine> | undefined;

  constructor(options: EngineOptions = {}) { this.#options = options; }

  #open(): Promise<Engine> { return (this.#engine ??= openEngine({ ...this.#options, readOnly: true })); }

  /**
   * Makes a stack the active one, for this process only: for pipelines that it runs afterwards, and for this client.
   *
   * @param name of a stack of the project, or the path of its file
   * @throws MLS7003 when there is none, MLS7004 when its file is not a stack
   */
  async activateStack(name: string): Promise<void> {
    const from = resolve(this.#options.from ?? process.cwd());
    const stack = await findStack(name, findProject(from, this.#options.env ?? process.env).dir, from);
    await this.close();
    this.#options = { ...this.#options, stack };
    processStack.name = /[./\\]/.test(name) ? resolve(from, name) : name;
  }

  /**
   * The stack that pipelines of this process are run on: that of this client's options, of `activateStack`, or what MLSTACK_STACK, `mlstack stack
   * set` or mlstack.yaml say.
   *
   * @throws MLS7003, MLS7004, MLS7012 where it can't be found
   */
  async activeStack(): Promise<ActiveStackView> {
    const { stack, from = process.cwd(), env = process.env } = this.#options;
    const { name, components } = stack ?? (await findActiveStack({ inProcess: processStack.name, env }, findProject(resolve(from), env))).spec;
    return { name, components: Object.fromEntries(Object.entries(components).map(([type, c]) => [type, { name: c.name, flavor: c.flavor }])) };
  }

  /** A pipeline by its name, or by the object, which gives its runs their types. Its runs are looked for when they are asked for. */
  getPipeline<P extends Params, T>(pipeline: PipelineDefinition<P, T> | string): RecordedPipeline<T> {
    const name = typeof pipeline === "string" ? pipeline : pipeline.name;
    return { name, lastRun: (filter) => this.lastRun(pipeline, filter), runs: (filter) => this.runs({ ...filter, pipeline: name }) };
  }

  /** Runs, the newest first. */
  async runs(filter: RunFilter = {}): Promise<readonly RunSummary[]> { return listRuns(await this.#open(), filter); }

  /** Steps of runs, those of the newest runs first. Throws MLS5003, MLS5006 for a run that is not there. */
  async steps(filter: StepFilter = {}): Promise<readonly StepSummary[]> { return listSteps(await this.#open(), filter); }

  /** Artifacts, those of the newest runs first. Throws MLS5003, MLS5006 for a run that is not there. */
  async artifacts({ run, ...filter }: ArtifactFilter = {}): Promise<readonly ArtifactView[]> {
    const engine = await this.#open();
    const id = run === undefined ? undefined : (await upToDate(engine, await engine.records.run(run))).id;
    return (await engine.records.artifacts({ ...filter, run: id })).map((a) => artifactView(a, artifactsOf(engine), this.#scratch, undefined));
  }

  /** An artifact by `RUN/STEP.OUTPUT`, by `RUN/STEP` where the step has one, or by the beginning of its digest. Throws MLS5003 to MLS5006. */
  async artifact(name: string): Promise<ArtifactView> {
    const engine = await this.#open();
    return artifactView(await findArtifact(engine.records, name), artifactsOf(engine), this.#scratch, undefined);
  }

  /**
   * What made an artifact, and what was made of it: across runs, and through results that were served from the cache.
   *
   * @param what an artifact, or its name as in `artifact`; `RUN/STEP` means all that the step made
   * @throws MLS5003 to MLS5006
   */
  async lineage(what: string | Pick<ArtifactView, "run" | "node" | "output">, options: LineageOptions = {}): Promise<Lineage> {
    const { records } = await this.#open();
    return readLineage(records, await findStepOrArtifact(records, typeof what === "string" ? what : `${what.run}/${what.node}.${what.output}`), options);
  }

  /** The newest run of a pipeline. With the pipeline object its outputs are typed. Throws MLS5003 when there is none. */
  async lastRun<P extends Params, T>(pipeline: PipelineDefinition<P, T> | string, filter: LastRunFilter = {}): Promise<RunView<T>> {
    const engine = await this.#open();
    const name = typeof pipeline === "string" ? pipeline : pipeline.name;
    const [row] = await currentRuns(engine, { ...filter, pipeline: name, limit: 1 });
    if (row === undefined) throw new MlstackError("MLS5003", `the pipeline "${name}" has no ${filter.status === undefined ? "" : `${filter.status} `}run${filter.tag === undefined ? "" : ` with the tag ${JSON.stringify(filter.tag)}`} yet`, { fix: "mlstack run list" });
    return runView<T>(row, engine.records, artifactsOf(engine), this.#scratch, typeof pipeline === "string" ? undefined : builtAgain(pipeline, row));
  }

  /** A run by its id, by the beginning of it, or `last`. Throws MLS5003, MLS5006. */
  async run<P extends Params, T>(id: string, pipeline?: PipelineDefinition<P, T>): Promise<RunView<T>> {
    const engine = await this.#open();
    const row = await upToDate(engine, await engine.records.run(id));
    return runView<T>(row, engine.records, artifactsOf(engine), this.#scratch, pipeline === undefined ? undefined : builtAgain(pipeline, row));
  }

  /** Why a step ran, or did not have to. Throws MLS5003, MLS5004. */
  async why(run: string, node: string): Promise<Explanation> { return explainStep((await this.#open()).records, run, node); }

  async [Symbol.asyncDispose](): Promise<void> { await this.close(); }

  async close(): Promise<void> {
    const engine = this.#engine;
    this.#engine = undefined;
    await (await engine)?.close();
    await rm(this.#scratch, { recursive: true, force: true });
  }
}

/** Loads artifacts of an engine's stack. */
export function artifactsOf(engine: Engine): () => Promise<Artifacts> {
  return () => engine.artifacts();
}

/** Where loaded files are laid out, until the engine is closed; below the state folder, so that they can be linked. */
export function scratchOf(engine: Engine): string {
  return join(engine.scratchDir, "client");
}
