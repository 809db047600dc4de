import type { TrackerEvent } from "@mlstack/core";
import { describe, expect, it } from "vitest";
import { text } from "../testing/bytes.ts";
import { tape, type Answer, type Exchange, type Transport } from "../testing/tape.ts";
import { wandbTracker } from "./wandb.ts";

const run = { runId: "r1", pipeline: "p", params: { lr: 0.1 }, tags: {}, startedAt: new Date(0) };
const at = { node: "train", attempt: 1, time: 1000 };
const metric = (n: number, value = 0.5, node = "train"): TrackerEvent => ({ kind: "metric", key: "loss", value, step: n, ...at, node, id: `${node}/1/${n}` });
const line = (offset: number, e: TrackerEvent, value: unknown = e.value) => JSON.stringify({ _step: offset, _timestamp: 1, mlstack_step: e.kind === "metric" ? e.step : 0, loss: value, mlstack_id: e.id });
const gql = (query: string, variables: object, data: unknown): Exchange => [{ method: "POST", url: "/graphql", body: { query, variables: { entity: "e", project: "p", ...variables } } }, { status: 200, body: { data } }];
const stream = (body: object, answer: Answer | "lost" = { status: 200 }): Exchange => [{ method: "POST", url: "/files/e/p/r1/file_stream", body }, answer];
const history = (offset: number, ...content: string[]) => ({ files: { "wandb-history.jsonl": { offset, content } } });
const config = { lr: { value: 0.1 }, mlstack: { value: { run: "r1" } } };
const bucket = (b: unknown): Exchange => gql("RunResumeStatus", { name: "r1" }, { model: { bucket: b } });
const upsert = (more: object): Exchange => gql("UpsertBucket", { name: "r1", ...more }, { upsertBucket: { bucket: { id: "x" } } });
const start: Exchange[] = [bucket(null), upsert({ displayName: "p", config: JSON.stringify(config), state: "running" })];

function wandb(...recording: Exchange[]) {
  const recorded = tape(...recording);
  return { ...recorded, ...wandbTracker(recorded.send, "e", "p") };
}

/** What a server does with history: lines at offsets, the last writer's stay. */
function offsetServer(): { send: Transport; ids(): string[] } {
  const lines: string[] = [];
  return {
    async send({ url, body }) {
      if (url === "/graphql") {
        const { query } = body as { query: string };
        return { status: 200, body: { data: query === "UpsertBucket" ? { upsertBucket: { bucket: { id: "x" } } } : query === "HistoryPage" ? { project: { run: { history: [...lines] } } } : { model: { bucket: { config: "{}", historyLineCount: lines.length } } } } };
      }
      const { offset, content } = (body as ReturnType<typeof history>).files["wandb-history.jsonl"];
      content.forEach((l, i) => { lines[offset + i] = l; });
      return { status: 200 };
    },
    ids: () => lines.map((l) => (JSON.parse(l) as { mlstack_id: string }).mlstack_id),
  };
}

