import { CommanderError } from "commander";
import { buildProgram } from "./program.ts";
import { pathOf, UsageError } from "./program/usage.ts";

/** Runs the CLI and returns the exit code. Data goes to stdout, everything else to stderr. */
export async function main(argv: readonly string[]): Promise<number> {
  // a reader that went away, such as `| head`, ends the command without a word
  process.stdout.on("error", (e: NodeJS.ErrnoException) => { if (e.code === "EPIPE") process.exit(0); throw e; });
  // where nobody reads what is said, the work goes on
  process.stderr.on("error", () => undefined);
  const program = buildProgram();
  try {
    await program.parseAsync([...argv], { from: "user" });
    return typeof process.exitCode === "number" ? process.exitCode : 0;
  } catch (e) {
    // help and version
    if (e instanceof CommanderError && e.exitCode === 0) return 0;
    // loaded now only: help needs none of it
    const [{ exitCodeOf, isBug, printError }, { stderr, writeJsonError }] = await Promise.all([import("./ui/errors.ts"), import("./ui/output.ts")]);
    // of a line that was not understood it is only known what stands on it
    const has = (...flags: readonly string[]) => flags.some((flag) => argv.includes(flag));
    const error = e instanceof UsageError ? await usageError(e) : e;
    const report = isBug(error) ? await (await import("./program/bug-report.ts")).writeBugReport(error, { argv, program }) : undefined;
    if (has("--json")) writeJsonError(error, report);
    else printError(error, stderr({ color: !has("--no-color"), plain: has("--plain") }), { debug: has("--debug"), verbose: has("--verbose", "-v"), report });
    return exitCodeOf(error);
  }
}

async function usageError({ message, parts: { why, fix, near, command } }: UsageError): Promise<unknown> {
  const { didYouMean, MlstackError } = await import("@mlstack/core/errors");
  const meant = near === undefined ? undefined : didYouMean(near.word, near.candidates);
  return new MlstackError("MLS7001", message, { why, fix: fix ?? (meant === undefined ? `${pathOf(command)} --help` : `${near?.before ?? ""}${meant}`) });
}
