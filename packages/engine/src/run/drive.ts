import type { ArtifactPointer, DataPointer, JsonObject, Launcher, SerializedError, StepDefinition } from "@mlstack/core";
import type { Plan } from "@mlstack/pipeline";
import type { LoadCheck } from "@mlstack/pipeline/compile";
import type { ResolvedData } from "../data/data-resolver.ts";
import type { LogFiles } from "../journal/log-files.ts";
import type { Layers } from "../store/layers.ts";
import type { Roots } from "../store/roots.ts";
import type { NodeState } from "./node-states.ts";
import type { StepIo } from "./run-step.ts";

/** What the driver drives. */
export interface Drive {
  readonly runId: string;
  readonly project: string;
  /** How often the run was resumed. */
  readonly ordinal: number;
  readonly plan: Plan;
  readonly planDigest: string;
  /** The stack's components, as steps elsewhere are told of them. */
  readonly stack: JsonObject;
  /** The vendor's run that steps elsewhere log to themselves; null where it is not open, or the driver sends what they have logged. */
  readonly trackedRun: string | null;
  /** The steps themselves, by the plan's names; empty for a driver that has no user code. */
  readonly steps: ReadonlyMap<string, StepDefinition>;
  /** By step: whether this process runs the code and packages that its key was made of. */
  readonly checks: ReadonlyMap<string, LoadCheck>;
  readonly liveParams: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** External data by plan node and parameter. */
  readonly data: ReadonlyMap<string, Readonly<Record<string, ResolvedData | { readonly pointer: DataPointer }>>>;
  /** Manifests of declared files, by step: for steps that don't see the project, and to be restored. */
  readonly files: ReadonlyMap<string, string>;
  /** Values of declared environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What a process needs in its environment to create the stack's components: variables, and values of secrets. */
  componentEnv(): Promise<Readonly<Record<string, string>>>;
  readonly launch: Launcher;
  /** How many steps run side by side. */
  readonly maxParallel: number;
  readonly io: StepIo;
  readonly layers: Layers;
  /** What the run keeps alive in the stores. */
  readonly roots: Pick<Roots, "name">;
  readonly logs: LogFiles | undefined;
  /** Whether results of other runs are served; they are looked for in `io.actions`. */
  readonly readsCache: boolean;
  /** Whether a step that the cache does not have fails instead of being run, unless its author wants it to be run each time. */
  readonly expectCached: boolean;
  readonly cache: { readonly domain: string; readonly store: boolean };
  readonly earlier: EarlierWork | undefined;
  /** Flavor and configuration of a component, for steps that are cached by component. */
  componentFingerprint(name: string): string;
  /** Whether steps that do not depend on a failed one go on. */
  readonly onFailure: "stop" | "continue";
  readonly signal: AbortSignal;
  /** Told when an attempt is handed to what runs it. */
  onLaunch(node: string, attempt: number): void;
}

/** What an earlier part of the same run has done already. */
export interface EarlierWork {
  /** The outputs of a node that need not run again: finished, and it would do the very same work (`StepKey.work`). */
  finished(state: NodeState, work: string | undefined): Readonly<Record<string, ArtifactPointer>> | undefined;
  /** Whether a node must run though the cache may have its result. */
  mustRun(state: NodeState): boolean;
  /** The last attempt's number; 0 where there was none. */
  attempts(state: NodeState): number;
}

export interface DriveResult {
  readonly status: "completed" | "failed" | "cancelled";
  readonly nodes: ReadonlyMap<string, NodeState>;
  /** The first node that failed. */
  readonly failed: { readonly id: string; readonly error: SerializedError } | undefined;
}
