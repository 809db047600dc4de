import { MlstackError } from "@mlstack/core/errors";
import type { PublishRun } from "@mlstack/hub";
import { printError } from "../ui/errors.ts";
import { interruptible } from "../ui/interrupt.ts";
import { stderr, writeJsonError, type GlobalFlags } from "../ui/output.ts";
import { printable } from "../ui/terminal.ts";

/** Does what a package manager is run for, for as long as `work` takes. Ctrl-C stops it in order, and ends with 130; SIGTERM with 143. */
export async function publishing(flags: GlobalFlags, work: (run: PublishRun) => Promise<void>): Promise<void> {
  const t = stderr(flags);
  const interrupt = interruptible((line) => { t.line(line); });
  try {
    await work({ env: process.env, signal: interrupt.signal, output: (line) => { if (flags.verbose === true) t.line(t.style(printable(line), "dim")); } });
  } catch (e) {
    if (!interrupt.signal.aborted || !MlstackError.is(e, "MLS4003")) throw e;
    // SIGTERM has an exit code of its own
    if (flags.json === true) writeJsonError(e, undefined, interrupt.exitCode); else printError(e, t, flags);
    process.exitCode = interrupt.exitCode;
  } finally { interrupt.release(); }
}
