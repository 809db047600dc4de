import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  test("shows the files of a map's items apart, and refuses one that has no place instead of stopping at it", async () => {
    const t = localTracker(root);
    await t.startRun(started);
    const file = (n: number, key: string, node = "s"): TrackerEvent => ({ kind: "file", key, value: `${n}`, size: 1, id: `${node}/1/${n}`, node, attempt: 1, time: n });
    const open = async function* (digest: string) { yield Buffer.from(digest); };
    const { refused } = await t.log("r1", [file(0, "a", "s@x"), file(1, "a", "s@y"), file(2, "a"), file(3, "a/b"), metric(4)], { open });
    expect(["s/x/a", "s/y/a", "a"].map((path) => readFileSync(join(root, "r1", "files", path), "utf8"))).toEqual(["0", "1", "2"]);
    expect(refused).toEqual([{ id: "s/1/3", reason: expect.stringContaining("a/b can't be shown") as string }]);
    expect(readTracked(root, "r1")).toHaveLength(5);
    expect(existsSync(join(root, "r1", "files", "a", "b"))).toBe(false);
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
