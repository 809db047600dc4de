// node fault-runs.ts PLAN: seeded pipeline runs of the real engine on S3 and MLflow through proxies that make faults, each seed twice: the second
// time all is in the cache, if the first went well. And once on this machine, without faults. Prints what came of each.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openEngine, type StackSpec } from "@mlstack/engine";
import { startFaultProxy } from "../fault-proxy.ts";
import { faulty } from "./fault-pipeline.ts";

export interface FaultPlan { readonly s3: { readonly endpoint: string; readonly region: string; readonly accessKeyId: string; readonly secretAccessKey: string }; readonly mlflow: string; readonly seeds: readonly number[]; readonly rate: number; readonly state: string }
export interface FaultOutcome {
  readonly run: string;
  readonly status: string;
  readonly code: string | null;
  readonly message: string | null;
  readonly warnings: readonly string[];
  /** Statuses and outputs by step. */
  readonly steps: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}
export interface SeedOutcome { readonly seed: number; readonly faults: number; /** Outputs as they are without faults. */ readonly expected: Readonly<Record<string, string>>; readonly runs: readonly FaultOutcome[] }

const plan = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as FaultPlan;

async function runOn(components: StackSpec["components"], stateDir: string, seed: number): Promise<FaultOutcome> {
  const engine = await openEngine({ from: import.meta.dirname, stack: { name: "faulty", components }, env: { ...process.env, MLSTACK_STATE_DIR: stateDir, FAULTY_SECRET_ACCESS_KEY: plan.s3.secretAccessKey } });
  const outcome = { run: "", status: "refused", code: null, message: null, warnings: [], steps: {}, outputs: {} };
  try {
    const report = await engine.run(faulty, { seed });
    const nodes = [...report.nodes.values()];
    return {
      run: report.id, status: report.status, code: report.error?.code ?? null, message: report.error?.message ?? null, warnings: report.warnings,
      steps: Object.fromEntries(nodes.map((n) => [n.id, n.status])), outputs: Object.fromEntries(nodes.flatMap((n) => Object.entries(n.outputs).map(([name, o]) => [`${n.id}.${name}`, o.manifest]))),
    };
  } catch (e) {
    return { ...outcome, code: (e as { code?: string }).code ?? null, message: String(e) };
  } finally { await engine.close().catch(() => undefined); }
}

for (const seed of plan.seeds) {
  const [s3, mlflow] = await Promise.all([
    startFaultProxy({ upstream: plan.s3.endpoint, seed, rate: plan.rate, protocol: "s3", retryAfter: 0 }),
    startFaultProxy({ upstream: plan.mlflow, seed: seed + 1_000_000, rate: plan.rate, protocol: "json", retryAfter: 0 }),
  ]);
  const { accessKeyId, region } = plan.s3;
  const local = { artifact_store: { name: "store", flavor: "local" }, orchestrator: { name: "here", flavor: "local" } };
  const away = {
    ...local,
    artifact_store: { name: "bucket", flavor: "s3", config: { bucket: "faulty", prefix: `seed-${seed}`, endpoint: s3.url, region, credentials: { accessKeyId, secretAccessKey: "${env:FAULTY_SECRET_ACCESS_KEY}" }, idleTimeoutSeconds: 2, connectTimeoutSeconds: 10 } },
    experiment_tracker: { name: "mlflow", flavor: "mlflow", config: { trackingUri: mlflow.url, experimentName: "faulty", timeoutMs: 2000 } },
  };
  const stateDir = join(plan.state, String(seed));
  const { outputs: expected } = await runOn(local, join(plan.state, `${seed}-clean`), seed);
  const runs = [await runOn(away, stateDir, seed), await runOn(away, stateDir, seed)];
  const outcome: SeedOutcome = { seed, faults: s3.log.length + mlflow.log.length, expected, runs };
  await Promise.all([s3.stop(), mlflow.stop()]);
  console.log(JSON.stringify(outcome));
}
