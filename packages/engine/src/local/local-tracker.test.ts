import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExperimentTracker, TrackerEvent } from "@mlstack/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { trackerLink } from "../run/tracker-link.ts";
import { decodeEvents, encodeEvents, trackerRecorder } from "../run/tracker-recorder.ts";
import { localTracker, readTracked } from "./local-tracker.ts";

let root: string;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), "mlstack-tracker-")); });
afterEach(() => rmSync(root, { recursive: true, force: true }));
const started = { runId: "r1", pipeline: "p", params: { n: 1 }, tags: {}, startedAt: new Date(0) };
const metric = (i: number, value = i): TrackerEvent => ({ kind: "metric", key: "loss", value, step: i, id: `s/1/${i}`, node: "s", attempt: 1, time: i });

describe("the local tracker", () => {
  test("shows an event once, however often it is sent, from another process too", async () => {
    for (let process = 0; process < 2; process++) {
      const t = localTracker(root);
      const { externalId } = await t.startRun(started);
      await t.log(externalId, [metric(0), metric(1, Number.NaN)]);
      await t.log(externalId, [metric(1, Number.NaN), metric(2, Infinity)]);
    }
    expect(readTracked(root, "r1").map((e) => [e.id, (e as { value: number }).value])).toEqual([["s/1/0", 0], ["s/1/1", Number.NaN], ["s/1/2", Infinity]]);
  });
  test("goes on after a line that was cut off", async () => {
    const t = localTracker(root);
    await t.startRun(started);
    await t.log("r1", [metric(0)]);
    appendFileSync(join(root, "r1", "events.jsonl"), '{"kind":"metr');
    const again = localTracker(root);
    await again.log("r1", [metric(1)]);
    expect(readTracked(root, "r1").map((e) => e.id)).toEqual(["s/1/0", "s/1/1"]);
  });
  test("closes the run with its status, once and again", async () => {
    const t = localTracker(root);
    await t.startRun(started);
    await t.finishRun("r1", "failed", new Date(5));
    await t.finishRun("r1", "failed", new Date(5));
    expect(JSON.parse(readFileSync(join(root, "r1", "run.json"), "utf8"))).toMatchObject({ status: "failed", pipeline: "p", startedAt: "1970-01-01T00:00:00.000Z" });
  });
});

describe("what a step logs", () => {
  test("carries key, step and time of the call", () => {
    let now = 10;
    const { tracker, events } = trackerRecorder({ node: "train", ordinal: 0, attempt: 2 }, () => now++, { putBytes: async () => "d", putFile: async () => undefined });
    tracker.logParams({ a: 1, b: "x" });
    tracker.logMetric("loss", 3);
    tracker.logMetric("loss", 2);
    tracker.logMetrics({ loss: 1, acc: 0.5 }, 7);
    tracker.setTag("kind", "demo");
    expect(events.map((e) => [e.id, e.kind, e.key, "step" in e ? e.step : undefined, e.time])).toEqual([
      ["train/0.2/0", "param", "a", undefined, 10], ["train/0.2/1", "param", "b", undefined, 11], ["train/0.2/2", "metric", "loss", 0, 12], ["train/0.2/3", "metric", "loss", 1, 13],
      ["train/0.2/4", "metric", "loss", 7, 14], ["train/0.2/5", "metric", "acc", 7, 15], ["train/0.2/6", "tag", "kind", undefined, 16],
    ]);
    expect(decodeEvents(encodeEvents(events))).toEqual(events);
    expect(() => tracker.logMetric("x", "1" as never)).toThrow(/string/);
    expect(() => tracker.logMetric("", 1)).toThrow(/name/);
  });
});

const open = (): AsyncIterable<Uint8Array> => { throw new Error("no files here"); };

describe("a run's line to its tracker", () => {
  const flaky = (failures: number, afterCommit: boolean) => {
    const log: TrackerEvent[] = [];
    let left = failures;
    const tracker: ExperimentTracker = {
      contract: "experiment_tracker@1",
      startRun: async () => ({ externalId: "e" }),
      async log(_, events) {
        const seen = new Set(log.map((e) => e.id));
        if (left > 0 && !afterCommit) { left--; throw new Error("unreachable"); }
        log.push(...events.filter((e) => !seen.has(e.id)));
        if (left > 0) { left--; throw new Error("timeout after commit"); }
      },
      finishRun: async () => undefined,
    };
    return { tracker, log };
  };
  test.each([[1, false], [2, true], [2, false]])("%i failures, after the commit: %s: nothing is lost, nothing shown twice", async (failures, afterCommit) => {
    const { tracker, log } = flaky(failures, afterCommit);
    const link = await trackerLink(tracker, started, { required: false, open, delayMs: 1 });
    await link.send([metric(0)]);
    await link.send([metric(1)]);
    expect(await link.finish("completed", new Date(0))).toEqual([]);
    expect(log.map((e) => e.id)).toEqual(["s/1/0", "s/1/1"]);
  });
  test("a tracker that stays away is a warning, and an error only where it is required", async () => {
    const { tracker } = flaky(1000, false);
    const link = await trackerLink(tracker, started, { required: false, open, delayMs: 1 });
    await link.send([metric(0)]);
    expect(await link.finish("completed", new Date(0))).toEqual([expect.stringMatching(/could not be reached \(unreachable\): 1 events/)]);
    const gone: ExperimentTracker = { ...tracker, startRun: async () => { throw new Error("no such host"); } };
    await expect(trackerLink(gone, started, { required: true, open, delayMs: 1 })).rejects.toThrow("no such host");
    expect(await (await trackerLink(gone, started, { required: false, open, delayMs: 1 })).finish("completed", new Date(0))).toHaveLength(1);
  });
});