describe("experiment_tracker@1 on Weights & Biases", () => {
  it("repeats the same lines at the same offset after a lost answer", async () => {
    const both = history(0, line(0, metric(0)), line(1, metric(1, Number.NaN), "NaN"));
    const w = wandb(...start, stream(both, "lost"), stream(both), stream(history(2, line(2, metric(2)))));
    const { externalId } = await w.startRun(run);
    await w.log(externalId, [metric(0), metric(1, Number.NaN)]);
    await w.log(externalId, [metric(1, Number.NaN), metric(2)]);
    w.done();
  });

  it("goes on in another process where the stream stands, and sends nothing twice", async () => {
    const w = wandb(
      bucket({ config: JSON.stringify({ ...config, depth: { value: 3 } }), historyLineCount: 1 }),
      upsert({ displayName: "p", config: JSON.stringify({ ...config, depth: { value: 3 } }), state: "running" }),
      bucket({ config: JSON.stringify({ ...config, depth: { value: 3 } }), historyLineCount: 1 }),
      gql("HistoryPage", { run: "r1", minStep: 0, maxStep: 1000, pageSize: 1000 }, { project: { run: { history: [line(0, metric(0))] } } }),
      stream(history(1, line(1, metric(1)))),
    );
    await w.startRun(run);
    await w.log("r1", [metric(0), metric(1), { kind: "param", key: "depth", value: 3, ...at, id: "train/1/9" }]);
    w.done();
  });

  it("looks at what has arrived before it writes after a failure", async () => {
    const first = history(0, line(0, metric(0)));
    const w = wandb(
      ...start, stream(first, "lost"), stream(first, "lost"), stream(first, "lost"), bucket({ config: JSON.stringify(config), historyLineCount: 1 }),
      gql("HistoryPage", { run: "r1", minStep: 0, maxStep: 1000, pageSize: 1000 }, { project: { run: { history: [line(0, metric(0))] } } }), stream(history(1, line(1, metric(7)))),
    );
    await w.startRun(run);
    await expect(w.log("r1", [metric(0)])).rejects.toMatchObject({ code: "MLS6001" });
    await w.log("r1", [metric(7)]);
    await w.log("r1", [metric(0)]);
    w.done();
  });

  it("looks, too, where another process may have sent something before", async () => {
    const w = wandb(...start, bucket({ config: JSON.stringify(config), historyLineCount: 1 }), gql("HistoryPage", { run: "r1", minStep: 0, maxStep: 1000, pageSize: 1000 }, { project: { run: { history: [line(0, metric(0))] } } }), stream(history(1, line(1, metric(1)))));
    await w.startRun(run);
    expect(await w.log("r1", [metric(0), metric(1)], { resent: true })).toEqual({ refused: [] });
    w.done();
  });

  it("keeps the curves of a map's items apart", async () => {
    const item = metric(0, 0.5, "train@3f2a");
    const w = wandb(...start, stream(history(0, JSON.stringify({ _step: 0, _timestamp: 1, mlstack_step: 0, "train/3f2a/loss": 0.5, mlstack_id: item.id }))));
    await w.startRun(run);
    await w.log("r1", [item]);
    w.done();
  });

  it("is asked nothing more after an abort", async () => {
    const w = wandb(...start);
    await w.startRun(run);
    await expect(w.log("r1", [metric(0)], { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
    w.done();
  });

  it("loses lines with two writers: why `writers: \"one\"` is needed", async () => {
    const server = offsetServer();
    const [a, b] = [wandbTracker(server.send, "e", "p"), wandbTracker(server.send, "e", "p")];
    await Promise.all([a.log("r1", [metric(0)]), b.log("r1", [metric(0, 0.7, "test")])]);
    expect(server.ids()).toHaveLength(1);
    const one = offsetServer();
    const driver = wandbTracker(one.send, "e", "p");
    await Promise.all([driver.log("r1", [metric(0)]), driver.log("r1", [metric(0, 0.7, "test")])]);
    expect(one.ids()).toEqual(["train/1/0", "test/1/0"]);
  });

  it("says that it is alive, and how the run ended", async () => {
    const w = wandb(...start, stream({}), upsert({ config: JSON.stringify({ ...config, mlstack_status: { value: "cancelled" } }) }), stream({ complete: true, exitcode: 1 }));
    await w.startRun(run);
    await w.log("r1", []);
    await w.finishRun("r1", "cancelled", new Date(1));
    w.done();
  });

  it("sends the whole config when a step logs a parameter, and files by their name", async () => {
    const w = wandb(
      ...start, upsert({ config: JSON.stringify({ ...config, depth: { value: 3 } }) }),
      gql("CreateRunFiles", { run: "r1", files: ["plots/roc.png"] }, { createRunFiles: { files: [{ name: "plots/roc.png", uploadUrl: "/u" }] } }),
      [{ method: "PUT", url: "/u", body: Buffer.from("png") }, { status: 200 }],
    );
    await w.startRun(run);
    await w.log("r1", [{ kind: "param", key: "depth", value: 3, ...at, id: "train/1/0" }, { kind: "file", key: "plots/roc.png", value: "ab", size: 3, ...at, id: "train/1/1" }], { open: async function* () { yield text("png"); } });
    w.done();
  });

  it("finds refusals below status 200, and a run that a person deleted", async () => {
    const refused: Exchange = [{ ...bucket(null)[0] }, { status: 200, body: { errors: [{ message: "permission denied" }] } }];
    await expect(wandb(refused).startRun(run)).rejects.toMatchObject({ code: "MLS6002" });
    const w = wandb(...start, stream(history(0, line(0, metric(0))), { status: 404 }));
    await w.startRun(run);
    await expect(w.log("r1", [metric(0)])).rejects.toMatchObject({ code: "MLS6003" });
  });
});
