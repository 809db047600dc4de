import { setImmediate } from "node:timers/promises";
import { DRIVER_NODE, type Launcher, type ProcessEnd } from "@mlstack/core";
import type { RunRow } from "../records/schema.ts";

/** What the orchestrator that started a driver says of it. `unknown`: it can't tell, and only signs of life are left. */
export type DriverFound =
  | { readonly state: "running" | "gone" | "unknown" }
  | { readonly state: "ended"; readonly end: ProcessEnd; /** What it printed last. */ readonly tail: string };

export async function findDriver(run: RunRow, launcher: () => Promise<Launcher | undefined>): Promise<DriverFound> {
  try {
    const launch = await launcher();
    if (launch?.attach === undefined) return { state: "unknown" };
    const handle = await launch.attach({ ...(run.driver_handle !== null && { id: run.driver_handle }), runId: run.id, node: DRIVER_NODE, ordinal: run.ordinal, attempt: 1 });
    if (handle === undefined) return { state: "gone" };
    const end = await Promise.race([handle.ended, setImmediate(undefined)]);
    return end === undefined ? { state: "running" } : { state: "ended", end, tail: ((await handle.tail?.().catch(() => "")) ?? "").trim() };
  } catch { return { state: "unknown" }; }
}

/** How a driver has ended, for people: that it died, and what it said last. */
export function describeEnd(found: DriverFound): { readonly message: string; readonly why: string } {
  if (found.state !== "ended") return { message: found.state === "gone" ? "has ended, and has not said how the run went" : "says nothing any more", why: "its process has probably died" };
  const { end: { exitCode, reason }, tail } = found;
  return { message: `has died${exitCode === null ? "" : ` with exit code ${exitCode}`}${reason === undefined ? "" : ` (${reason})`}`, why: tail === "" ? "it printed nothing" : `the last that it printed: ${tail.slice(-2000)}` };
}
