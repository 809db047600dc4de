import { hostname } from "node:os";
import type { DriverPlace } from "../journal/events.ts";
import { bornAt } from "../project/processes.ts";
import type { RunStatus } from "./schema.ts";

/** A driver on another machine that has not been heard of for this long is taken for dead, in milliseconds. It beats every five seconds. */
const SILENCE_MS = 60_000;
export const BEAT_EVERY_MS = 5000;

/** This process, as the driver of a run. */
export function thisDriver(journal: DriverPlace["journal"]): DriverPlace {
  return { host: hostname(), pid: process.pid, born: bornAt(process.pid) ?? "", journal };
}

interface Running { readonly status: string; readonly host: string; readonly pid: number; readonly born: string; readonly journal: DriverPlace["journal"]; readonly heartbeat_at: number }

/**
 * What a run's status really is: one that is recorded as running is interrupted when its driver is gone. On this machine the process is
 * looked for, on another one its last sign of life counts. A run whose journal is in the store is asked there (see `follower`): its records know
 * of signs of life only what was read last.
 */
export function liveStatus(run: Running, now: number = Date.now()): RunStatus {
  if (run.status !== "running") return run.status as RunStatus;
  if (run.journal === "store") return "running";
  if (run.host === hostname()) {
    const born = bornAt(run.pid);
    return born === undefined || (born !== "" && run.born !== "" && born !== run.born) ? "interrupted" : "running";
  }
  return now - run.heartbeat_at > SILENCE_MS ? "interrupted" : "running";
}
