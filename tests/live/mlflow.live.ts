import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { MlstackError, type ExperimentTracker, type TrackedRun } from "@mlstack/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contents, mlflowRest, stepEvents, trackerOf } from "./testing/mlflow.ts";
import { startMlflow, type MlflowServer } from "./servers/mlflow.ts";

const SERVERS = [{ version: "3", store: "sqlite" }, { version: "2", store: "sqlite" }, { version: "3", store: "file" }, { version: "2", store: "file" }] as const;
const T0 = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

const tracked = (more: Partial<TrackedRun> = {}): TrackedRun => {
  const runId = `run-${randomUUID().slice(0, 13)}`;
  return { runId, pipeline: "churn", params: { epochs: 3, lr: 0.1, shuffle: true, data: "s3://b/ü.csv" }, tags: { "mlstack.run": runId, team: "växt" }, startedAt: new Date(T0), ...more };
};

describe.each(SERVERS)("MLflow $version with its $store store", { timeout: 60_000 }, ({ version, store }) => {
  let server: MlflowServer;
  let tracker: ExperimentTracker;
  let other: ExperimentTracker;
  let rest: ReturnType<typeof mlflowRest>;

  beforeAll(async () => {
    server = await startMlflow({ version, store });
    rest = mlflowRest(server.url);
    [tracker, other] = await Promise.all([trackerOf({ trackingUri: server.url }), trackerOf({ trackingUri: `${server.url}/` })]);
  });
  afterAll(async () => {
    await tracker?.dispose?.();
    await other?.dispose?.();
    await server?.stop();
  });

  test("check says version, access and files", async () => {
    const findings = await tracker.check!();
    expect(findings.map((f) => [f.name, f.ok])).toEqual([["server reachable, credentials accepted", true], ["version", true], ["files", true]]);
    expect(findings[1]!.message).toContain(server.version);
  });

  test("a pipeline run is one run: name, params, tags, times, url, statuses, resume", async () => {
    const run = tracked();
    const { externalId, url } = await tracker.startRun(run);
    const page = await fetch(url!.split("#")[0]!);
    expect(page.status).toBe(200);
    expect(url).toContain(externalId);
    const shown = await rest.run(externalId);
    expect(shown.info).toMatchObject({ run_name: `churn ${run.runId}`, status: "RUNNING", start_time: T0, experiment_id: await rest.experiment("churn") });
    expect(shown.params).toEqual({ epochs: "3", lr: "0.1", shuffle: "true", data: "s3://b/ü.csv", "mlstack.run": run.runId });
    expect(shown.tags).toMatchObject({ "mlstack.run": run.runId, "mlstack.pipeline": "churn", team: "växt", "mlflow.source.name": "churn", "mlflow.source.type": "LOCAL" });
    expect(shown.tags["mlflow.user"]).toBeTruthy();
    // found again: by this instance, by another one, and by both at once
    const again = await Promise.all([tracker.startRun(run), other.startRun(run)]);
    expect(again.map((r) => r.externalId)).toEqual([externalId, externalId]);
    for (const [status, expected] of [["completed", "FINISHED"], ["failed", "FAILED"], ["cancelled", "KILLED"]] as const) {
      await tracker.finishRun(externalId, status, new Date(T0 + 5000));
      await other.finishRun(externalId, status, new Date(T0 + 5000));
      expect((await rest.run(externalId)).info).toMatchObject({ status: expected, end_time: T0 + 5000 });
      // with and without its id
      expect((await other.startRun(status === "failed" ? { ...run, externalId } : run)).externalId).toBe(externalId);
      expect((await rest.run(externalId)).info.status).toBe("RUNNING");
    }
  });

  test("processes that start the same run at once end with one", async () => {
    const many = await Promise.all(Array.from({ length: 4 }, () => trackerOf({ trackingUri: server.url, experimentName: `at once ${store}` })));
    for (let n = 0; n < (store === "file" ? 1 : 5); n++) {
      const run = tracked();
      const ids = (await Promise.all(many.map((t) => t.startRun(run)))).map((r) => r.externalId);
      if (store === "sqlite") expect(new Set(ids).size).toBe(1); // the file store has nothing that only one of two calls can do
    }
    if (store === "sqlite") expect(await rest.runs(await rest.experiment(`at once ${store}`))).toHaveLength(5);
    for (const t of many) await t.dispose?.();
  });

  test("runs that are the first of their experiment, all at once, are found again, each the same", async () => {
    for (let round = 0; round < 4; round++) {
      const experimentName = `first of all ${round}`;
      const many = await Promise.all(Array.from({ length: 5 }, () => trackerOf({ trackingUri: server.url, experimentName })));
      const runs = many.map(() => tracked());
      const ids = await Promise.all(many.map(async (t, i) => (await t.startRun(runs[i]!)).externalId));
      const again = await Promise.all(many.map(async (t, i) => (await t.startRun(runs[(i + 1) % 5]!)).externalId));
      expect(again).toEqual([...ids.slice(1), ids[0]]);
      for (const t of many) await t.dispose?.();
    }
  });

  test("the items of a map have curves, params and files of their own; the step has one pair of tags", async () => {
    const { externalId } = await tracker.startRun(tracked());
    const c = contents();
    const items = ["3f2a", "b001+1"].map((item) => stepEvents(`train@${item}`));
    for (const [i, event] of items.entries()) await tracker.log(externalId, [0, 1, 2].map((step) => event({ kind: "metric", key: "loss", value: i + step, step }, T0 + step)));
    await tracker.log(externalId, items.flatMap((event, i) => [event({ kind: "param", key: "n", value: i }), event(c.file("plots/roc.txt", `item ${i}`))]), { open: c.open });
    expect((await rest.history(externalId, "train/3f2a/loss")).map((p) => p.value)).toEqual([0, 1, 2]);
    const { params, tags, metrics } = await rest.run(externalId);
    expect(metrics).toEqual(["train/3f2a/loss", expect.stringMatching(/^train\/b001_1\/loss_[0-9a-f]{8}$/)]);
    expect(params["train/3f2a/n"]).toBe("0");
    expect(Object.keys(tags).filter((k) => k.startsWith("mlstack.step.") || k.startsWith("mlstack.metrics.")).sort()).toEqual(["mlstack.metrics.train", "mlstack.step.train"]);
    expect((await rest.file(await rest.experiment("churn"), externalId, "train/3f2a/plots/roc.txt")).toString()).toBe("item 0");
  });

  test("keys of every form are taken, and one that is the folder of another costs nothing", async () => {
    const { externalId } = await tracker.startRun(tracked());
    const event = stepEvents("n");
    const keys = ["loss", "loss/train", "acc", "..x", "..", "...", "a/..b", " a", "a ", "a/ /b", "a\u00a0b", "a//b", "/", "x".repeat(300)];
    const events = keys.flatMap((key, step) => [event({ kind: "metric", key, value: step, step }, T0 + step), event({ kind: "param", key, value: step })]);
    for (const resent of [false, true]) expect(await tracker.log(externalId, events, { resent })).toEqual({ refused: [] });
    const { params, metrics } = await rest.run(externalId);
    expect([metrics.length, Object.values(params).filter((v) => /^\d+$/.test(v)).length]).toEqual([keys.length, keys.length + 1]);
    expect(metrics).toEqual(expect.arrayContaining(["loss", "acc", "a/..b", store === "file" ? expect.stringMatching(/^loss_train_[0-9a-f]{8}$/) : "loss/train"]));
  });

  test("2,500 points keep their values, steps and times; sent again by anyone they stay as many", async () => {
    const { externalId } = await tracker.startRun(tracked());
    const event = stepEvents("train");
    const events = Array.from({ length: 2500 }, (_, step) => event({ kind: "metric", key: "loss/train", value: 1 / (step + 1), step }, T0 + step * 7));
    await tracker.log(externalId, events);
    const expected = events.map((_, step) => ({ value: 1 / (step + 1), timestamp: T0 + step * 7, step }));
    expect(await rest.history(externalId, "loss/train")).toEqual(expected);
    await tracker.log(externalId, events, { resent: true });
    await other.log(externalId, events.slice(1000), { resent: true });
    expect(await rest.history(externalId, "loss/train")).toEqual(expected);
    expect((await rest.run(externalId)).tags).toMatchObject({ "mlstack.step.train": "executed", "mlstack.metrics.train": "loss/train" });
  });

  test("NaN, infinities, zero, negative, huge and fractional steps", async () => {
    const { externalId } = await tracker.startRun(tracked());
    const event = stepEvents("train");
    const points: [number, number][] = [[Number.NaN, 0], [Infinity, 1], [-Infinity, 2], [0, 3], [-0, 4], [5e-324, -7], [0.1, 2 ** 53], [1.5, 6.6]];
    const events = points.map(([value, step]) => event({ kind: "metric", key: "m", value, step }, T0));
    for (const [i, t] of [tracker, tracker, other].entries()) expect(await t.log(externalId, events, { resent: i > 0 })).toEqual({ refused: [] });
    const infinity = store === "sqlite" ? Number.MAX_VALUE : "Infinity";
    const minus = store === "sqlite" ? -Number.MAX_VALUE : "-Infinity";
    expect((await rest.history(externalId, "m")).map((p) => [p.value, p.step])).toEqual([[5e-324, -7], ["NaN", 0], [infinity, 1], [minus, 2], [0, 3], [0, 4], [1.5, 7], [0.1, 2 ** 53]]);
    expect((await rest.run(externalId)).tags["mlstack.rounded_steps.m"]).toContain("whole");
  });

  test("params of several nodes under one key are all shown; the same again by anyone", async () => {
    const { externalId } = await tracker.startRun(tracked());
    const [a, b, b2] = [stepEvents("a"), stepEvents("b"), stepEvents("b", 2)];
    const events = [
      a({ kind: "param", key: "depth", value: 3 }), b({ kind: "param", key: "depth", value: 5 }), b2({ kind: "param", key: "depth", value: 7 }), b2({ kind: "param", key: "lr", value: 0.5 }),
      b({ kind: "metric", key: "acc", value: 1, step: 0 }), b({ kind: "param", key: "empty", value: "" }), b({ kind: "param", key: "w[0].x/../y", value: "brackets" }),
    ];
    for (const [i, t] of [tracker, other].entries()) { await t.log(externalId, events, { resent: i > 0 }); await t.log(externalId, events.toReversed(), { resent: true }); }
    const { params, tags } = await rest.run(externalId);
    expect(params).toMatchObject({ depth: "3", "b.depth": "5", "b.2.0.depth": "7", lr: "0.1", "b.lr": "0.5", empty: "" });
    const mapped = Object.keys(params).find((k) => params[k] === "brackets")!;
    expect(mapped).toMatch(/^w_0_\.x\/__\/y_[0-9a-f]{8}$/);
    expect(tags[`mlstack.key.${mapped}`]).toBe("w[0].x/../y");
    expect(Object.keys(params)).toHaveLength(4 + 1 + 5 + 1); // the pipeline's, the claim, these
    expect(await rest.history(externalId, "acc")).toHaveLength(1);
    expect(tags).toMatchObject({ "mlstack.attempt.b": "2" });
  });

  test("params that two processes set at the same moment cost nothing else", async () => {
    const { externalId } = await tracker.startRun(tracked());
    await Promise.all([{ node: "a", t: tracker, value: 1 }, { node: "b", t: other, value: 2 }].map(async ({ node, t, value }) => {
      const event = stepEvents(node);
      for (let n = 0; n < 10; n++) await t.log(externalId, [event({ kind: "param", key: `p${n}`, value }), event({ kind: "metric", key: `m ${node}`, value: n, step: n })]);
    }));
    const { params } = await rest.run(externalId);
    for (let n = 0; n < 10; n++) {
      // the file store looks and then writes: a moment in between is lost
      if (store === "sqlite") expect(new Set([params[`p${n}`], params[`a.p${n}`] ?? params[`b.p${n}`]])).toEqual(new Set(["1", "2"]));
    }
    for (const node of ["a", "b"]) expect((await rest.history(externalId, `m ${node}`)).map((p) => p.step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("tags: unicode, long, empty, reserved, and the later call wins whatever comes first", async () => {
    const { externalId } = await tracker.startRun(tracked());
    const event = stepEvents("train");
    const [early, late] = [event({ kind: "tag", key: "phase", value: "early" }), event({ kind: "tag", key: "phase", value: "late" })];
    const more = [
      event({ kind: "tag", key: "größe", value: "日本 🎉 \ud800" }), event({ kind: "tag", key: "long", value: "🎉".repeat(9000) }), event({ kind: "tag", key: "none", value: "" }), event({ kind: "tag", key: "k".repeat(250), value: "wide" }),
      event({ kind: "tag", key: "mlflow.user", value: "mallory" }), event({ kind: "tag", key: "mlflow.note.content", value: "# About" }), event({ kind: "tag", key: "mlstack.run", value: "x" }),
    ];
    await tracker.log(externalId, [late, ...more]);
    await other.log(externalId, [early]);
    const { tags } = await rest.run(externalId);
    expect(tags).toMatchObject({ phase: "late", "mlstack.set_by.phase": `train/1/1 ${new Date(late.time).toISOString()}`, "größe": "日本 🎉 \ufffd", none: "", "user.mlflow.user": "mallory", "mlflow.note.content": "# About", "user.mlstack.run": "x", ["k".repeat(250)]: "wide" });
    expect(tags["mlstack.run"]).toMatch(/^run-/);
    expect(Array.from(tags["long"]!)).toHaveLength(8000);
    expect(tags["long"]).toMatch(/… \[cut: 9000 characters\]$/);
    await tracker.log(externalId, [event({ kind: "tag", key: "mlflow.runName", value: "renamed" })]);
    expect((await rest.run(externalId)).info).toMatchObject({ run_name: "renamed", status: "RUNNING" });
  });

  test("files by the server's proxy, those of several nodes under one path, odd names", async () => {
    const { externalId } = await tracker.startRun(tracked());
    const experiment = await rest.experiment("churn");
    const c = contents();
    const [a, b] = [stepEvents("a"), stepEvents("b")];
    const odd = "ü plots/100% a%20b #1?.txt";
    const events = [a(c.file("plots/roc.txt", "a")), a(c.file("plots/roc.txt", "a, newer")), b(c.file("plots/roc.txt", "b")), a(c.file(odd, "odd")), a(c.file("empty.bin", "")), a(c.file("large.bin", "0123456789".repeat(300_000)))];
    for (const t of [tracker, other]) for (const sent of [events, events.toReversed()]) expect(await t.log(externalId, sent, { open: c.open, resent: t === other })).toEqual({ refused: [] });
    expect((await rest.file(experiment, externalId, "plots/roc.txt")).toString()).toBe("a, newer");
    expect((await rest.file(experiment, externalId, "b/plots/roc.txt")).toString()).toBe("b");
    expect(await rest.file(experiment, externalId, "empty.bin")).toHaveLength(0);
    expect((await rest.file(experiment, externalId, "large.bin")).equals(Buffer.from("0123456789".repeat(300_000)))).toBe(true);
    const { files } = await rest.call<{ files: { path: string }[] }>(`/artifacts/list?run_id=${externalId}&path=${encodeURIComponent("ü plots")}`);
    expect(files.map((f) => f.path)).toEqual([expect.stringMatching(/^ü plots\/100_ a_20b _1\?_[0-9a-f]{8}\.txt$/)]);
    expect((await rest.file(experiment, externalId, files[0]!.path)).toString()).toBe("odd");
  });

  test("events of a cached step are shown as such", async () => {
    const { externalId } = await tracker.startRun(tracked());
    const event = stepEvents("train", 3, "run-of-old");
    const events = [event({ kind: "metric", key: "acc", value: 0.9, step: 1 }, T0 - 1e9), event({ kind: "param", key: "depth", value: 4 }, T0 - 1e9)];
    await tracker.log(externalId, events);
    await other.log(externalId, events, { resent: true });
    const shown = await rest.run(externalId);
    expect(shown.tags).toMatchObject({ "mlstack.step.train": "cached", "mlstack.cached_from.train": "run-of-old", "mlstack.attempt.train": "3" });
    expect(await rest.history(externalId, "acc")).toEqual([{ value: 0.9, timestamp: T0 - 1e9, step: 1 }]);
  });

  test("two trackers log side by side, each point once", async () => {
    const { externalId } = await tracker.startRun(tracked());
    await Promise.all([{ node: "a", t: tracker }, { node: "b", t: other }].map(async ({ node, t }) => {
      const event = stepEvents(node);
      for (let n = 0; n < 20; n++) await t.log(externalId, Array.from({ length: 10 }, (_, i) => event({ kind: "metric", key: i % 2 === 0 ? "shared" : `own ${node}`, value: i, step: n * 10 + i }, T0 + (node === "a" ? 0 : 1))));
    }));
    expect(await rest.history(externalId, "shared")).toHaveLength(200);
    expect(await rest.history(externalId, "own a")).toHaveLength(100);
    expect(await rest.history(externalId, "own b")).toHaveLength(100);
  });

  test("many params and tags", async () => {
    const params = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`p${i}`, "x".repeat(i === 7 ? 7000 : 10)]));
    const { externalId } = await tracker.startRun(tracked({ params, tags: Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`t[${i}]`, "v"])) }));
    const shown = await rest.run(externalId);
    expect(Object.keys(shown.params)).toHaveLength(251);
    expect(shown.params["p7"]).toHaveLength(6000);
    expect(Object.keys(shown.tags).filter((k) => k.startsWith("mlstack.key."))).toHaveLength(120);
  });

  test("runs of the engine: one that computes, one from the cache, one that fails", async () => {
    const state = mkdtempSync(join(tmpdir(), "mlstack-mlflow-run-"));
    const script = fileURLToPath(new URL("testing/mlflow-run.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [script, server.url, state], { encoding: "utf8" });
    rmSync(state, { recursive: true, force: true });
    const reports = JSON.parse(stdout.trim().split("\n").at(-1)!) as { id: string; status: string; warnings: string[] }[];
    expect(reports.map((r) => [r.status, r.warnings])).toEqual([["completed", []], ["completed", []], ["failed", []]]);
    const experiment = await rest.experiment("tracked");
    const ids = await rest.runs(experiment);
    expect(ids).toHaveLength(3);
    const shown = new Map((await Promise.all(ids.map((id) => rest.run(id)))).map((r) => [r.tags["mlstack.run"], r]));
    const [computed, cached, failed] = reports.map((r) => shown.get(r.id)!);
    expect([computed, cached, failed].map((r) => r!.info.status)).toEqual(["FINISHED", "FINISHED", "FAILED"]);
    for (const r of [computed!, cached!, failed!]) {
      expect(r.params).toMatchObject({ depth: "3", "evaluate.depth": "4", fail: r === failed ? "true" : "false" });
      expect(r.tags).toMatchObject({ phase: "evaluated" });
      expect(r.tags["mlstack.cached_from.train"]).toBe(r === computed ? undefined : reports[0]!.id);
      const loss = await rest.history(r.info.run_id, "loss");
      expect(loss.map((p) => [p.step, p.value])).toEqual([...Array.from({ length: 300 }, (_, i) => [i, 1 / (i + 1)]), [1000, 0.5]]);
      expect((await rest.history(r.info.run_id, "acc/train"))[7]!.value).toBe("NaN");
      expect((await rest.file(experiment, r.info.run_id, "plots/roc.svg")).toString()).toBe("<svg/>");
    }
    expect(await rest.history(cached!.info.run_id, "loss")).toEqual(await rest.history(computed!.info.run_id, "loss"));
    expect(cached!.tags).toMatchObject({ "mlstack.step.train": "cached", "mlstack.step.evaluate": "cached" });
    expect(failed!.tags).toMatchObject({ "mlstack.step.train": "cached", "mlstack.step.evaluate": "executed" });
  });

  test("what MLflow refuses is said, and the rest is written", async () => {
    await expect(tracker.log("0".repeat(32), [stepEvents("a")({ kind: "param", key: "p", value: 1 })])).rejects.toMatchObject({ code: "MLS6003", details: { errorCode: "RESOURCE_DOES_NOT_EXIST" } });
    await rest.call("/experiments/create", { name: `gone ${store}` });
    await rest.call("/experiments/delete", { experiment_id: await rest.experiment(`gone ${store}`) });
    const lost = await trackerOf({ trackingUri: server.url, experimentName: `gone ${store}` });
    const e: unknown = await lost.startRun(tracked()).catch((e: unknown) => e);
    expect(MlstackError.is(e, "MLS6003") && e.fix).toContain("restore it");
    await lost.dispose?.();
  });

  test("an aborted call ends with the reason", async () => {
    const reason = new Error("enough");
    await expect(tracker.startRun(tracked(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const control = new AbortController();
    const started = tracker.startRun(tracked(), { signal: control.signal });
    control.abort(reason);
    await expect(started).rejects.toBe(reason);
  });
});
