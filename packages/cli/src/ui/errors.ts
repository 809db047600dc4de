import { MlstackError, serializeError, type SerializedError } from "@mlstack/core";
import type { Terminal } from "./terminal.ts";

/** The exit code that an error ends the process with. */
export function exitCodeOf(e: unknown): number {
  return MlstackError.is(e) ? e.exitCode : 1;
}

/**
 * Prints an error as a person needs it: what, why, and as the last line what mends it. A user's own error is followed by the place in
 * their code; a stack is printed only for what is not a mistake of theirs, or with `debug`.
 */
export function printError(e: unknown, t: Terminal, debug: boolean): void {
  const error = serializeError(e);
  const known = error.code !== undefined;
  t.line(`${t.style("error", "red", "bold")} ${known ? t.style(error.code, "bold") : t.style("MLS9001", "bold")}  ${indent(error.message)}`);
  const why = error.why ?? (known ? undefined : "this is a bug in mlstack, not in your code");
  if (why !== undefined) t.line(`  why   ${indent(why)}`);
  const at = userFrames(error);
  if (at.length > 0) t.line(`  at    ${at.join("\n        ")}`);
  if (error.fix !== undefined) t.line(`  fix   ${indent(error.fix)}`);
  if (debug || !known) {
    const stack = e instanceof Error ? e.stack : undefined;
    if (stack !== undefined) t.line(t.style(stack, "dim"));
    for (let cause = error.cause; debug && cause !== undefined; cause = cause.cause) t.line(t.style(`caused by ${cause.stack ?? cause.message}`, "dim"));
  }
}

/** Where in the user's code the error that a step threw came from: at most three frames, without those of packages and of Node. */
export function userFrames(error: SerializedError): string[] {
  let deepest: SerializedError | undefined = error.cause;
  while (deepest?.cause !== undefined) deepest = deepest.cause;
  if (deepest === undefined || deepest.code !== undefined) return [];
  return (deepest.stack ?? "").split("\n").slice(1).flatMap((line) => {
    const place = /\(?((?:file:\/\/)?\/?[^()\s]+:\d+:\d+)\)?$/.exec(line.trim())?.[1];
    return place === undefined || place.includes("node:") || /[\\/]node_modules[\\/]|[\\/]@?mlstack[\\/](core|engine|pipeline|cli)[\\/]|[\\/]packages[\\/](core|engine|pipeline|cli)[\\/]/.test(place) ? [] : [place.replace(/^file:\/\//, "")];
  }).slice(0, 3);
}

const indent = (text: string): string => text.split("\n").join("\n        ");
