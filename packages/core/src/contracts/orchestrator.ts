import type { CallOptions, Component } from "./component.ts";
import type { Compiler } from "./orchestrator-compile.ts";
import type { DataKind } from "../steps/data-param.ts";
import type { JsonObject } from "../values/json.ts";

/**
 * Where steps run. A flavor has at least one of two capabilities (MLS2006 otherwise).
 *
 * `launch`: start one step, watch it, stop it. The engine is the driver: it decides what is ready, retries, and reads what a step did
 * from its journal. A flavor starts processes and tells how they ended; it knows nothing of artifacts, caches or records.
 *
 * `compile`: turn a whole plan into the native document of an engine that drives runs by itself. Not used by the engine yet.
 *
 * Stable, but for `compile`: the flavors local and process have passed the conformance kit. Another shape is another version.
 */
export interface Orchestrator extends Component {
  readonly contract: "orchestrator@1";
  /** How steps are started; left out by flavors that only compile. */
  readonly launch?: Launcher | undefined;
  /** How a plan becomes a native document; left out by flavors that only launch. */
  readonly compile?: Compiler | undefined;
}

/**
 * Starts steps one by one, for a driver that decides which. That a service may, rarely, run a process twice (Kubernetes says so of Jobs) does no harm: what steps leave is created only if absent.
 */
export interface Launcher {
  /** The most steps it runs side by side; the driver never starts more. */
  readonly maxParallel: number;
  /** Whether `cancel` ends user code at once, with the processes that it has started, or only asks it to stop (by the step's abort signal). */
  readonly cancel: "kill" | "ask";
  /**
   * What a step finds where it runs. `project`: the folder of the project on this machine, with its files, as the driver sees it.
   * `bundle`: nothing but the installed packages; the step process fetches code and data from the artifact store.
   */
  readonly sees: "project" | "bundle";
  /** Steps run in the driver's own process, by `runHere`: then they have its time zone and language. */
  readonly runsHere?: boolean | undefined;
  /** How long a step that sees the bundle goes on without a sign of life of its driver, in milliseconds (see `DriverSign`); 90,000 by default. */
  readonly driverSilenceMs?: number | undefined;

  /**
   * Starts a step and returns as soon as it is accepted. Idempotent by `StepIdentity`: whether a start whose answer was lost was accepted
   * can't be known, so the driver may start the step again, and must find the one that is there; where that has ended and there is still a
   * trace of it, its end. A start that rejects has left nothing that will run.
   *
   * @throws MLS6001, MLS6002, MLS6003; the signal's reason where this call was aborted, which ends no other call for the same step
   */
  start(launch: StepLaunch, options?: CallOptions): Promise<StepHandle>;

  /**
   * Finds a step or driver that another process started; undefined when there is no trace of it. Of one that has ended, `ended` is resolved by
   * then. For flavors whose steps outlive the driver: where it is left out, steps end with the process that started them.
   *
   * @throws MLS6001, MLS6002, MLS6003 when it can't be told, such as for a process of another machine. Never undefined then
   */
  attach?(launched: Launched, options?: CallOptions): Promise<StepHandle | undefined>;

  /**
   * Starts the driver itself where steps run, so that the client may leave. It runs `launch.command` as `start` does; the driver then
   * starts the steps with a component of this flavor and configuration. Idempotent by run and ordinal.
   */
  startDriver?(launch: DriverLaunch, options?: CallOptions): Promise<StepHandle>;
}

/** What tells one start from every other. */
export interface StepIdentity {
  /** Of the pipeline run. */
  readonly runId: string;
  /** The plan node's id. Of an item of a `map`: `<node>@<item>`. Of a driver: `DRIVER_NODE`. */
  readonly node: string;
  /** How often the run had been resumed when this attempt was started. */
  readonly ordinal: number;
  /** From 1. */
  readonly attempt: number;
}

/** No step can have this name: names begin with a letter. */
export const DRIVER_NODE = "_driver";

/** A step or driver that another process started. Its handle's id is missing where that process died before it could keep it. */
export interface Launched extends StepIdentity {
  /** As in `StepHandle.id`. */
  readonly id?: string | undefined;
}

