import type { AccessKind, CaseReport, ReportedError } from "./report.ts";

/** What a run is to look at, and how. */
export interface KitTask {
  readonly folder: string;
  /** Type of components with or without a version, flavor, ids of cases; by default all. */
  readonly contract?: string | undefined;
  readonly flavor?: string | undefined;
  readonly cases?: readonly string[] | undefined;
  readonly watch: boolean;
  readonly seed: number;
  /** Cases by the number of their target that were run by a process that is gone, and targets that are over. */
  readonly done: readonly { readonly target: number; readonly ids: readonly string[]; readonly over: boolean }[];
}

/** A target as it is planned. One with a `refused` has no cases: that there is none for a component, or no component for it. */
export interface PlannedTarget {
  readonly contract: string;
  readonly flavor: string;
  readonly suite: string;
  readonly limitMs: number;
  readonly refused?: string | undefined;
  readonly cases: readonly { readonly id: string; readonly title: string; readonly clause: string; readonly killers?: readonly string[] | undefined }[];
  /** Of the suite: ids of which one has to have passed, any where it is empty. Undefined where only some cases are run, which prove nothing of the whole. */
  readonly core?: readonly string[] | undefined;
  /** By kind, what the manifest declares. */
  readonly declared: Readonly<Record<AccessKind, readonly string[]>>;
}

export interface KitPlan {
  readonly package: string;
  readonly version: string;
  /** The package's real folder. */
  readonly dir: string;
  readonly core: string;
  readonly testkit: string;
  readonly targets: readonly PlannedTarget[];
}

/** What the plugin's code was seen to reach for. */
export interface Access {
  readonly kind: AccessKind;
  /** `host:port`, a path, a program, a variable. */
  readonly place: string;
  /** What is called of the plugin: `import`, `create`, `put`. */
  readonly during: string;
  /** The first place in the plugin's own code, where it is known. */
  readonly at?: string | undefined;
  /** What of the manifest allows it; undefined where nothing does. */
  readonly by?: string | undefined;
}

/** What the kit's process says. */
export type FromKit =
  | { readonly type: "plan"; readonly plan: KitPlan }
  /** The run as a whole can't begin. */
  | { readonly type: "refused"; readonly error: unknown }
  | { readonly type: "starting" | "stopping"; readonly target: number }
  | { readonly type: "case"; readonly target: number; readonly id: string }
  | { readonly type: "case-end"; readonly target: number; readonly outcome: CaseReport }
  | { readonly type: "target-end"; readonly target: number; readonly skipped?: string | undefined; readonly error?: ReportedError | undefined }
  /** `target` is absent of what happened when the plugin's module was imported. */
  | { readonly type: "access"; readonly target?: number | undefined; readonly access: Access }
  /** An error that nobody caught. The process ends. */
  | { readonly type: "fault"; readonly error: ReportedError }
  | { readonly type: "end" };

/** What it is told. */
export type ToKit = { readonly type: "task"; readonly task: KitTask } | { readonly type: "stop" };
