import type { CommandName, DataOf, ErrorDocument } from "../json/documents.ts";
import { errorDocument } from "./error-document.ts";
import { writeOut } from "./stdout.ts";
import { terminal, type Terminal } from "./terminal.ts";

/** The flags of every command. */
export interface GlobalFlags {
  readonly json?: boolean;
  /** Tables as lines of fields with tabs between, and nothing that moves. */
  readonly plain?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color: boolean;
  /** False: nobody is asked, also at a terminal. */
  readonly input: boolean;
  readonly debug?: boolean;
  readonly cwd?: string;
  /** Name of a stack, or path of its file. */
  readonly stack?: string;
}

export function stdout(flags: Pick<GlobalFlags, "color" | "plain">): Terminal { return terminal(process.stdout, { ...flags, write: writeOut }); }
export function stderr(flags: Pick<GlobalFlags, "color" | "plain">): Terminal { return terminal(process.stderr, flags); }

/** The one document of `--json`: `{ schemaVersion, data, warnings }`, and `error` where the exit code is not 0. Nothing else is on stdout then. */
export function writeJson<C extends CommandName>(_command: C, data: DataOf<C>, warnings: readonly string[] = [], error?: ErrorDocument): void {
  writeOut(`${JSON.stringify({ schemaVersion: 1, data, warnings, error }, null, 2)}\n`);
}

/** What `--json` prints when the command ends with an error: `{ schemaVersion, error }`; of a bug with the file that tells of it. */
export function writeJsonError(e: unknown, report?: string, exitCode?: number): void {
  writeOut(`${JSON.stringify({ schemaVersion: 1, error: { ...errorDocument(e), ...(report !== undefined && { report }), ...(exitCode !== undefined && { exitCode }) } }, null, 2)}\n`);
}

/** ISO 8601 in UTC. */
export function iso(time: number): string;
export function iso(time: number | null): string | null;
export function iso(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
