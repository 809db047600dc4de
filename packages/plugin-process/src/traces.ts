import { linkSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isAlive, type ProcessId } from "./processes.ts";
import { PREFIX } from "./work-folder.ts";

/** Who makes a folder and starts its process. */
interface Starter extends ProcessId { readonly host: string }
/** The process of a folder and where it runs. */
export interface Started extends ProcessId { readonly dir: string }
/** Written by whoever comes first: the process and its starter, or somebody who has found that there will be none. */
type Claimed = Started | { readonly givenUp: true };

const STARTER = "starter.json";
const PROCESS = "process.json";
const ENDED = "ended.json";
/** How long a folder may be without a word about who makes it, in milliseconds. */
const UNCLAIMED_MS = 5000;
/** How old the traces of a process that is gone must be to be removed, in milliseconds: until then somebody may ask how it ended. */
const STALE_MS = 24 * 3600 * 1000;

export function writeStarter(root: string): void {
  writeFileSync(join(root, STARTER), JSON.stringify({ ...(identify(process.pid) ?? { pid: process.pid, born: "" }), host: hostname() } satisfies Starter));
}

/** Writes down which process runs in a folder. False where somebody has given it up: then it must not run. */
export function claim(root: string, started: Claimed): boolean {
  const own = join(root, `${PROCESS}.${process.pid}`);
  writeFileSync(own, JSON.stringify(started));
  // a link appears whole and only once
  try { linkSync(own, join(root, PROCESS)); return true; } catch { return !("givenUp" in started) && isOf(claimedIn(root), started); } finally { rmSync(own, { force: true }); }
}

const isOf = (claimed: Claimed | undefined, { pid, born }: Started): boolean => claimed !== undefined && !("givenUp" in claimed) && claimed.pid === pid && claimed.born === born;

/**
 * The process that was started in a folder, whoever did it; undefined when there is none and will be none. Waits while somebody is about to start
 * it.
 *
 * @throws the signal's reason
 */
export async function startedIn(root: string, signal: AbortSignal | undefined): Promise<Started | undefined> {
  for (;;) {
    const claimed = claimedIn(root);
    if (claimed !== undefined) return "givenUp" in claimed ? undefined : claimed;
    const starter = starterOf(root);
    const age = Date.now() - (statSync(root, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    const isComing = starter === undefined ? age < UNCLAIMED_MS : starter.host === hostname() && isAlive(starter);
    if (!isComing && claim(root, { givenUp: true })) return undefined;
    await sleep(50, undefined, { ...(signal !== undefined && { signal }) });
  }
}

/** What a process that has ended has left of its end; undefined where it was killed. */
export function exitCodeIn(root: string): number | null {
  return (read(root, ENDED) as { exitCode: number } | undefined)?.exitCode ?? null;
}

/**
 * An argument of Node for the process of a folder: it claims the folder as its own, and ends at once where that was given up; it leaves its exit
 * code there.
 *
 * @param cleansUp whether it removes the folder when all went well, for its starter has left
 */
export function preload(root: string, cleansUp: boolean): string {
  const [own, whole, ended] = [join(root, `${PROCESS}.child`), join(root, PROCESS), join(root, ENDED)].map((path) => JSON.stringify(path));
  const program = `import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
let born = "";
try { const stat = readFileSync("/proc/self/stat", "utf8"); born = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]; } catch {}
writeFileSync(${own}, JSON.stringify({ pid: process.pid, born, dir: process.cwd() }));
try { linkSync(${own}, ${whole}); } catch {}
rmSync(${own}, { force: true });
if (JSON.parse(readFileSync(${whole}, "utf8")).pid !== process.pid) process.exit(1);
process.on("exit", (exitCode) => { try { writeFileSync(${ended}, JSON.stringify({ exitCode })); ${cleansUp ? `if (exitCode === 0) rmSync(${JSON.stringify(root)}, { recursive: true, force: true });` : ""} } catch {} });`;
  return `--import=data:text/javascript,${encodeURIComponent(program)}`;
}

/** Folders whose process and starter have been gone for long: nobody is there who would remove them. */
export function staleRoots(base: string, now: number = Date.now()): string[] {
  let names: string[];
  try { names = readdirSync(base); } catch { return []; }
  return names.filter((name) => name.startsWith(PREFIX)).map((name) => join(base, name)).filter((root) => {
    const changed = statSync(root, { throwIfNoEntry: false })?.mtimeMs;
    if (changed === undefined || now - changed < STALE_MS) return false;
    const starter = starterOf(root);
    const claimed = claimedIn(root);
    if (starter !== undefined && (starter.host !== hostname() || isAlive(starter))) return false;
    return claimed === undefined || "givenUp" in claimed || !isAlive(claimed);
  });
}

const starterOf = (root: string) => read(root, STARTER) as Starter | undefined;
const claimedIn = (root: string) => read(root, PROCESS) as Claimed | undefined;

function read(root: string, name: string): unknown {
  try { return JSON.parse(readFileSync(join(root, name), "utf8")); } catch { return undefined; }
}
