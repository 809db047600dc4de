import { shownName, type TrackerEvent } from "@mlstack/core";
import { memoryStack } from "@mlstack/testkit";
import { artifactStoreSuite, conformanceTarget, experimentTrackerSuite, type ShownPoint } from "@mlstack/testkit/conformance";

export default [
  conformanceTarget(artifactStoreSuite, { flavor: "memory", start({ open }) {
    const { config } = memoryStack().spec.components["artifact_store"]!;
    return { subject: { open: () => open(config) } };
  } }),

  conformanceTarget(experimentTrackerSuite, { flavor: "memory", start({ open }) {
    const stack = memoryStack();
    const { config } = stack.spec.components["experiment_tracker"]!;
    return { subject: {
      open: () => open(config),
      runsOf: async (runId) => stack.trackedRuns().filter((run) => run.runId === runId).map(({ externalId }) => externalId),
      async show(id) {
        const { events, files, status, endedAt, params, tags } = stack.trackedRuns().find(({ externalId }) => externalId === id)!;
        const texts = (values: object) => Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
        const last = (kind: TrackerEvent["kind"]) => Object.fromEntries(events.filter((one) => one.kind === kind).map((one) => [shownName(one), one.value]));
        const metrics: Record<string, ShownPoint[]> = {};
        for (const one of events) if (one.kind === "metric") (metrics[shownName(one)] ??= []).push({ value: one.value, step: one.step, time: one.time });
        for (const all of Object.values(metrics)) all.sort((a, b) => a.step - b.step || a.time - b.time);
        return { status: status ?? "running", ...(endedAt !== undefined && { endedAt }), params: { ...texts(params), ...texts(last("param")) }, tags: { ...tags, ...texts(last("tag")) }, metrics, file: async (path) => { const shown = events.findLast((one) => one.kind === "file" && shownName(one) === path); return shown?.kind === "file" ? files.get(shown.value) : undefined; } };
      },
    } };
  } }),
];
