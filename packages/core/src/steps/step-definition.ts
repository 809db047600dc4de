import type { z } from "zod";
import type { Component } from "../contracts/component.ts";
import type { Tracker } from "../contracts/experiment-tracker.ts";
import type { ServableKind } from "../contracts/model-deployer.ts";
import type { ResourceRequest } from "../contracts/orchestrator.ts";
import type { ArtifactHandle, ArtifactType } from "../formats/artifact-type.ts";
import type { JsonObject } from "../values/json.ts";
import type { DataParam } from "./data-param.ts";
import type { StepHooks } from "./hooks.ts";
import type { PredictorDefinition } from "./predictor.ts";

/** Brand of step definitions, shared by all copies of the package. */
export const STEP: unique symbol = Symbol.for("mlstack.step") as never;

/** A parameter's declaration: a zod schema, or external data. */
export type ParamSpec = z.ZodType | DataParam;

/**
 * How a step may use a component other than the tracker.
 * `"optional"`: handed out where the stack has one; the step always runs.
 * `{ cache: "by-component" }`: the same, and the step may be a cache hit: the component's flavor and configuration are in its key.
 */
export type ComponentUse = "optional" | { readonly cache: "by-component" };

/** How a step has a model served: by a predictor, or in another way that deployers know. */
export type StepServes = PredictorDefinition | ServableKind["kind"];

export interface RetryPolicy {
  /** How often the step is started at most, the first time included; 1 by default. */
  readonly attempts: number;
  /** Before the second attempt, in milliseconds; 1000 by default. */
  readonly delayMs?: number | undefined;
  /** What the delay is multiplied with from attempt to attempt; 2 by default. */
  readonly backoff?: number | undefined;
}

/** What a step or, as a default, a pipeline may set. None of it is in the cache key but `env`, `files` and `cacheVersion`. */
export interface StepOptions {
  /** Whether results may be served from the cache; true by default. */
  readonly cache?: boolean | undefined;
  /** Part of the key: change it to make all earlier results unusable. */
  readonly cacheVersion?: string | undefined;
  readonly retry?: RetryPolicy | undefined;
  /** For one attempt, in milliseconds; none by default. */
  readonly timeoutMs?: number | undefined;
  readonly resources?: ResourceRequest | undefined;
  /** Names of the environment variables that the step reads; their values are part of the key, as a keyed hash. */
  readonly env?: readonly string[] | undefined;
  /**
   * Files and folders of the project that the step reads, relative to the project's root; their bytes are part of the key. A folder stands for
   * all files in it and below, links to files among them. No patterns.
   */
  readonly files?: readonly string[] | undefined;
  /** Settings per component flavor. */
  readonly settings?: Readonly<Record<string, JsonObject>> | undefined;
  /** Of a step: its calls, and so what they make, are found by them. Of a pipeline: its runs. None of a step's come from its pipeline. */
  readonly tags?: readonly string[] | undefined;
}

/** What may be set for single calls of a step. Everything that a key is made of belongs to the step itself. */
export type StepCallOptions = Pick<StepOptions, "cache" | "retry" | "timeoutMs" | "resources" | "settings" | "tags">;

/** What a running step is given, untyped: the authoring API gives it types. */
export interface StepInvocation {
  readonly inputs: Readonly<Record<string, unknown>>;
  /**
   * The inputs as handles, not loaded. Where a format has a digest of its values' meaning, the key holds that and not the bytes: a step that
   * looks at the bytes of such an artifact always runs.
   */
  readonly artifacts: Readonly<Record<string, ArtifactHandle>>;
  readonly params: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  readonly tracker: Tracker;
  /** By the names of `requires` and `uses`. */
  readonly components: Readonly<Record<string, Component | undefined>>;
  readonly run: RunInfo;
  /** An empty local folder of this attempt, removed afterwards. */
  readonly scratch: () => Promise<string>;
  log(message: string): void;
  metadata(output: string, data: JsonObject): void;
}

/**
 * Which run and call this is. None of it is part of the cache key, so a step that reads any of it always runs: its result is not kept for
 * others. It need not be read to be recorded: what a step logs is kept with its run and node.
 */
export interface RunInfo {
  readonly id: string;
  readonly pipeline: string;
  readonly node: string;
  readonly attempt: number;
}

/** Where in the source `step()` was called; what a step's identity is found by. */
export interface CallSite {
  /** An absolute path. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** A step as the engine sees it, whatever language it is written in. */
export interface StepDefinition {
  readonly [STEP]: 1;
  readonly name: string;
  /** Which fingerprinter computes its code, packages and runtime parts; `node` for TypeScript and JavaScript. */
  readonly language: string;
  readonly inputs: Readonly<Record<string, ArtifactType<unknown>>>;
  readonly params: Readonly<Record<string, ParamSpec>>;
  readonly outputs: Readonly<Record<string, ArtifactType<unknown>>>;
  /** The short form `output:` was used: the one output is named `output`, and the step's call gives its reference itself. */
  readonly single: boolean;
  /** Component types that must be in the stack, by their name in step definitions; `true` or the component's name. */
  readonly requires: Readonly<Record<string, true | string>>;
  readonly uses: Readonly<Record<string, ComponentUse>>;
  /**
   * What the step deploys, by the input that holds the model; left out where it does not say. It is compared with what the stack's deployer takes
   * before a run, and the step can't deploy in another way.
   */
  readonly serves?: Readonly<Record<string, StepServes>> | undefined;
  readonly options: StepOptions;
  /** Left out where there are none. */
  readonly hooks?: StepHooks | undefined;
  readonly site: CallSite | undefined;
  /** Runs the user's code once. Resolves to the outputs by name. */
  invoke(context: StepInvocation): Promise<Readonly<Record<string, unknown>>>;
}

/** Whether a value is (or, for the callable that authors get, carries) a step definition. */
export function stepDefinitionOf(value: unknown): StepDefinition | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  if (STEP in value) return value as StepDefinition;
  const held = (value as { definition?: unknown }).definition;
  return typeof held === "object" && held !== null && STEP in held ? (held as StepDefinition) : undefined;
}
