import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFile } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startMlflow, type MlflowServer } from "./servers/mlflow.ts";
import { startVersitygw, type Versitygw } from "./servers/versitygw.ts";
import type { FaultOutcome, FaultPlan } from "./testing/fault-runs.ts";
import { openStore, sha256 } from "./testing/s3.ts";

const RUNS = 100;
let s3: Versitygw;
let mlflow: MlflowServer;
let state: string;

beforeAll(async () => {
  state = mkdtempSync(join(tmpdir(), "mlstack-faults-"));
  [s3, mlflow] = await Promise.all([startVersitygw(), startMlflow({ version: "3" })]);
  await s3.bucket("faulty");
}, 180_000);
afterAll(async () => {
  await Promise.all([s3.stop(), mlflow.stop()]);
  rmSync(state, { recursive: true, force: true, maxRetries: 3 });
});

function runs(seeds: readonly number[], rate: number): Promise<FaultOutcome[]> {
  const { endpoint, region, accessKeyId, secretAccessKey } = s3;
  const plan: FaultPlan = { s3: { endpoint, region, accessKeyId, secretAccessKey }, mlflow: mlflow.url, seeds, rate, state };
  const file = join(state, `${seeds[0]}.json`);
  writeFileSync(file, JSON.stringify(plan));
  return new Promise((done, failed) => {
    execFile(process.execPath, [join(import.meta.dirname, "testing", "fault-runs.ts"), file], { maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error === null) done(stdout.trim().split("\n").map((line) => JSON.parse(line) as FaultOutcome)); else failed(new Error(`${error.message}\n${stderr}`));
    });
  });
}

async function api(path: string, body?: unknown): Promise<unknown> {
  return (await fetch(`${mlflow.url}/api/2.0/mlflow/${path}`, body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) })).json();
}

/** Points of a metric of a run, read without any of our code. */
async function history(run: string, key: string): Promise<[number, number][]> {
  const { metrics = [] } = (await api(`metrics/get-history?run_id=${run}&metric_key=${key}&max_results=1000`)) as { metrics?: { step: string; value: number }[] };
  return metrics.map((m): [number, number] => [Number(m.step), m.value]).toSorted((a, b) => a[0] - b[0]);
}

async function mlflowRuns(run: string): Promise<{ info: { run_id: string; status: string } }[]> {
  const { experiment } = (await api("experiments/get-by-name?experiment_name=faulty")) as { experiment: { experiment_id: string } };
  return ((await api("runs/search", { experiment_ids: [experiment.experiment_id], filter: `tags.\`mlstack.run\` = '${run}'` })) as { runs?: { info: { run_id: string; status: string } }[] }).runs ?? [];
}

test(`${RUNS} pipeline runs with faults in S3 and MLflow end with the right digests and histories, or in a clear error`, { timeout: 900_000 }, async () => {
  const seeds = Array.from({ length: RUNS }, (_, i) => i + 1);
  // two processes, as the machines that run this have two cores
  const outcomes = (await Promise.all([runs(seeds.filter((s) => s % 2 === 0), 0.08), runs(seeds.filter((s) => s % 2 === 1), 0.08)])).flat();
  expect(outcomes).toHaveLength(RUNS);
  const tally = { completed: 0, failed: 0, refused: 0, untracked: 0, faults: 0 };
  for (const o of outcomes) {
    tally.faults += o.faults;
    if (o.status !== "completed") {
      tally[o.status === "failed" ? "failed" : "refused"]++;
      expect(o.code, `${o.seed}: ${o.message}`).toMatch(/^MLS(?:3003|6001|6003)$/);
      continue;
    }
    tally.completed++;
    // every byte that the run names is in the bucket, and is what its name says
    const store = await openStore(s3, { bucket: "faulty", prefix: `seed-${o.seed}` });
    const blob = async (digest: string) => {
      const found = await (await store.get(`cas/sha256/${digest.slice(0, 2)}/${digest}`)).bytes();
      expect(sha256(found)).toBe(digest);
      return found;
    };
    for (const manifest of Object.values(o.outputs)) {
      const { files } = JSON.parse(Buffer.from(await blob(manifest)).toString("utf8")) as { files: { sha256: string }[] };
      for (const file of files) await blob(file.sha256);
    }
    await store.dispose?.();
    if (o.warnings.length > 0) { tally.untracked++; continue; }
    const found = await mlflowRuns(o.run);
    expect(found, `seed ${o.seed}`).toHaveLength(1);
    const { run_id, status } = found[0]!.info;
    expect(status).toBe("FINISHED");
    expect(await history(run_id, "made")).toEqual(Array.from({ length: 20 }, (_, n) => [n, o.seed + n]));
    const sum = o.seed * 4950 + (9 << 20);
    expect(await history(run_id, "sum")).toEqual(Array.from({ length: 10 }, (_, n) => [n, sum / (n + 1)]));
  }
  console.log(`engine under faults: ${JSON.stringify(tally)}`);
  expect(tally.completed).toBeGreaterThan(RUNS / 2);
});
