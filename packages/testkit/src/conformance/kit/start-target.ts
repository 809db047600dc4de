import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NotApplicable } from "../suite.ts";
import type { ConformanceTarget } from "../target.ts";
import { openComponent, type PluginHooks, type PluginUnderTest } from "./plugin-package.ts";

export interface StartOptions {
  readonly signal: AbortSignal;
  readonly seed: number;
  readonly hooks?: PluginHooks | undefined;
}

/** A target that runs. */
export interface RunningTarget {
  readonly subject: unknown;
  /** Ends what it has started, and removes its folders. Never throws twice the same. */
  stop(): Promise<void>;
}

/**
 * Starts a target in folders of its own.
 *
 * @throws NotApplicable where the target says that it can't be tested here; what its `start` throws
 */
export async function startTarget(plugin: PluginUnderTest, target: ConformanceTarget, { signal, seed, hooks }: StartOptions): Promise<RunningTarget> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "mlstack-kit-")));
  const folder = join(root, "data");
  const place = { projectDir: join(root, "project"), stateDir: join(root, "project", ".mlstack") };
  const remove = async () => rm(root, { recursive: true, force: true, maxRetries: 3 });
  try {
    await mkdir(folder);
    await mkdir(place.stateDir, { recursive: true });
    const { subject, stop } = await target.start({
      folder, signal, seed, now: () => Date.now(),
      open: async (config = {}) => openComponent(plugin, target, config, { place, hooks }),
      skip(reason) { throw new NotApplicable(reason); },
    });
    let stopped: Promise<void> | undefined;
    return { subject, stop: async () => (stopped ??= (async () => { try { await stop?.(); } finally { await remove(); } })()) };
  } catch (e) {
    await remove();
    throw e;
  }
}
