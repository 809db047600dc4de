/** What the plugin's code was seen to reach for. */
export type AccessKind = "hosts" | "files" | "processes" | "env";

/** An error as plain data. */
export interface ReportedError {
  readonly name: string;
  readonly message: string;
  /** Of mlstack's own errors. */
  readonly code?: string | undefined;
  readonly why?: string | undefined;
  readonly fix?: string | undefined;
  /** The innermost place in the plugin's folder: `dist/store.js:12:3`, from that folder. */
  readonly at?: string | undefined;
  readonly stack?: string | undefined;
  readonly cause?: ReportedError | undefined;
}

/** What came of one case. */
export interface CaseReport {
  readonly id: string;
  readonly title: string;
  /** The words of the contract that it is about. */
  readonly clause: string;
  readonly status: "passed" | "failed" | "skipped";
  /** Why it was skipped. */
  readonly reason?: string | undefined;
  readonly error?: ReportedError | undefined;
  /** In milliseconds. */
  readonly ms: number;
  /** Names of the known-bad components that the case refuses, where its suite says so. */
  readonly killers?: readonly string[] | undefined;
}

/** What came of one target, or of a component that has none. */
export interface TargetReport {
  readonly contract: string;
  /** Of formats the format's id. */
  readonly flavor: string;
  /** Where the cases are from, such as `@mlstack/testkit@1.2.0`. */
  readonly suite: string;
  readonly status: "passed" | "failed" | "skipped";
  /** Why it was skipped; or why it failed as a whole: no target, nothing in the manifest, it did not start or stop, no case of its suite's core has passed. */
  readonly reason?: string | undefined;
  readonly error?: ReportedError | undefined;
  readonly cases: readonly CaseReport[];
  /** What is worth knowing and no failure, such as a permission that was never used. */
  readonly notes: readonly string[];
}

/** What a run of the kit found. Plain JSON. */
export interface KitReport {
  readonly package: string;
  readonly version: string;
  /** Versions of @mlstack/core and @mlstack/testkit, of Node, and such as `linux-x64`. */
  readonly core: string;
  readonly testkit: string;
  readonly node: string;
  readonly platform: string;
  readonly seed: number;
  /** Whether what the plugin reaches for was compared with its manifest. */
  readonly watched: boolean;
  readonly interrupted: boolean;
  readonly startedAt: string;
  readonly ms: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** False where a case failed, or a target as a whole. */
  readonly ok: boolean;
  readonly targets: readonly TargetReport[];
}

/** What happens while the kit runs, in order. */
export type KitEvent =
  | { readonly type: "plan"; readonly package: string; readonly version: string; readonly seed: number; readonly targets: number; readonly cases: number }
  | { readonly type: "target"; readonly contract: string; readonly flavor: string; readonly cases: number }
  | { readonly type: "case"; readonly id: string; readonly title: string }
  | { readonly type: "case-end"; readonly outcome: CaseReport }
  | { readonly type: "target-end"; readonly target: TargetReport }
  /** What the plugin printed, or the target. */
  | { readonly type: "output"; readonly text: string };

/** An error as plain data, with the innermost place in a folder. */
export function reportedError(e: unknown, folder: string, depth = 4): ReportedError {
  if (typeof e !== "object" || e === null) return { name: "Error", message: `a value that is no error was thrown: ${String(e)}` };
  const { name, message, code, why, fix, stack, cause } = e as Partial<Record<keyof ReportedError, unknown>>;
  const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
  const at = placeIn(text(stack), folder);
  return {
    name: text(name) ?? "Error", message: text(message) ?? "an error without a message",
    ...(text(code)?.startsWith("MLS") === true && { code: text(code) }), ...(text(why) !== undefined && { why: text(why) }), ...(text(fix) !== undefined && { fix: text(fix) }),
    ...(at !== undefined && { at }), ...(text(stack) !== undefined && { stack: text(stack) }), ...(cause !== undefined && cause !== null && depth > 0 && { cause: reportedError(cause, folder, depth - 1) }),
  };
}

function placeIn(stack: string | undefined, folder: string): string | undefined {
  for (const line of stack?.split("\n") ?? []) {
    const [, path] = /^\s+at (?:.*\()?(?:file:\/\/)?(\/?.+:\d+:\d+)\)?$/.exec(line) ?? [];
    const inside = path === undefined ? undefined : inFolder(decoded(path), folder);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

/** A path from a folder, with `/`; undefined where it is not in it, or in its node_modules. */
export function inFolder(path: string, folder: string): string | undefined {
  const [file, base] = [path, folder].map((one) => one.replaceAll("\\", "/")) as [string, string];
  const begin = base.endsWith("/") ? base : `${base}/`;
  const rest = file.startsWith(begin) ? file.slice(begin.length) : file.startsWith(`/${begin}`) ? file.slice(begin.length + 1) : undefined;
  return rest === undefined || rest.split("/").includes("node_modules") ? undefined : rest;
}

function decoded(path: string): string {
  try { return decodeURI(path); } catch { return path; }
}
