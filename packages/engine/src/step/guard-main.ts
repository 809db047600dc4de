import { workerData } from "node:worker_threads";
import type { ArtifactStore } from "@mlstack/core";
import { GRACE_MS, HEARD, lookEvery, type GuardData } from "./guard-data.ts";
import { endOwnGroup } from "./own-group.ts";
import { silence } from "./silence.ts";

const LOOK_MS = 500;

/**
 * The program of a thread beside a step: kills the process where it does not end by itself when it should. The driver's sign of life is looked at
 * from here only while the step holds up the process's own event loop, so that most steps have a store opened once.
 */
function main({ heard, dir, secrets, spec }: GuardData): void {
  const counters = new Int32Array(heard);
  const since = (at: number) => performance.now() - at;
  const born = performance.now();
  let turns = Atomics.load(counters, HEARD.turns);
  let turned = born;
  let ending: number | undefined;
  let looked = born;
  let driver = silence();
  let store: Promise<ArtifactStore> | undefined;
  // loaded when it is needed first: most steps never do
  const seen = async (beat: string): Promise<string | undefined> => {
    const { lookAtDriver, storeOfStep } = await import("./look-at-driver.ts");
    try { return await lookAtDriver(await (store ??= storeOfStep(spec.stack, dir, secrets)), beat); } catch {
      store = undefined;
      return undefined;
    }
  };

  let isLooking = false;
  async function look(beat: string): Promise<void> {
    isLooking = true;
    looked = performance.now();
    // one that never answers keeps nothing else from being seen to
    try { if (driver.look(await seen(beat))) endOwnGroup(); } finally { isLooking = false; }
  }

  setInterval(() => {
    if (Atomics.load(counters, HEARD.ending) !== 0) ending ??= performance.now();
    if (ending !== undefined && since(ending) > GRACE_MS) endOwnGroup();
    if (spec.timeoutMs !== null && since(born) > spec.timeoutMs + GRACE_MS) endOwnGroup();
    const now = Atomics.load(counters, HEARD.turns);
    if (now !== turns) {
      turns = now;
      turned = performance.now();
      driver = silence();
    }
    if (spec.driver === null || isLooking) return;
    const every = lookEvery(spec.driver.silenceMs);
    if (since(turned) >= every && since(looked) >= every) void look(spec.driver.beat);
  }, LOOK_MS);
}

main(workerData as GuardData);
