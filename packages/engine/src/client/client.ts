import { MlstackError } from "@mlstack/core";
import type { PipelineDefinition, Params } from "@mlstack/pipeline";
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Artifacts } from "../artifacts/artifacts.ts";
import { openEngine, type Engine, type EngineOptions } from "../engine.ts";
import { builtAgain } from "./built-pipeline.ts";
import { runView, type RunView } from "./views.ts";
import { explainStep, type Explanation } from "./why.ts";

/**
 * Reads a project's runs and artifacts. Opened when it is first used; writes nothing into the project. Files that it lays out for values
 * that are read by path are in the system's temporary folder, until it is closed.
 */
export class Client implements AsyncDisposable {
  readonly #options: EngineOptions;
  readonly #scratch = join(tmpdir(), `mlstack-client-${randomUUID()}`);
  #engine: Promise<Engine> | undefined;

  constructor(options: EngineOptions = {}) { this.#options = options; }

  #open(): Promise<Engine> { return (this.#engine ??= openEngine({ ...this.#options, readOnly: true })); }

  /** The newest run of a pipeline. With the pipeline object its outputs are typed. Throws MLS5003 when there is none. */
  async lastRun<P extends Params, T>(pipeline: PipelineDefinition<P, T> | string, filter: { readonly status?: "completed" | "failed" | "cancelled" } = {}): Promise<RunView<T>> {
    const engine = await this.#open();
    const name = typeof pipeline === "string" ? pipeline : pipeline.name;
    const [row] = await engine.records.runs({ pipeline: name, status: filter.status, limit: 1 });
    if (row === undefined) throw new MlstackError("MLS5003", `the pipeline "${name}" has no ${filter.status === undefined ? "" : `${filter.status} `}run yet`, { fix: "mlstack run list" });
    return runView<T>(row, engine.records, artifactsOf(engine), this.#scratch, typeof pipeline === "string" ? undefined : builtAgain(pipeline, row));
  }

  /** A run by its id, by the beginning of it, or `last`. Throws MLS5003, MLS5006. */
  async run<P extends Params, T>(id: string, pipeline?: PipelineDefinition<P, T>): Promise<RunView<T>> {
    const engine = await this.#open();
    const row = await engine.records.run(id);
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
