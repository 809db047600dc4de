import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { DRIVER_NODE, type Orchestrator, type StepHandle, type StepIdentity } from "@mlstack/core";
import { attached, attachedById } from "./attached.ts";
import { launcher, type ProcessConfig } from "./launch.ts";
import { staleRoots } from "./traces.ts";
import { baseOf, fillFolder, makeRoot, removeRoot } from "./work-folder.ts";

/**
 * A remote without a cloud: each step is a process of its own, in a folder that has nothing of the project, and tells what it did in the
 * artifact store. A folder is named by what it was made for, so that a second start finds the first one's process, and any process of this machine
 * finds it again.
 */
export function processOrchestrator(config: ProcessConfig, projectDir: string): Orchestrator {
  const place = { workDir: config.workDir === undefined ? undefined : resolve(projectDir, config.workDir), packagesFrom: config.packagesFrom === undefined ? projectDir : resolve(projectDir, config.packagesFrom) };
  const launch = launcher(config, place);
  /** With the signals of those who have begun it. */
  const starting = new Map<string, { readonly handle: Promise<StepHandle>; readonly signal: AbortSignal | undefined }>();
  let isSwept = false;

  /** One start at a time of one thing; another process may have started it before. */
  async function once(identity: StepIdentity, signal: AbortSignal | undefined, start: (name: string) => Promise<StepHandle>): Promise<StepHandle> {
    signal?.throwIfAborted();
    if (!isSwept) for (const root of staleRoots(baseOf(place))) void removeRoot(root);
    isSwept = true;
    const name = nameOf(identity);
    for (let first; (first = starting.get(name)) !== undefined;) {
      // who has begun it may have given up, which is not the others' business
      try { return await first.handle; } catch (e) { if (first.signal?.aborted !== true) throw e; }
      signal?.throwIfAborted();
    }
    const handle = start(name);
    starting.set(name, { handle, signal });
    const forget = () => { starting.delete(name); };
    void handle.then((h) => h.ended.then(forget), forget);
    return handle;
  }

  return {
    contract: "orchestrator@1",
    launch: {
      maxParallel: config.concurrency ?? availableParallelism(), cancel: "kill", sees: "bundle", driverSilenceMs: config.driverSilenceMs,
      start: ({ spec, command, env }, options) => once(spec, options?.signal, (name) => launch({ name, spec, command, env, isDriver: false }, options?.signal)),
      attach: ({ id, ...identity }, options) => (id === undefined ? attached(nameOf(identity), place, config, options?.signal) : attachedById(id, config, options?.signal)),
      startDriver: ({ runId, ordinal, spec, command, env }, options) => once({ runId, ordinal, node: DRIVER_NODE, attempt: 1 }, options?.signal, (name) => launch({ name, spec, command, env, isDriver: true }, options?.signal)),
    },
    check: async () => {
      const program = { name: "packages in reach", ok: true, message: place.packagesFrom };
      const root = await makeRoot(`check-${process.pid}-${Date.now()}`, place).catch(() => undefined);
      try {
        if (root !== undefined) await fillFolder(root, {}, place);
        return [root === undefined ? { ...program, ok: false, message: `no folder can be made in ${baseOf(place)}` } : program];
      } catch (e) { return [{ ...program, ok: false, message: e instanceof Error ? e.message : String(e) }]; } finally { if (root !== undefined) await removeRoot(root); }
    },
  };
}

/** The name of the folder of a start: the same from every process. */
function nameOf({ runId, node, ordinal, attempt }: StepIdentity): string {
  return createHash("sha256").update(JSON.stringify([runId, node, ordinal, attempt])).digest("hex").slice(0, 24);
}