/** A step that is to be run, as data that may travel. */
export interface StepLaunch {
  /** What is to be run, to be written to the file that `command` names. */
  readonly spec: StepSpec;
  /**
   * What runs the step in a process of its own: arguments of `mlstack`, such as `["step", "run", "spec.json"]`, to be run in a folder
   * that has `spec` as that file and the project's packages in reach. Not as process 1 of its machine: such a one can't end itself.
   */
  readonly command: readonly string[];
  /**
   * Values of the environment variables that the step declares, of those that the stack's components refer to (`${env:NAME}`), and in
   * MLSTACK_STEP_SECRETS those of the secrets that they refer to (`${secret:NAME}`). To be set where the step runs, and where nobody else reads them. TZ, LANG and LC_ALL are among them, for a step runs in UTC and
   * en-US unless it declares these.
   */
  readonly env: Readonly<Record<string, string>>;
  /** Given to flavors that see the project: they run steps in this process, or in processes whose channel they hold. */
  readonly here?: LaunchHere | undefined;
}

/** How a step is run on the driver's own machine. */
export interface LaunchHere {
  /** Runs the step in this process. Resolves when it has ended; never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Why the step can't leave this process, where it can't: then only `run` will do. */
  readonly only?: string | undefined;
  /**
   * Takes, unread, a line that a step process wrote to a channel that the flavor holds. Where there is no such channel the step process
   * writes its journal into the artifact store.
   */
  report(line: string): void;
}

/** A driver that is to be run elsewhere. */
export interface DriverLaunch {
  /** Of the pipeline run. */
  readonly runId: string;
  /** How often the run had been resumed. */
  readonly ordinal: number;
  /** What the driver needs, to be written to the file that `command` names. */
  readonly spec: JsonObject;
  /** Arguments of `mlstack`, to be run in a folder that has `spec` as `spec.json` and the project's packages in reach. */
  readonly command: readonly string[];
  /** Values as in `StepLaunch.env`, for all steps of the plan. */
  readonly env: Readonly<Record<string, string>>;
}

/** A step or driver that was started. */
export interface StepHandle {
  /** Enough to find it again from another process: at most 512 characters. */
  readonly id: string;
  /**
   * Resolves when the step's process runs, as a step may wait long for its machine. The time is that of the service's clock, to be shown; a
   * timeout counts from the moment at which the driver hears of it. Without it, the process runs when `start` returns.
   */
  readonly started?: Promise<Date> | undefined;
  /** Resolves when the process has ended, however, or when it is clear that it can't begin; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Ends it. Resolves when the demand is made; `ended` says when it has happened. Cancelling what has ended is no error. */
  cancel(reason: string, options?: CallOptions): Promise<void>;
  /** What the process printed, where the journal may not have all of it: the last lines before a crash. At most 64 KiB. */
  tail?(options?: CallOptions): Promise<string>;
}

/** How a process ended. Whether the step did what it should is not said here: that is in its journal. */
export interface ProcessEnd {
  /**
   * `exited`: by itself, with a code. `killed`: by a signal, whoever sent it. `lost`: the flavor can't tell any more, for instance because the record of the process was removed. `never-started`: it can't begin,
   * for instance because its image can't be pulled.
   */
  readonly status: "exited" | "killed" | "lost" | "never-started";
  /** Whose doing it was, where the flavor knows: `platform` for a machine that was taken away, `cancel` for our own demand. */
  readonly blame?: "step" | "platform" | "cancel" | undefined;
  /** Null where there is none. */
  readonly exitCode: number | null;
  /** Why, in the flavor's words, where it knows more than the code: `OOMKilled: used more than 512 MiB`. */
  readonly reason?: string | undefined;
}

