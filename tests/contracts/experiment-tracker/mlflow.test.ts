import type { TrackerEvent } from "@mlstack/core";
import { describe, expect, it } from "vitest";
import { tape, type Answer, type Exchange } from "../testing/tape.ts";
import { mlflowTracker } from "./mlflow.ts";

const at = { node: "train", attempt: 1, time: 1000, id: "train/1/0" };
const metric = (step: number, value = 0.5, more: Partial<typeof at> = {}): TrackerEvent => ({ kind: "metric", key: "loss", value, step, ...at, id: `train/1/${step}`, ...more });
const post = (path: string, body: object, answer: Answer | "lost"): Exchange => [{ method: "POST", url: `/api/2.0/mlflow/${path}`, body }, answer];
const get = (path: string, body: unknown): Exchange => [{ method: "GET", url: `/api/2.0/mlflow/${path}` }, { status: 200, body }];
const error = (error_code: string): Answer => ({ status: 400, body: { error_code } });
const experiment = get("experiments/get-by-name?experiment_name=x", { experiment: { experiment_id: "7" } });
const search = (...runs: object[]) => post("runs/search", { experiment_ids: ["7"], filter: "tags.`mlstack.run_id` = 'r1'", order_by: ["attributes.start_time ASC"], max_results: 1 }, { status: 200, body: { runs } });
const create = (answer: Answer | "lost") => post("runs/create", { experiment_id: "7", run_name: "p", start_time: 0, tags: [{ key: "mlstack.run_id", value: "r1" }] }, answer);
const there = { info: { run_id: "m1", start_time: 0 } };
const run = { runId: "r1", pipeline: "p", params: {}, tags: {}, startedAt: new Date(0) };
const sent = (step: number, value: number | string = 0.5, key = "loss") => ({ key, value, timestamp: 1000, step });
const batch = (answer: Answer | "lost", { metrics = [], params = [], tags = [] }: { metrics?: object[]; params?: object[]; tags?: object[] }) => post("runs/log-batch", { run_id: "m1", params, tags, metrics }, answer);
const good: Answer = { status: 200, body: {} };

function mlflow(readBack: boolean, ...recording: Exchange[]) {
  const recorded = tape(...recording);
  return { ...recorded, ...mlflowTracker(recorded.send, "x", readBack) };
}

describe("experiment_tracker@1 on MLflow", () => {
  it("makes one run however often the answer is lost, and opens it again", async () => {
    const m = mlflow(false, experiment, search(), create("lost"), search(there), post("runs/update", { run_id: "m1", status: "RUNNING" }, good));
    expect(await m.startRun(run)).toEqual({ externalId: "m1" });
    m.done();
  });

  it("makes the experiment with somebody else at once, but not out of the trash", async () => {
    const missing: Exchange = [experiment[0], { status: 404, body: { error_code: "RESOURCE_DOES_NOT_EXIST" } }];
    const exists = post("experiments/create", { name: "x" }, error("RESOURCE_ALREADY_EXISTS"));
    expect(await mlflow(false, missing, exists, experiment, search(), create({ status: 200, body: { run: there } })).startRun(run)).toEqual({ externalId: "m1" });
    await expect(mlflow(false, missing, exists, missing, exists).startRun(run)).rejects.toMatchObject({ code: "MLS6003" });
  });

  it("sends a batch again as it is where a database keeps one of each", async () => {
    const metrics = [sent(0), sent(1, "NaN")];
    const m = mlflow(false, batch("lost", { metrics }), batch(good, { metrics }));
    await m.log("m1", [metric(0), metric(1, Number.NaN)]);
    m.done();
  });

  it("reads back what has arrived where files keep everything", async () => {
    const history = (...metrics: object[]) => get("metrics/get-history?run_id=m1&metric_key=loss&max_results=25000", { metrics });
    const m = mlflow(true, history(), batch("lost", { metrics: [sent(0), sent(1)] }), history(sent(0)), batch(good, { metrics: [sent(1)] }));
    await m.log("m1", [metric(0), metric(1)]);
    m.done();
    // Another process that does not know what the first one sent.
    const other = mlflow(true, history(sent(0), sent(1)));
    await other.log("m1", [metric(0), metric(1)]);
    other.done();
  });

  it("keeps within the limits of a batch", async () => {
    const events = Array.from({ length: 1500 }, (_, i) => metric(i));
    const params = Array.from({ length: 120 }, (_, i): TrackerEvent => ({ kind: "param", key: `p${i}`, value: i, ...at }));
    const p = params.map((_, i) => ({ key: `p${i}`, value: String(i) }));
    const s = events.map((_, i) => sent(i));
    const m = mlflow(false, batch(good, { params: p.slice(0, 100), metrics: s.slice(0, 900) }), batch(good, { params: p.slice(100), metrics: s.slice(900) }));
    await m.log("m1", [...events, ...params]);
    m.done();
  });

  it("gives another value of a parameter another name, and loses nothing of its batch", async () => {
    const params = [{ key: "lr", value: "0.05" }, { key: "depth", value: "3" }];
    const m = mlflow(
      false, batch(error("INVALID_PARAMETER_VALUE"), { params, metrics: [sent(0)] }),
      get("runs/get?run_id=m1", { run: { ...there, data: { params: [{ key: "lr", value: "0.1" }, { key: "depth", value: "3" }] } } }),
      batch(good, { params: [{ key: "train.2/lr", value: "0.05" }, params[1]!], metrics: [sent(0)] }),
    );
    await m.log("m1", [{ kind: "param", key: "lr", value: 0.05, ...at, attempt: 2 }, { kind: "param", key: "depth", value: 3, ...at, attempt: 2 }, metric(0)]);
    m.done();
  });

  it("keeps the curves of a map's items apart, in names that MLflow takes", async () => {
    const m = mlflow(false, batch(good, { metrics: [sent(0, 0.5, "train:3/loss")] }));
    await m.log("m1", [metric(0, 0.5, { node: "train@3" })]);
    m.done();
  });

  it("finishes as often as it is asked", async () => {
    const end = post("runs/update", { run_id: "m1", status: "KILLED", end_time: 5 }, good);
    const m = mlflow(false, end, end);
    await m.finishRun("m1", "cancelled", new Date(5));
    await m.finishRun("m1", "cancelled", new Date(5));
    m.done();
    await expect(mlflow(false, [end[0], { status: 404, body: { error_code: "RESOURCE_DOES_NOT_EXIST" } }]).finishRun("m1", "cancelled", new Date(5))).rejects.toMatchObject({ code: "MLS6003" });
  });
});
