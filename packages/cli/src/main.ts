import { CommanderError, type Command } from "commander";
import { buildProgram } from "./program.ts";

/** Runs the CLI and returns the exit code. Data goes to stdout, everything else to stderr. */
export async function main(argv: readonly string[]): Promise<number> {
  quietSqliteWarning();
  const asJson = argv.includes("--json");
  const program: Command = buildProgram();
  // a reader that went away, such as `| head`, ends the command without a word
  process.stdout.on("error", (e: NodeJS.ErrnoException) => { if (e.code === "EPIPE") process.exit(0); throw e; });
  try {
    await program.parseAsync(runsFile(argv) ? ["run", "file", ...argv.slice(1)] : [...argv], { from: "user" });
    return typeof process.exitCode === "number" ? process.exitCode : 0;
  } catch (e) {
    if (e instanceof CommanderError) return e.exitCode === 0 ? 0 : 2;
    // loaded now only: help and usage errors need none of it
    const [{ exitCodeOf, printError }, { writeJsonError }, { terminal }] = await Promise.all([import("./ui/errors.ts"), import("./ui/output.ts"), import("./ui/terminal.ts")]);
    if (asJson) writeJsonError(e);
    else printError(e, terminal(process.stderr, argv.includes("--no-color") ? { color: false } : {}), argv.includes("--debug"));
    return exitCodeOf(e);
  }
}

/** `mlstack run FILE`: a FILE contains a dot, a slash or a number sign; `mlstack run list` is the noun with a verb. */
function runsFile(argv: readonly string[]): boolean {
  return argv[0] === "run" && argv.slice(1).some((a, i) => !a.startsWith("-") && /[./#]/.test(a) && i === argv.slice(1).findIndex((b) => !b.startsWith("-")));
}

/** Node 22 says that node:sqlite is experimental; this is the one warning that a user can do nothing about. */
function quietSqliteWarning(): void {
  const emit = process.emitWarning.bind(process) as (...args: unknown[]) => void;
  process.emitWarning = ((warning: unknown, ...rest: unknown[]) => {
    const text = warning instanceof Error ? warning.message : String(warning);
    if (!text.startsWith("SQLite is an experimental feature")) emit(warning, ...rest);
  });
}
