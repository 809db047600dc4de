import { MlstackError, serializeError } from "@mlstack/core/errors";
import { printable, type Terminal } from "./terminal.ts";
import { userFrames } from "./user-frames.ts";

/** The exit code that an error ends the process with. */
export function exitCodeOf(e: unknown): number {
  return MlstackError.is(e) ? e.exitCode : 1;
}

/** Where bugs are told. */
export const BUGS = "https://github.com/mlstack/mlstack/issues";

/** Whether an error is a bug of ours, and no mistake of a user's and no trouble of a service's. */
export function isBug(e: unknown): boolean {
  return !MlstackError.is(e) || e.code === "MLS9001";
}

/** How much of an error is printed. */
export interface ErrorDetail { readonly debug?: boolean | undefined; readonly verbose?: boolean | undefined; /** The file that tells of a bug. */ readonly report?: string | undefined }

/**
 * Prints an error as a person needs it: what, why, and as the last line what mends it. A user's own error is followed by the place in
 * their code; a stack is printed only with `debug`, or for a bug of which there is no report.
 */
export function printError(e: unknown, t: Terminal, { debug, verbose, report }: ErrorDetail = {}): void {
  const error = serializeError(e);
  const known = error.code !== undefined;
  const isOurs = !known || error.code === "MLS9001";
  t.line(`${t.style("error", "red", "bold")} ${t.style(error.code ?? "MLS9001", "bold")}  ${indent(error.message)}`);
  const why = error.why ?? (!isOurs ? undefined : "this is a bug in mlstack, not in your code");
  if (why !== undefined) t.line(`  why   ${indent(why)}`);
  const at = known ? userFrames(error) : [];
  if (at.length > 0) t.line(`  at    ${at.join("\n        ")}`);
  if (verbose === true) for (let cause = error.cause; cause !== undefined; cause = cause.cause) t.line(`  from  ${cause.code ?? cause.name}: ${indent(cause.message)}`);
  const fix = error.fix ?? (isOurs ? (report === undefined ? "report it, with what is printed below" : `look at ${report}, and send it with your report: ${BUGS}`) : undefined);
  if (fix !== undefined) t.line(`  fix   ${indent(fix)}`);
  if (debug === true || (isOurs && report === undefined)) {
    const stack = e instanceof Error ? e.stack : undefined;
    if (stack !== undefined) t.line(t.style(stack, "dim"));
    for (let cause = error.cause; debug === true && cause !== undefined; cause = cause.cause) t.line(t.style(`caused by ${cause.stack ?? cause.message}`, "dim"));
  }
}

/** What registries, servers and steps say is in messages, too: none of it moves a cursor or clears a screen. */
const indent = (text: string): string => text.split("\n").map(printable).join("\n        ");
