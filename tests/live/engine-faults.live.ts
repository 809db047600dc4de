import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFile } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startMlflow, type MlflowServer } from "./servers/mlflow.ts";
import { startVersitygw, type Versitygw } from "./servers/versitygw.ts";
import type { FaultOutcome, FaultPlan, SeedOutcome } from "./testing/fault-runs.ts";
import { mlflowRest } from "./testing/mlflow.ts";
import { openStore, sha256 } from "./testing/s3.ts";

const SEEDS = 40;
let s3: Versitygw;
let mlflow: MlflowServer;
let state: string;

beforeAll(async () => {
  state = mkdtempSync(join(tmpdir(), "mlstack-faults-"));
  [s3, mlflow] = await Promise.all([startVersitygw(), startMlflow({ version: "3" })]);
  await s3.bucket("faulty");
});
afterAll(async () => {
  await Promise.all([s3.stop(), mlflow.stop()]);
  rmSync(state, { recursive: true, force: true, maxRetries: 3 });
});

function runs(seeds: readonly number[], rate: number): Promise<SeedOutcome[]> {
  const { endpoint, region, accessKeyId, secretAccessKey } = s3;
  const plan: FaultPlan = { s3: { endpoint, region, accessKeyId, secretAccessKey }, mlflow: mlflow.url, seeds, rate, state };
  const file = join(state, `${seeds[0]}.json`);
  writeFileSync(file, JSON.stringify(plan));
  return new Promise((done, failed) => {
    execFile(process.execPath, [join(import.meta.dirname, "testing", "fault-runs.ts"), file], { maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error === null) done(stdout.trim().split("\n").map((line) => JSON.parse(line) as SeedOutcome)); else failed(new Error(`${error.message}\n${stderr}`));
    });
  });
}

/** Every byte that a run names is in the bucket, and is what its name says. */
async function expectWhole(seed: number, { outputs }: FaultOutcome): Promise<void> {
  const store = await openStore(s3, { bucket: "faulty", prefix: `seed-${seed}` });
  const blob = async (digest: string) => {
    const found = await (await store.get(`cas/sha256/${digest.slice(0, 2)}/${digest}`)).bytes();
    expect(sha256(found)).toBe(digest);
    return found;
  };
  for (const manifest of Object.values(outputs)) {
    const { files } = JSON.parse(Buffer.from(await blob(manifest)).toString("utf8")) as { files: { sha256: string }[] };
    for (const file of files) await blob(file.sha256);
  }
  await store.dispose?.();
}

/** What MLflow shows of a run, read without any of our code: all of it once; where the run says that something is missing, a part of it, once. */
async function expectTracked(seed: number, { run, status, warnings }: FaultOutcome): Promise<void> {
  const rest = mlflowRest(mlflow.url);
  const ids = run === "" ? [] : await rest.runsOf(await rest.experiments("faulty"), run);
  const isWhole = status === "completed" && warnings.length === 0;
  if (isWhole) expect(ids, `seed ${seed}`).toHaveLength(1);
  const sum = seed * 4950 + (9 << 20);
  for (const id of ids) {
    for (const [key, values] of [["made", Array.from({ length: 20 }, (_, n) => seed + n)], ["sum", Array.from({ length: 10 }, (_, n) => sum / (n + 1))]] as const) {
      const shown = (await rest.history(id, key)).map((p) => [p.step, p.value]);
      const expected = values.map((value, step) => [step, value]);
      if (isWhole) expect(shown, `seed ${seed}: ${key}`).toEqual(expected);
      else expect([expected, new Set(shown.map(String)).size], `seed ${seed}: ${key}`).toEqual([expect.arrayContaining(shown), shown.length]);
    }
    if (isWhole) expect((await rest.run(id)).info.status).toBe("FINISHED");
  }
}

test(`${SEEDS} seeds, each run twice with faults in S3 and MLflow, end with the right digests and histories, or in a clear error`, { timeout: 900_000 }, async () => {
  const seeds = Array.from({ length: SEEDS }, (_, i) => i + 1);
  // two processes, as the machines that run this have two cores
  const outcomes = (await Promise.all([runs(seeds.filter((s) => s % 2 === 0), 0.08), runs(seeds.filter((s) => s % 2 === 1), 0.08)])).flat();
  expect(outcomes).toHaveLength(SEEDS);
  const tally = { completed: 0, failed: 0, refused: 0, untracked: 0, cached: 0, faults: 0 };
  for (const { seed, faults, expected, runs: [first, second] } of outcomes) {
    tally.faults += faults;
    expect(Object.keys(expected)).toHaveLength(3);
    for (const outcome of [first!, second!]) {
      await expectTracked(seed, outcome);
      if (outcome.warnings.length > 0) tally.untracked++;
      if (outcome.status !== "completed") {
        tally[outcome.status === "failed" ? "failed" : "refused"]++;
        expect(outcome.code, `${seed}: ${outcome.message}`).toBe("MLS6001");
        continue;
      }
      tally.completed++;
      expect(outcome.outputs, `seed ${seed}`).toEqual(expected);
      await expectWhole(seed, outcome);
    }
    if (first!.status !== "completed" || second!.status !== "completed") continue;
    expect(Object.values(second!.steps), `seed ${seed}`).toEqual(["cached", "cached"]);
    tally.cached++;
  }
  console.log(`engine under faults: ${JSON.stringify(tally)}`);
  expect(tally.completed).toBeGreaterThan(SEEDS);
  expect(tally.cached).toBeGreaterThan(SEEDS / 2);
  // the tracker's calls are tried again until the run ends, and a minute longer
  expect(tally.untracked).toBeLessThan(SEEDS / 5);
});
