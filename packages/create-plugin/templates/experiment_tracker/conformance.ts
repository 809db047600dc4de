import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { shownName, type TrackedRun, type TrackedStatus, type TrackerEvent } from "@mlstack/core";
import { conformanceTarget, experimentTrackerSuite, type ConformanceTarget, type ShownPoint, type ShownRun } from "@mlstack/testkit/conformance";

// How each component is put under test. What a service shows of a run is read without the tracker, by the vendor's own API:
//   const url = process.env["ACME_URL"];
//   if (url === undefined) skip("ACME_URL is not set: there is no service to test against");
const targets: readonly ConformanceTarget[] = [
  conformanceTarget(experimentTrackerSuite, {
    flavor: "acme",
    start: ({ folder, open }) => ({
      subject: {
        open: () => open({ path: folder }),
        show: async (run) => shown(join(folder, run)),
        runsOf: async (run) => (existsSync(join(folder, run, "run.json")) ? [run] : []),
        remove: async (run) => { rmSync(join(folder, run), { recursive: true }); },
      },
    }),
  }),
];
export default targets;

function shown(folder: string): ShownRun {
  const run = JSON.parse(readFileSync(join(folder, "run.json"), "utf8")) as Omit<TrackedRun, "startedAt"> & { readonly status: TrackedStatus; readonly endedAt?: string };
  const lines = join(folder, "events.jsonl");
  const events = (existsSync(lines) ? readFileSync(lines, "utf8").split("\n") : []).filter((line) => line !== "").map((line) => JSON.parse(line) as TrackerEvent);
  const texts = (values: object): Record<string, string> => Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
  const last = (kind: TrackerEvent["kind"]): Record<string, string> => texts(Object.fromEntries(events.filter((one) => one.kind === kind).map((one) => [shownName(one), one.value])));
  const metrics: Record<string, ShownPoint[]> = {};
  for (const one of events) if (one.kind === "metric") (metrics[shownName(one)] ??= []).push({ value: Number(one.value), step: one.step, time: one.time });
  for (const points of Object.values(metrics)) points.sort((a, b) => a.step - b.step || a.time - b.time);
  return {
    status: run.status, ...(run.endedAt !== undefined && { endedAt: new Date(run.endedAt) }), metrics,
    params: { ...texts(run.params), ...last("param") }, tags: { ...texts(run.tags), ...last("tag") },
    file: async (name) => (existsSync(join(folder, "files", name)) ? readFileSync(join(folder, "files", name)) : undefined),
  };
}
