import childProcess from "node:child_process";
import workers from "node:worker_threads";
import { replaced, type Call, type Undo } from "./replace.ts";
import type { Hear } from "./seen.ts";

/** What a thread is called among the programs: its code is heard of no more than another process's is. */
export const WORKER = "worker_threads";

/** Hears of programs that are started, and of threads. Of a command for a shell the program is its first word. */
export function watchProcesses(hear: Hear): Undo[] {
  const started = (program: unknown) => { if (typeof program === "string") hear({ kind: "processes", program }); };
  return [
    // spawn, exec, execFile and fork all go by this one
    replaced(childProcess.ChildProcess.prototype, "spawn", ([options]) => { const { file, args } = options as { readonly file?: unknown; readonly args?: readonly string[] }; started(programOf(file, args?.slice(1))); }),
    replaced(childProcess, "spawnSync", (args) => { const { list, shell } = optionsOf(args); started(shell ? firstWord([String(args[0]), ...list].join(" ")) : programOf(args[0], list)); }),
    replaced(childProcess, "execFileSync", (args) => { const { list, shell } = optionsOf(args); started(shell ? firstWord([String(args[0]), ...list].join(" ")) : programOf(args[0], list)); }),
    replaced(childProcess, "execSync", ([command]) => started(firstWord(String(command)))),
    replaced(workers, "Worker", () => started(WORKER)),
    replaced(process, "execve", ([file]) => started(file)),
  ];
}

function optionsOf(args: Call): { readonly list: readonly string[]; readonly shell: boolean } {
  const [, second, third] = args;
  const options = (Array.isArray(second) ? third : second) as { readonly shell?: unknown } | undefined;
  return { list: Array.isArray(second) ? second.map(String) : [], shell: Boolean(options?.shell) };
}

const SHELLS = /(?:^|[\\/])(?:sh|bash|dash|zsh|ash|cmd\.exe|powershell\.exe|pwsh)$/i;

/** A program, or the first word of what a shell is handed. */
function programOf(file: unknown, args: readonly string[] = []): string | undefined {
  if (typeof file !== "string") return undefined;
  const at = SHELLS.test(file) ? args.findIndex((one) => one === "-c" || /^\/c$/i.test(one)) : -1;
  const command = at < 0 ? undefined : args[at + 1];
  return command === undefined ? file : firstWord(command);
}

/** Of a command line the first word that is no assignment, without quotation marks. */
function firstWord(command: string): string {
  const [, word] = /^\s*(?:[A-Za-z_][A-Za-z0-9_]*=\S*\s+)*(?:"([^"]+)|'([^']+)|([^\s;&|<>()"']+))/.exec(command)?.filter((one, n) => n === 0 || one !== undefined) ?? [];
  return word ?? command;
}
