import { join } from "node:path";
import { workerData } from "node:worker_threads";
import type { ArtifactStore } from "@mlstack/core";
import { projectPlugins } from "../plugins.ts";
import { openStack, type StackSnapshot } from "../stack/stack.ts";
import { GRACE_MS, HEARD, lookAtDriver, lookEvery, type GuardData } from "./lifeline.ts";
import { endOwnGroup } from "./own-group.ts";
import { silence } from "./silence.ts";

const LOOK_MS = 500;

/**
 * The program of a thread beside a step: kills the process where it does not end by itself when it should. The driver's sign of life is looked at
 * from here only while the step holds up the process's own event loop, so that most steps have a store opened once.
 */
function main({ heard, dir, spec }: GuardData): void {
  const counters = new Int32Array(heard);
  const since = (at: number) => performance.now() - at;
  const born = performance.now();
  let turns = Atomics.load(counters, HEARD.turns);
  let turned = born;
  let ending: number | undefined;
  let looked = born;
  let driver = silence();
  let store: Promise<ArtifactStore> | undefined;
  const open = () => (store ??= openStack(spec.stack as unknown as StackSnapshot, projectPlugins(dir, undefined, Object.keys((spec.stack as unknown as StackSnapshot).plugins)), { projectDir: dir, stateDir: join(dir, ".mlstack"), elsewhere: true }).artifactStore());

  async function look(): Promise<void> {
    if (Atomics.load(counters, HEARD.ending) !== 0) ending ??= performance.now();
    if (ending !== undefined && since(ending) > GRACE_MS) endOwnGroup();
    if (spec.timeoutMs !== null && since(born) > spec.timeoutMs + GRACE_MS) endOwnGroup();
    const now = Atomics.load(counters, HEARD.turns);
    if (now !== turns) {
      turns = now;
      turned = performance.now();
      driver = silence();
    }
    if (spec.driver === null) return;
    const every = lookEvery(spec.driver.silenceMs);
    if (since(turned) < every || since(looked) < every) return;
    looked = performance.now();
    const { beat } = spec.driver;
    if (driver.look(await open().then((opened) => lookAtDriver(opened, beat), () => { store = undefined; return undefined; }))) endOwnGroup();
  }

  const turn = (): void => { void look().catch(() => undefined).finally(() => setTimeout(turn, LOOK_MS)); };
  turn();
}

main(workerData as GuardData);
