import { dirname } from "node:path";
import { deserializeError, type StepSpec } from "@mlstack/core";
import { debugStep, readSpec } from "@mlstack/engine";
import { terminal } from "../ui/terminal.ts";

/** Runs a restored step in this process, and prints the error that it ends with as Node would: with the stack. */
export async function stepDebug(path: string, project: string, state: string): Promise<void> {
  const t = terminal(process.stderr);
  const abort = new AbortController();
  process.once("SIGINT", () => abort.abort(new Error("interrupted")));
  const outcome = await debugStep(readSpec(path) as StepSpec, dirname(path), project, state, abort.signal, (line) => t.line(`${t.style("|", "dim")} ${line.text}`));
  if (outcome.status === "completed" || outcome.status === "cached") { t.line(t.style("completed", "green")); process.exit(0); }
  const error = "error" in outcome ? deserializeError(outcome.error) : new Error("unknown");
  t.line(`${t.style(outcome.status, "red")}  ${error.stack ?? error.message}`);
  process.exit(1);
}
