import type { CallOptions } from "./component.ts";
import type { ResourceRequest } from "./orchestrator.ts";
import type { Schedule } from "../steps/schedule.ts";
import type { JsonObject } from "../values/json.ts";

/**
 * The second capability of an orchestrator: it turns a whole plan into the native document of an engine that drives runs by itself
 * (Airflow, Kubeflow, Vertex AI Pipelines). The native engine decides what is ready and retries; each of its tasks runs one `mlstack`
 * command, which finds its inputs through the journal of the steps before it.
 *
 * A proposal, played by a paper adapter and by no engine yet. Where a flavor has `launch` too, that is used unless the run asks for
 * `compile` (a schedule does).
 *
 * @experimental
 */
export interface Compiler {
  /** What the engine's plans are rewritten by before `compile`. */
  readonly limits: CompileLimits;

  /**
   * Makes the native document. Pure: the same plan and configuration give the same bytes, so its digest names it. Touches no service.
   *
   * @throws MLS4012 for what `limits` rules out: the caller has rewritten the plan by them
   */
  compile(plan: CompilePlan): NativeDocument;

  /**
   * Puts the document where the engine finds it, and waits until the engine has taken it: returns when `submit` would find it.
   * Idempotent by digest. Documents are never changed in place, for an engine may have runs of the earlier one.
   *
   * @throws MLS6003 when the engine can't read it (its own message in `details.log`), or did not take it in time
   */
  publish(document: NativeDocument, options?: CallOptions): Promise<PublishedPlan>;

  /**
   * Starts a run. Idempotent by `runId`: submitting it again, also after a lost answer, finds the run that is there.
   *
   * @throws MLS6003 when a run of that id exists with other `inputs`
   */
  submit(plan: PublishedPlan, run: NativeRun, options?: CallOptions): Promise<string>;

  /** How a run goes, by what `submit` returned; undefined when the engine has no trace of it. */
  status(id: string, options?: CallOptions): Promise<NativeStatus | undefined>;

  /** Ends a run and its tasks. Resolves when the demand is made; cancelling what has ended is no error and changes nothing. */
  cancel(id: string, reason: string, options?: CallOptions): Promise<void>;

  /** Lets the engine start runs of this plan by its `CompilePlan.schedule`, and of no other plan of the pipeline; undefined ends all. */
  schedule?(pipeline: string, plan: PublishedPlan | undefined, options?: CallOptions): Promise<void>;

  /** Takes a document back once no run of it goes on: most engines fail the tasks of a run whose document has gone. Idempotent. */
  withdraw(plan: PublishedPlan, options?: CallOptions): Promise<void>;
}

/** What the native engine can't do by itself; the engine rewrites a plan by this before it is compiled, so that a flavor never has to. */
export interface CompileLimits {
  /** The widest native mapping; a wider `map` becomes one node that runs the sub-plan with our driver. 0: none. */
  readonly mapWidth: number;
  /** Whether the width of a mapping may be known only at run time. */
  readonly dynamicMap: boolean;
  /**
   * How a task tells whether what hangs on a `when` runs. `exit-code`: its command ends with `CompileNode.skipExitCode`; `output`: it
   * writes the word `true` or `false` to the file that the flavor names; `none`: a `when` becomes a node with a sub-plan.
   */
  readonly conditions: "exit-code" | "output" | "none";
  /** Whether tasks may wait for a person. */
  readonly wait: boolean;
  /** In bytes, of the document; undefined where there is none to mind. */
  readonly documentSize?: number | undefined;
}

/** A plan as a flavor compiles it: commands and their order, no code and no values of secrets. */
export interface CompilePlan {
  /** Its name. */
  readonly pipeline: string;
  /** Digest of the plan document in the content space. */
  readonly digest: string;
  /** All of the plan's; `CompileNode.after` has their order. */
  readonly nodes: readonly CompileNode[];
  /** Most engines read it from the document, so another schedule is another document. Runs begin by it once `Compiler.schedule` was called. */
  readonly schedule?: Schedule | undefined;
}

/** One task of the native document. */
export interface CompileNode {
  /** As in the plan. A flavor may have to shorten it for its own names; what it makes of two ids must differ. */
  readonly id: string;
  /** Ids of the nodes that must have ended before. */
  readonly after: readonly string[];
  /**
   * Arguments of `mlstack`. The flavor replaces the words `{run}` and `{attempt}` by its own expressions for the run's id and for the
   * attempt, counted from 1. A run that a schedule starts has no id but the engine's; `{run}` is then made of it, in the alphabet of
   * object keys.
   */
  readonly command: readonly string[];
  /** How often it is tried again after a failure, and how long after it. */
  readonly retries: { readonly count: number; /** Milliseconds. */ readonly delayMs: number };
  /** Longest that an attempt may take, in milliseconds; null for as long as it likes. */
  readonly timeoutMs: number | null;
  /** Set on a node that decides a `when`: with this exit code what hangs on it is skipped, and the run is not failed by it. */
  readonly skipExitCode?: number | undefined;
  /** Runs although something before it was skipped, as long as nothing failed: where branches meet. */
  readonly join?: boolean | undefined;
  /** A native mapping: one task per item, `{item}` in `command` replaced. */
  readonly map?: { readonly items: readonly string[] } | undefined;
  /** What the task asks for. */
  readonly resources?: ResourceRequest | undefined;
  /** Settings for this flavor, from the step or the pipeline. */
  readonly settings?: JsonObject | undefined;
}

/** What `compile` has made. */
export interface NativeDocument {
  /** Unique for its content: `<pipeline>-<first 12 hex of digest>`, in the engine's alphabet. */
  readonly name: string;
  /** Of the text: hex SHA-256. */
  readonly digest: string;
  /** Such as `application/yaml`. */
  readonly mediaType: string;
  /** The document itself. */
  readonly text: string;
  /** What the native engine does otherwise than our driver would, in one sentence each. */
  readonly warnings: readonly string[];
}

/** A document that the engine has taken. */
export interface PublishedPlan {
  /** As in `NativeDocument.name`. */
  readonly name: string;
  /** As in `NativeDocument.digest`. */
  readonly digest: string;
}

/** A run that is to be started. */
export interface NativeRun {
  /** Of the pipeline run. */
  readonly runId: string;
  /** Small values for the native engine; parameters are in the plan, frozen. */
  readonly inputs?: JsonObject | undefined;
}

/** How a run goes, by the engine's word. */
export interface NativeStatus {
  /** Of the whole run. */
  readonly state: "queued" | "running" | "completed" | "failed" | "cancelled";
  /** Each task that there is by now; `item` counts from 0 in a native mapping, `attempt` from 1. */
  readonly nodes: readonly { readonly id: string; readonly item?: number | undefined; readonly attempt: number; readonly state: NativeNodeState }[];
  /** Where a person can look at it. */
  readonly url?: string | undefined;
}

/** How a task goes. */
export type NativeNodeState = "waiting" | "queued" | "running" | "retrying" | "completed" | "failed" | "skipped" | "cancelled";
