import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MlstackError, shownName, type ErrorCode, type ExperimentTracker, type TrackerEvent } from "@mlstack/core";
import plugin from "@mlstack/engine/plugin";
import type { ExperimentTrackerSubject, ShownPoint } from "@mlstack/testkit/conformance";

const local = plugin.components.find((c) => c.contract === "experiment_tracker@1")!;
const open = async (projectDir: string): Promise<ExperimentTracker> => (await local.create(local.config.parse({}), { name: "t", projectDir, stateDir: join(projectDir, ".mlstack") })) as unknown as ExperimentTracker;

/** The tracker of a project, and what lies in its folder, read by hand. */
export function localTracker(projectDir: string): ExperimentTrackerSubject {
  const folder = (id: string) => join(projectDir, ".mlstack", "tracking", id);
  return {
    open: () => open(projectDir),
    runsOf: async (runId) => (existsSync(join(folder(runId), "run.json")) ? [runId] : []),
    remove: async (id) => { rmSync(folder(id), { recursive: true }); },
    async show(id) {
      const run = JSON.parse(readFileSync(join(folder(id), "run.json"), "utf8")) as { status: "running"; endedAt?: string; params: object; tags: Record<string, string> };
      const path = join(folder(id), "events.jsonl");
      const events = (existsSync(path) ? readFileSync(path, "utf8").split("\n") : []).filter((line) => line !== "").map((line) => JSON.parse(line) as TrackerEvent);
      const texts = (values: object) => Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
      const last = (kind: TrackerEvent["kind"]) => Object.fromEntries(events.filter((one) => one.kind === kind).map((one) => [shownName(one), one.value]));
      const metrics: Record<string, ShownPoint[]> = {};
      for (const one of events) {
        const value: unknown = one.value;
        if (one.kind === "metric") (metrics[shownName(one)] ??= []).push({ value: typeof value === "object" ? Number((value as { number: string }).number) : one.value, step: one.step, time: one.time });
      }
      for (const all of Object.values(metrics)) all.sort((a, b) => a.step - b.step || a.time - b.time);
      return {
        status: run.status, ...(run.endedAt !== undefined && { endedAt: new Date(run.endedAt) }), params: { ...texts(run.params), ...texts(last("param")) }, tags: { ...run.tags, ...texts(last("tag")) }, metrics,
        file: async (name) => { const file = join(folder(id), "files", name); return existsSync(file) ? readFileSync(file) : undefined; },
      };
    },
  };
}

/** A tracker of which every call fails; the check says so. */
export function failingTracker(code: ErrorCode): ExperimentTracker {
  const fail = async (): Promise<never> => { throw new MlstackError(code, "it fails"); };
  return { contract: "experiment_tracker@1", startRun: fail, log: fail, finishRun: fail, check: async () => [{ name: "reach", ok: false, message: "it fails" }] };
}