/** What a step needs to run, in plain JSON; of at most 64 KiB where it travels. */
export interface StepSpec extends StepIdentity {
  /** Of this document; a step's process refuses one that it does not know. */
  readonly version: 1;
  /** Id of the project, as in the artifact store's layout. */
  readonly project: string;
  /** Another attempt follows when this one fails. */
  readonly willRetry: boolean;
  /** Digest of the plan document in the content space. */
  readonly plan: string;
  /** The artifacts that the inputs resolve to, by input name. An optional input that has no value is left out. */
  readonly inputs: Readonly<Record<string, ArtifactPointer>>;
  /** External data by parameter. */
  readonly data: Readonly<Record<string, DataPointer>>;
  /** Digest of a content blob that has `inputs` and `data`, which are empty here then: of a step with so many that the rest would be too large. */
  readonly more?: string | undefined;
  /**
   * Manifest of the project's files that the step declares (`files: [...]`), which a step that does not see the project is given. Null where it
   * declares none, and where it finds them in place and they are too large to be kept.
   */
  readonly files: string | null;
  /** Where the step's result goes. */
  readonly cache: {
    /** The trust domain that results are written to. */
    readonly domain: string;
    /** Whether results are stored. */
    readonly store: boolean;
    /** Why the cache had no result, where it was asked. */
    readonly miss?: CacheMiss | undefined;
  };
  /** The vendor's id of the tracked run; null without a tracker. */
  readonly trackedRun: string | null;
  /** The stack's components, by type; secrets are references. */
  readonly stack: JsonObject;
  /** Time zone and language that are in the step's key, such as `UTC en-US`; null where its result does not depend on them. */
  readonly zone: string | null;
  /** How long a step may take, in milliseconds. The driver sees to it, and so does the step's own process, which may outlive the driver. */
  readonly timeoutMs: number | null;
  /** How the step's process tells that its driver is gone; null where it ends with the driver anyhow. */
  readonly driver: DriverSign | null;
  /** Resources asked for, to be mapped by the flavor. */
  readonly resources?: ResourceRequest | undefined;
  /** Settings for this flavor, from the step or the pipeline. */
  readonly settings?: JsonObject | undefined;
}

/**
 * Why a step that has a key was not served from the cache: nothing was stored under its key; bytes of what was are gone; executions
 * under the key differed; what lies there can't be read; or the run was told not to look.
 */
export type CacheMiss = "no-entry" | "bytes-missing" | "non-deterministic" | "unreadable" | "not-read";

/**
 * A driver's sign of life. The step's process looks every `silenceMs / 6` and ends itself when it has seen no change in six looks in a row. Only
 * changes count, not what any clock says; a look that fails, since the store can't be reached, begins the count anew.
 */
export interface DriverSign {
  /** An object of the artifact store that the driver writes anew every `silenceMs / 18`, and at least every five seconds. */
  readonly beat: string;
  /** In milliseconds. */
  readonly silenceMs: number;
}

/** External data of a step, as it was when the run started. */
export interface DataPointer {
  /** What it stands for: a file, a folder or a data set. */
  readonly kind: DataKind;
  /** As it was given. */
  readonly uri: string;
  /** The last segment of it, in NFC. */
  readonly name: string;
  /** Hex SHA-256 of the bytes; of the canonical listing for a folder. */
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
  /** What the store that reads the URI calls this version of the object. */
  readonly version?: string | undefined;
  /** Manifest of a copy in the content space, for steps that can't reach the original. */
  readonly manifest?: string | undefined;
}

/** What a step or a replica asks for. What is left out is the flavor's business. */
export interface ResourceRequest {
  /** Cores. */
  readonly cpu?: number | undefined;
  /** Bytes. */
  readonly memory?: number | undefined;
  /** Devices, and of which type, in the service's own words. */
  readonly gpu?: { readonly count: number; readonly type?: string | undefined } | undefined;
}

/** An artifact by its content. */
export interface ArtifactPointer {
  /** SHA-256 of the manifest, in hex: the artifact's digest and where it lies. */
  readonly manifest: string;
  /** What downstream keys are made of: the format's own content digest where it gives one, else `manifest`. */
  readonly identity: string;
  /** Format id with major, such as `json/1`. */
  readonly format: string;
  /** Sum of the files' sizes, in bytes. */
  readonly size: number;
}
