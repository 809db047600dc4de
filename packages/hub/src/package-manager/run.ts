import { stripVTControlCharacters } from "node:util";
import { MlstackError } from "@mlstack/core/errors";
import { execa } from "execa";
import { endGroup, killGroupNow, OWN_GROUP } from "./process-group.ts";
import type { RunOptions } from "./types.ts";

export interface Outcome {
  /** Undefined when the program could not be started. */
  readonly exitCode: number | undefined;
  /** The name of the signal that ended it. */
  readonly endedBy: string | undefined;
  /** What it printed, without colours, both streams in the order in which they came. */
  readonly lines: readonly string[];
  /** Why it could not be started, such as ENOENT. */
  readonly notStarted: string | undefined;
}

/**
 * Runs a program to its end, as the leader of a process group, without standard input.
 *
 * @throws the signal's reason, or what `output` has thrown, once no process of the group is left
 */
export async function runManager(program: string, args: readonly string[], options: Pick<RunOptions, "signal" | "output" | "started"> & { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> }): Promise<Outcome> {
  const { cwd, env, signal, output, started } = options;
  throwIfStopped(signal);
  const lines: string[] = [];
  const running = execa(program, args, { cwd, env: environmentFor(env), extendEnv: false, stdin: "ignore", all: true, buffer: false, reject: false, detached: OWN_GROUP, windowsHide: true });
  const pid = running.pid;
  if (pid !== undefined) started?.(pid);
  // the group is not the terminal's, so it would outlive this process
  const last = (): void => { if (pid !== undefined) killGroupNow(pid); };
  // before anybody puts back what it would write over
  process.prependOnceListener("exit", last);
  let ended: Promise<void> | undefined;
  let deaf: { readonly error: unknown } | undefined;
  const stop = (): void => { if (pid !== undefined) ended ??= endGroup(pid); };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    for await (const raw of running.iterable({ from: "all" })) {
      const line = stripVTControlCharacters(String(raw)).replace(/^.*\r(?=.)/, "").trimEnd();
      lines.push(line);
      try { output(line); } catch (error) {
        deaf ??= { error };
        stop();
      }
    }
  } catch { /* a program that fails makes the iteration throw, too; how it ended is looked at below */ }
  const result = await running;
  await ended;
  process.off("exit", last);
  signal.removeEventListener("abort", stop);
  throwIfStopped(signal);
  if (deaf !== undefined) throw deaf.error;
  return { exitCode: result.exitCode, endedBy: result.signal, lines, notStarted: pid === undefined ? ((result.cause as NodeJS.ErrnoException | undefined)?.code ?? "unknown") : undefined };
}

/** What the manager gets: no word of the one that started this process, which would change its settings, and no colours. */
function environmentFor(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const others = /^(?:npm_(?:package|lifecycle|command|node_execpath|execpath)|npm_config_(?:local_prefix|global_prefix|user_agent|node_gyp)$|INIT_CWD$|FORCE_COLOR$|PNPM_SCRIPT_SRC_DIR$)/i;
  const kept = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && !others.test(entry[0]));
  return { ...Object.fromEntries(kept), NO_COLOR: "1" };
}

function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw MlstackError.is(signal.reason) ? signal.reason : new MlstackError("MLS4003", "interrupted", { cause: signal.reason });
}
