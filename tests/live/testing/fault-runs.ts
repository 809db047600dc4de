// node fault-runs.ts PLAN: seeded pipeline runs of the real engine on S3 and MLflow through proxies that make faults. Prints what came of each.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openEngine, type StackSpec } from "@mlstack/engine";
import { startFaultProxy } from "../fault-proxy.ts";
import { faulty } from "./fault-pipeline.ts";

export interface FaultPlan { readonly s3: { readonly endpoint: string; readonly region: string; readonly accessKeyId: string; readonly secretAccessKey: string }; readonly mlflow: string; readonly seeds: readonly number[]; readonly rate: number; readonly state: string }
export interface FaultOutcome { readonly seed: number; readonly run: string; readonly status: string; readonly code: string | null; readonly message: string | null; readonly warnings: readonly string[]; readonly faults: number; readonly outputs: Readonly<Record<string, string>> }

const plan = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as FaultPlan;
for (const seed of plan.seeds) {
  const [s3, mlflow] = await Promise.all([
    startFaultProxy({ upstream: plan.s3.endpoint, seed, rate: plan.rate, protocol: "s3", retryAfter: 0 }),
    startFaultProxy({ upstream: plan.mlflow, seed: seed + 1_000_000, rate: plan.rate, protocol: "json", retryAfter: 0 }),
  ]);
  const { accessKeyId, secretAccessKey, region } = plan.s3;
  const stack: StackSpec = {
    name: "faulty",
    components: {
      artifact_store: { name: "bucket", flavor: "s3", config: { bucket: "faulty", prefix: `seed-${seed}`, endpoint: s3.url, region, credentials: { accessKeyId, secretAccessKey: "${env:FAULTY_SECRET_ACCESS_KEY}" }, idleTimeoutSeconds: 1, connectTimeoutSeconds: 1 } },
      orchestrator: { name: "here", flavor: "local" },
      experiment_tracker: { name: "mlflow", flavor: "mlflow", config: { trackingUri: mlflow.url, experimentName: "faulty", timeoutMs: 1000 } },
    },
  };
  const engine = await openEngine({ from: import.meta.dirname, stack, env: { ...process.env, MLSTACK_STATE_DIR: join(plan.state, String(seed)), FAULTY_SECRET_ACCESS_KEY: secretAccessKey } });
  const outcome: { -readonly [K in keyof FaultOutcome]: FaultOutcome[K] } = { seed, run: "", status: "refused", code: null, message: null, warnings: [], faults: 0, outputs: {} };
  try {
    const report = await engine.run(faulty, { seed });
    Object.assign(outcome, { run: report.id, status: report.status, code: report.error?.code ?? null, message: report.error?.message ?? null, warnings: report.warnings });
    outcome.outputs = Object.fromEntries([...report.nodes.values()].flatMap((n) => Object.entries(n.outputs).map(([name, o]) => [`${n.id}.${name}`, o.manifest])));
  } catch (e) { Object.assign(outcome, { code: (e as { code?: string }).code ?? null, message: String(e) }); }
  await engine.close().catch(() => undefined);
  outcome.faults = s3.log.length + mlflow.log.length;
  await Promise.all([s3.stop(), mlflow.stop()]);
  console.log(JSON.stringify(outcome));
}
