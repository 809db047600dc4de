import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { limited, NotApplicable } from "../suite.ts";
import type { ConformanceTarget } from "../target.ts";
import { clientProgram } from "./client-program.ts";
import { openComponent, type PluginHooks, type PluginUnderTest } from "./plugin-package.ts";

export interface StartOptions {
  readonly signal: AbortSignal;
  readonly seed: number;
  /** Longest that starting may take, and stopping, in milliseconds; 120,000 by default. */
  readonly limitMs?: number | undefined;
  /** Who is told of the plugin's code, once it is known which folder is its project's. */
  hooksFor?(projectDir: string): PluginHooks | undefined;
}

/** A target that runs. */
export interface RunningTarget {
  readonly subject: unknown;
  /** Ends what it has started, and removes its folders. A second call waits for the first. */
  stop(): Promise<void>;
}

/**
 * Starts a target in folders of its own.
 *
 * @throws NotApplicable where the target says that it can't be tested here; what its `start` throws
 */
export async function startTarget(plugin: PluginUnderTest, target: ConformanceTarget, { signal, seed, limitMs = 120_000, hooksFor }: StartOptions): Promise<RunningTarget> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "mlstack-kit-")));
  const folder = join(root, "data");
  const place = { projectDir: join(root, "project"), stateDir: join(root, "project", ".mlstack") };
  const remove = async () => rm(root, { recursive: true, force: true, maxRetries: 3 });
  try {
    await mkdir(folder);
    await mkdir(place.stateDir, { recursive: true });
    const hooks = hooksFor?.(place.projectDir);
    const { subject, stop } = await limited(limitMs, "starting", Promise.resolve(target.start({
      folder, ...place, signal, seed, now: () => Date.now(),
      open: async (config = {}) => openComponent(plugin, target, config, { place, hooks }),
      client: (config = {}) => clientProgram({ folder: plugin.package.dir, contract: target.contract, flavor: target.flavor, config, place }),
      skip(reason) { throw new NotApplicable(reason); },
    })), signal);
    let stopped: Promise<void> | undefined;
    return { subject, stop: async () => (stopped ??= (async () => { try { await limited(limitMs, "stopping", Promise.resolve(stop?.())); } finally { await remove(); } })()) };
  } catch (e) {
    await remove();
    throw e;
  }
}
