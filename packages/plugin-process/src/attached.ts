import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MlstackError, type ProcessEnd, type StepHandle } from "@mlstack/core";
import { idOf, parseId, readTail, stopper } from "./handles.ts";
import type { ProcessConfig } from "./launch.ts";
import { isAlive, signalGroup, type ProcessId } from "./processes.ts";
import { exitCodeIn, startedIn } from "./traces.ts";
import { baseOf, PREFIX, removeRoot, type WorkFolder, type WorkPlace } from "./work-folder.ts";

const LOOK_MS = 250;
type Keeping = Pick<ProcessConfig, "keepFolders" | "graceMs">;

/**
 * A process by the name of its folder; undefined when there is no trace of it.
 *
 * @param isWaitedFor whether watching it keeps this process alive from the beginning; else only once it was told to stop
 */
export async function attached(name: string, place: WorkPlace, config: Keeping, signal: AbortSignal | undefined, isWaitedFor = false): Promise<StepHandle | undefined> {
  signal?.throwIfAborted();
  const base = await realpath(baseOf(place)).catch(() => undefined);
  const root = base === undefined ? undefined : join(base, PREFIX + name);
  if (root === undefined || !existsSync(root)) return undefined;
  const started = await startedIn(root, signal);
  if (started !== undefined) return handleOf(started, { root, dir: started.dir }, config, isWaitedFor);
  await removeRoot(root);
  return undefined;
}

/**
 * A process by its handle's id; undefined when there is no trace of it.
 *
 * @throws MLS6003 for one of another machine, and for an id of another form; the signal's reason
 */
export async function attachedById(id: string, config: Keeping, signal: AbortSignal | undefined): Promise<StepHandle | undefined> {
  signal?.throwIfAborted();
  const { host, process, folder } = parseId(id);
  if (host !== hostname()) throw new MlstackError("MLS6003", `whether the process ${process.pid} goes on is known on ${host} only`, { why: "it was started there, and this is another machine", fix: `go on there; or start a new run here` });
  return isAlive(process) || existsSync(folder.root) ? handleOf(process, folder, config) : undefined;
}

/** Of a process that another one has started: its end is not told to this one, which looks for it. */
async function handleOf(id: ProcessId, folder: WorkFolder, config: Keeping, isWaitedFor = false): Promise<StepHandle> {
  let ref = isWaitedFor;
  let cancelled = false;
  const endOf = (): ProcessEnd => {
    const exitCode = exitCodeIn(folder.root);
    const blame = cancelled ? { blame: "cancel" as const } : {};
    if (exitCode !== null) return { status: "exited", exitCode, ...blame };
    // who else watches it may have been the first to remove it
    if (!cancelled && !existsSync(folder.root)) return { status: "lost", exitCode, reason: "its folder was removed" };
    return { status: "killed", exitCode, ...blame };
  };
  const isOver = !isAlive(id);
  const watch = async (): Promise<ProcessEnd> => {
    while (isAlive(id)) await sleep(LOOK_MS, undefined, { ref });
    const end = endOf();
    signalGroup(id.pid, "SIGKILL");
    if (!config.keepFolders) await removeRoot(folder.root);
    return end;
  };
  const ended = isOver ? Promise.resolve(endOf()) : watch();
  const stop = stopper(id, ended, config.graceMs);
  return {
    id: idOf(id, folder), ended,
    async cancel(_reason, options) { options?.signal?.throwIfAborted(); ref = true; cancelled = true; stop(); },
    async tail(options) { options?.signal?.throwIfAborted(); return readTail(folder); },
  };
}
