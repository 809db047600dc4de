import { dirname } from "node:path";
import { deserializeError, MlstackError, type StepSpec } from "@mlstack/core";
import { debugStep, readSpec } from "@mlstack/engine";
import { terminal } from "../ui/terminal.ts";

/** Runs a restored step in this process, and prints the error that it ends with as Node would: with the stack. */
export async function stepDebug(path: string, project: string, state: string): Promise<void> {
  const t = terminal(process.stderr);
  const abort = new AbortController();
  process.on("SIGINT", () => {
    // a debugger that holds the step keeps it from hearing of the first
    if (abort.signal.aborted) process.exit(130);
    abort.abort(new MlstackError("MLS4003", "interrupted"));
  });
  const outcome = await debugStep(readSpec(path) as StepSpec, dirname(path), project, state, abort.signal, (line) => t.line(`${t.style("|", "dim")} ${line.text}`));
  if (outcome.status === "completed" || outcome.status === "cached") { t.line(t.style("completed", "green")); process.exit(0); }
  const error = "error" in outcome ? deserializeError(outcome.error) : new Error("unknown");
  if (abort.signal.aborted) { t.line(t.style("interrupted", "yellow")); process.exit(130); }
  // the stack of what the step threw is why it is debugged; one of ours says nothing
  t.line(`${t.style(outcome.status, "red")}  ${MlstackError.is(error) ? error.message : (error.stack ?? error.message)}`);
  process.exit(1);
}
