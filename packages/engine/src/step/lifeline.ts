import { existsSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { MlstackError, type ArtifactStore, type StepSpec } from "@mlstack/core";
import { packageDir } from "../plugins.ts";
import { timedOut } from "../run/attempt-end.ts";
import { after } from "../run/timers.ts";
import { HEARD, lookEvery, type GuardData } from "./guard-data.ts";
import { lookAtDriver } from "./look-at-driver.ts";
import { silence } from "./silence.ts";

const TURN_MS = 500;

/**
 * Ends a step whose time is over or whose driver is gone: this process may well outlive the driver, and nobody else would. A step that computes
 * without waiting does not hear of it, so a thread watches, too, and ends the process with what it has started.
 *
 * @param secrets values with which the thread opens the store, too
 * @param end told once why the step shall end; what has not ended after a while is killed
 */
export function lifeline(spec: StepSpec, dir: string, store: ArtifactStore, secrets: Readonly<Record<string, string>>, end: (reason: MlstackError) => void): { stop(): Promise<void> } {
  const heard = new SharedArrayBuffer(8);
  const counters = new Int32Array(heard);
  const tell = (reason: MlstackError) => { Atomics.store(counters, HEARD.ending, 1); end(reason); };
  const guard = new Worker(program(), { workerData: { heard, dir, secrets, spec: { timeoutMs: spec.timeoutMs, driver: spec.driver, stack: spec.stack } } satisfies GuardData, stdin: false, execArgv: [] });
  guard.on("error", () => undefined);
  guard.unref();
  const turns = setInterval(() => Atomics.add(counters, HEARD.turns, 1), TURN_MS);
  const stopTimer = spec.timeoutMs === null ? () => undefined : after(spec.timeoutMs, () => tell(timedOut(spec.node, spec.timeoutMs!)));
  const driver = silence();
  const look = async (beat: string) => { if (driver.look(await lookAtDriver(store, beat))) tell(driverGone()); };
  const looks = spec.driver === null ? undefined : setInterval(() => { void look(spec.driver!.beat); }, lookEvery(spec.driver.silenceMs));
  return {
    async stop() {
      clearInterval(turns);
      clearInterval(looks);
      stopTimer();
      await guard.terminate();
    },
  };
}

const driverGone = () => new MlstackError("MLS4008", "the driver of the run is gone", { why: "it has given no sign of life for some time", fix: "go on with the run: mlstack run resume RUN" });

function program(): string {
  return [join(packageDir, "dist", "step", "guard-main.js"), join(packageDir, "src", "step", "guard-main.ts")].find((path) => existsSync(path))!;
}
