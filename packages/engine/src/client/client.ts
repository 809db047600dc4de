import { MlstackError } from "@mlstack/core";
import type { PipelineDefinition, Params } from "@mlstack/pipeline";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Artifacts } from "../artifacts/artifacts.ts";
import { makeFolder } from "../local/fs-errors.ts";
import { openEngine, type Engine, type EngineOptions } from "../engine.ts";
import { builtAgain } from "./built-pipeline.ts";
import { runView, type RunView } from "./views.ts";
import { explainStep, type Explanation } from "./why.ts";

/** Reads a project's runs and artifacts. Opened when it is first used; writes nothing. */
export class Client implements AsyncDisposable {
  readonly #options: EngineOptions;
  #engine: Promise<Engine> | undefined;

  constructor(options: EngineOptions = {}) { this.#options = options; }

  #open(): Promise<Engine> { return (this.#engine ??= openEngine({ ...this.#options, readOnly: true })); }

  /** The newest run of a pipeline. With the pipeline object its outputs are typed. Throws MLS5003 when there is none. */
  async lastRun<P extends Params, T>(pipeline: PipelineDefinition<P, T> | string, filter: { readonly status?: "completed" | "failed" | "cancelled" } = {}): Promise<RunView<T>> {
    const engine = await this.#open();
    const name = typeof pipeline === "string" ? pipeline : pipeline.name;
    const [row] = await engine.records.runs({ pipeline: name, status: filter.status, limit: 1 });
    if (row === undefined) throw new MlstackError("MLS5003", `the pipeline "${name}" has no ${filter.status === undefined ? "" : `${filter.status} `}run yet`, { fix: "mlstack run list" });
    return runView<T>(row, engine.records, artifactsOf(engine), scratchOf(engine), typeof pipeline === "string" ? undefined : builtAgain(pipeline, row));
  }

  /** A run by its id, by the beginning of it, or `last`. Throws MLS5003, MLS5006. */
  async run<P extends Params, T>(id: string, pipeline?: PipelineDefinition<P, T>): Promise<RunView<T>> {
    const engine = await this.#open();
    const row = await engine.records.run(id);
    return runView<T>(row, engine.records, artifactsOf(engine), scratchOf(engine), pipeline === undefined ? undefined : builtAgain(pipeline, row));
  }

  /** Why a step ran, or did not have to. Throws MLS5003, MLS5004. */
  async why(run: string, node: string): Promise<Explanation> { return explainStep((await this.#open()).records, run, node); }

  async [Symbol.asyncDispose](): Promise<void> { await this.close(); }

  async close(): Promise<void> {
    const engine = this.#engine;
    this.#engine = undefined;
    await (await engine)?.close();
  }
}

/** Loads artifacts of an engine's stack. */
export function artifactsOf(engine: Engine): () => Promise<Artifacts> {
  return () => engine.artifacts();
}

/** Where loaded files are laid out: below the state folder, or where that can't be written below the system's temporary one. */
export function scratchOf(engine: Engine): string {
  const own = join(engine.project.stateDir, "scratch", "client");
  try { makeFolder(own); return own; } catch { return join(tmpdir(), `mlstack-client-${process.getuid?.() ?? "user"}`); }
}
