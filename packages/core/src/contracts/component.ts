/** Options that every call to a component takes. */
export interface CallOptions {
  /** Aborts the call; the component stops what it does and rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** One finding of a component's `check`. */
export interface CheckFinding {
  /** What was looked at, such as `bucket reachable`. */
  readonly name: string;
  /** Whether it is as it has to be. */
  readonly ok: boolean;
  /** What was found, and what to grant or change where it is not ok. */
  readonly message: string;
  /** How long it took, in milliseconds. */
  readonly ms?: number | undefined;
}

/** What every component has, whatever its type. */
export interface Component {
  /** The contract that this object implements, such as `artifact_store@1`. */
  readonly contract: string;
  /** Looks at reach, permissions and latency. Writes nothing that stays. */
  check?(options?: CallOptions): Promise<readonly CheckFinding[]>;
  /** Releases connections and files. The component is not used afterwards. */
  dispose?(): Promise<void>;
}

/** What a component is told when it is created. */
export interface ComponentContext {
  /** The name that the stack's file gives the component. */
  readonly name: string;
  /** The project's root: relative paths in a configuration are meant from here. Elsewhere: the folder that the step or driver runs in. */
  readonly projectDir: string;
  /** The project's private folder (`.mlstack`), not in version control. Elsewhere: a folder in `projectDir`. */
  readonly stateDir: string;
  /**
   * Whether this is a process that has nothing of the project, such as a container; false by default. Both folders are empty then but for the
   * code, and gone when it ends. A flavor that keeps things in them says so (`local` in its definition): it is refused before anything runs there.
   */
  readonly elsewhere?: boolean | undefined;
  /** Environment variables as they are for the engine that the component belongs to; those of the process where nothing else was said. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}
