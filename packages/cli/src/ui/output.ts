import { ERROR_CODES, MlstackError, serializeError } from "@mlstack/core";
import { terminal, type Terminal } from "./terminal.ts";

/** The flags of every command. */
export interface GlobalFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color: boolean;
  readonly debug?: boolean;
  readonly cwd?: string;
  /** Name of a stack, or path of its file. */
  readonly stack?: string;
}

export function stdout(flags: GlobalFlags): Terminal { return terminal(process.stdout, flags.color ? {} : { color: false }); }
export function stderr(flags: GlobalFlags): Terminal { return terminal(process.stderr, flags.color ? {} : { color: false }); }

/** The one document of `--json`: `{ schemaVersion, data, warnings }`. Nothing else is on stdout then. */
export function writeJson(data: unknown, warnings: readonly string[] = []): void {
  process.stdout.write(`${JSON.stringify({ schemaVersion: 1, data, warnings }, null, 2)}\n`);
}

/** What `--json` prints when the command ends with an error: `{ schemaVersion, error }`. */
export function writeJsonError(e: unknown): void {
  const { name: _name, stack: _stack, ...error } = serializeError(e);
  const code = error.code ?? "MLS9001";
  process.stdout.write(`${JSON.stringify({ schemaVersion: 1, error: { code, title: ERROR_CODES[code].title, exitCode: MlstackError.is(e) ? e.exitCode : 1, ...error } }, null, 2)}\n`);
}

/** ISO 8601 in UTC. */
export function iso(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
