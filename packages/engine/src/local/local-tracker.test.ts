import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TrackerEvent } from "@mlstack/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { decodeEvents, encodeEvents, trackerRecorder } from "../run/tracker-recorder.ts";
import { localTracker, readTracked } from "./local-tracker.ts";

let root: string;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), "mlstack-tracker-")); });
afterEach(() => rmSync(root, { recursive: true, force: true }));
const started = { runId: "r1", pipeline: "p", params: { n: 1 }, tags: {}, startedAt: new Date(0) };
const metric = (i: number, value = i): TrackerEvent => ({ kind: "metric", key: "loss", value, step: i, id: `s/1/${i}`, node: "s", attempt: 1, time: i });

// what every tracker does is in tests/contracts/conformance/local-tracker.test.ts
describe("the local tracker", () => {
  test("goes on after a line that was cut off", async () => {
    const t = localTracker(root);
    await t.startRun(started);
    await t.log("r1", [metric(0)]);
    appendFileSync(join(root, "r1", "events.jsonl"), '{"kind":"metr');
    const again = localTracker(root);
    await again.log("r1", [metric(1)]);
    expect(readTracked(root, "r1").map((e) => e.id)).toEqual(["s/1/0", "s/1/1"]);
  });
  test("learns of what others have written since, and does not read again what it has read", async () => {
    const [t, other] = [localTracker(root), localTracker(root)];
    await t.startRun(started);
    await t.log("r1", [metric(0)]);
    await other.log("r1", [metric(1)]);
    await t.log("r1", [metric(1), metric(2)]);
    expect(readTracked(root, "r1").map((e) => e.id)).toEqual(["s/1/0", "s/1/1", "s/1/2"]);
    // who reads the file from its beginning at each call finds here that s/1/8 is there already
    const path = join(root, "r1", "events.jsonl");
    writeFileSync(path, readFileSync(path, "utf8").replace("s/1/0", "s/1/8"));
    await t.log("r1", [metric(8)]);
    expect(readTracked(root, "r1").map((e) => e.id)).toEqual(["s/1/8", "s/1/1", "s/1/2", "s/1/8"]);
  });
  test("reads files of any size, in any pieces", async () => {
    const t = localTracker(root);
    await t.startRun(started);
    const wide = (i: number): TrackerEvent => ({ kind: "param", key: `k${i}`, value: "ü".repeat(700_000), id: `s/1/${i}`, node: "s", attempt: 1, time: i });
    await t.log("r1", [0, 1, 2].map(wide));
    const again = localTracker(root);
    await again.log("r1", [0, 1, 2, 3].map(wide));
    expect(readTracked(root, "r1")).toEqual([0, 1, 2, 3].map(wide));
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
