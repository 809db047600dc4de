import { PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startMlflow, type MlflowServer } from "./servers/mlflow.ts";
import { startVersitygw, type Versitygw } from "./servers/versitygw.ts";
import { jsonOf, liveProject, until, type LiveProject } from "./testing/project.ts";
import { vendorClient } from "./testing/s3.ts";

const PIPELINE = `import { dataset, json, pipeline, step } from "mlstack";
import { z } from "zod";
import { readFile } from "node:fs/promises";
export const load = step({ name: "load", params: { numbers: dataset() }, output: json(z.array(z.number())), run: async ({ params }) => (await readFile(await params.numbers.path(), "utf8")).trim().split("\\n").map(Number) });
export const fit = step({ name: "fit", inputs: { xs: json(z.array(z.number())) }, params: { fail: z.boolean() }, requires: { experimentTracker: true }, output: json(z.number()),
  async run({ inputs, params, tracker }) {
    tracker.logParam("rows", inputs.xs.length);
    for (let epoch = 0; epoch < 5; epoch++) tracker.logMetric("loss", 1 / (epoch + 1), epoch);
    await tracker.logFile("notes/fit.txt", "fitted");
    if (params.fail) throw new Error("does not converge");
    return inputs.xs.reduce((a, b) => a + b, 0);
  } });
export const wait = step({ name: "wait", inputs: { n: json(z.number()) }, params: { ms: z.number() }, cache: false, output: json(z.number()), run: async ({ inputs, params }) => { await new Promise((r) => setTimeout(r, params.ms)); return inputs.n; } });
export const train = pipeline({ name: "train", params: { numbers: dataset().default("numbers.txt"), fail: z.boolean().default(false), ms: z.number().default(1) }, build(p) { const n = fit({ xs: load({ numbers: p.numbers }), fail: p.fail }); return { n, waited: wait({ n, ms: p.ms }) }; } });
`;

let s3: Versitygw;
let mlflow: MlflowServer;
let p: LiveProject;
let env: Record<string, string>;
const projects: LiveProject[] = [];

const stack = (bucket: string, orchestrator: string) => `components:
  artifact_store: { type: s3, name: bucket, configuration: { bucket: ${bucket}, endpoint: "${s3.endpoint}", region: ${s3.region} } }
  orchestrator: { type: ${orchestrator}, name: runner }
  experiment_tracker: { type: mlflow, name: mlflow_tracker, configuration: { tracking_uri: "${mlflow.url}", experiment_name: ${bucket} } }
`;
const tracked = `components:
  artifact_store: { type: local, name: local_store }
  orchestrator: { type: local, name: here }
  experiment_tracker: { type: mlflow, name: mlflow_tracker, configuration: { tracking_uri: "URL", experiment_name: BUCKET } }
`;

function project(bucket: string): LiveProject {
  const made = liveProject({ "pipeline.ts": PIPELINE, "numbers.txt": "1\n2\n3\n" });
  made.write("stacks/away.yaml", stack(bucket, "process"));
  made.write("stacks/s3.yaml", stack(bucket, "local"));
  made.write("stacks/tracked.yaml", tracked.replace("URL", mlflow.url).replace("BUCKET", bucket));
  projects.push(made);
  return made;
}

interface MlflowRun { readonly info: { readonly run_id: string; readonly status: string }; readonly data: { readonly tags: readonly { readonly key: string; readonly value: string }[]; readonly params?: readonly { readonly key: string; readonly value: string }[] } }

/** The MLflow run of one of ours, read without our client. */
async function trackedRun(run: string, experiment: string): Promise<MlflowRun & { tag(key: string): string | undefined; history(key: string): Promise<[number, number][]> }> {
  const api = async (path: string, body?: unknown): Promise<unknown> => (await fetch(`${mlflow.url}/api/2.0/mlflow/${path}`, body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) })).json();
  const { experiment: e } = (await api(`experiments/get-by-name?experiment_name=${experiment}`)) as { experiment: { experiment_id: string } };
  const { runs = [] } = (await api("runs/search", { experiment_ids: [e.experiment_id], filter: `tags.\`mlstack.run\` = '${run}'` })) as { runs?: MlflowRun[] };
  expect(runs).toHaveLength(1);
  const found = runs[0]!;
  return {
    ...found, tag: (key) => found.data.tags.find((t) => t.key === key)?.value,
    async history(key) {
      const { metrics = [] } = (await api(`metrics/get-history?run_id=${found.info.run_id}&metric_key=${key}&max_results=1000`)) as { metrics?: { step: string; value: number }[] };
      return metrics.map((m): [number, number] => [Number(m.step), m.value]);
    },
  };
}
const LOSSES = [0, 1, 2, 3, 4].map((epoch): [number, number] => [epoch, 1 / (epoch + 1)]);
const run = async (on: LiveProject, ...args: string[]) => jsonOf(await on.mlstack(["run", "pipeline.ts", "--json", ...args], env));
const statuses = (data: Record<string, unknown>) => (data["steps"] as { step: string; status: string }[]).map((s) => `${s.step} ${s.status}`);

beforeAll(async () => {
  [s3, mlflow] = await Promise.all([startVersitygw(), startMlflow({ version: "3" })]);
  env = { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey };
  await s3.bucket("shared-bucket");
  p = project("shared-bucket");
});
afterAll(async () => {
  for (const made of projects) made.close();
  await Promise.all([s3.stop(), mlflow.stop()]);
});

test("steps run in empty folders, store in S3, and log to MLflow; on the local stack the work is found again", async () => {
  const first = await run(p, "--stack", "away");
  expect(statuses(first)).toEqual(["load completed", "fit completed", "wait completed"]);
  const shown = await trackedRun(first["run"] as string, "shared-bucket");
  expect(shown.info.status).toBe("FINISHED");
  expect(shown.data.params).toContainEqual({ key: "rows", value: "3" });
  expect(await shown.history("loss")).toEqual(LOSSES);

  const local = await run(p, "--stack", "tracked");
  expect(statuses(local)).toEqual(["load cached", "fit cached", "wait completed"]);
  // the one number that the step that ran has read; not the list before it
  expect(local["copied"]).toMatchObject([{ from: "bucket (s3)", artifacts: 1 }]);
  // what the cached step logged is shown with this run, too, and said to be of the other
  const replayed = await trackedRun(local["run"] as string, "shared-bucket");
  expect(await replayed.history("loss")).toEqual(LOSSES);
  expect(replayed.tag("mlstack.cached_from.fit")).toBe(first["run"]);

  // and back: what was made on this machine meanwhile is a hit there, and is copied only when it is needed
  p.write("numbers.txt", "4\n5\n");
  const here = await run(p, "--stack", "tracked");
  expect(statuses(here)).toEqual(["load completed", "fit completed", "wait completed"]);
  const back = await run(p, "--stack", "away");
  expect(statuses(back)).toEqual(["load cached", "fit cached", "wait completed"]);
  expect(back["copied"]).toMatchObject([{ from: "local_store (local)", artifacts: 1 }]);
});

test("two projects on one bucket share the cache", async () => {
  const other = project("shared-bucket");
  expect(statuses(await run(other, "--stack", "s3"))).toEqual(["load cached", "fit cached", "wait completed"]);
});

describe("data in the bucket", () => {
  test("is read through the stack, is part of the key, and is not copied", async () => {
    const client = vendorClient(s3);
    const put = (text: string) => client.send(new PutObjectCommand({ Bucket: "shared-bucket", Key: "raw/numbers.txt", Body: text }));
    await put("10\n20\n");
    const uri = "numbers=s3://shared-bucket/raw/numbers.txt";
    for (const name of ["away", "s3"]) {
      const data = await run(p, "--stack", name, "-p", uri);
      expect(data, JSON.stringify(data)).toMatchObject({ status: "completed" });
      expect((await p.mlstack(["artifact", "preview", "last/fit", "--stack", name], env)).stdout.trim()).toBe("30");
    }
    expect(statuses(await run(p, "--stack", "s3", "-p", uri))).toEqual(["load cached", "fit cached", "wait completed"]);
    await put("10\n21\n");
    expect(statuses(await run(p, "--stack", "away", "-p", uri))).toEqual(["load completed", "fit completed", "wait completed"]);
    expect((await p.mlstack(["artifact", "preview", "last/fit", "--stack", "away"], env)).stdout.trim()).toBe("31");
    client.destroy();
  });

  test("that is not there, or that the stack does not read, is refused before anything runs", async () => {
    const gone = await p.mlstack(["run", "pipeline.ts", "--stack", "s3", "-p", "numbers=s3://shared-bucket/raw/none.txt"], env);
    expect([gone.code, gone.stderr]).toEqual([2, expect.stringMatching(/MLS3010 {2}there is no object or folder "s3:\/\/shared-bucket\/raw\/none.txt"/)]);
    const unread = await p.mlstack(["run", "pipeline.ts", "--stack", "tracked", "-p", "numbers=s3://shared-bucket/raw/numbers.txt"], env);
    expect([unread.code, unread.stderr]).toEqual([2, expect.stringContaining("nothing in the active stack reads s3://")]);
  });
});

describe("the tracked run", () => {
  test("is failed when a step failed, and finished after a resume that went well, with each metric once", async () => {
    const failed = await run(p, "--stack", "away", "-p", "fail=true", "--refresh");
    expect(failed).toMatchObject({ status: "failed" });
    const id = failed["run"] as string;
    expect((await trackedRun(id, "shared-bucket")).info.status).toBe("FAILED");
    p.write("pipeline.ts", PIPELINE.replace("if (params.fail)", "if (params.fail && false)"));
    const resumed = await p.mlstack(["run", "resume", id, "--stack", "away"], env);
    p.write("pipeline.ts", PIPELINE);
    expect(resumed.code, resumed.stderr).toBe(0);
    const after = await trackedRun(id, "shared-bucket");
    expect(after.info.status).toBe("FINISHED");
    // the attempt that failed had logged its curve, and the one that went well logged its own
    expect((await after.history("loss")).toSorted((a, b) => a[0] - b[0])).toEqual(LOSSES.flatMap((l) => [l, l]));
  });

  test("is killed when the run was cancelled from elsewhere", async () => {
    const started = await p.mlstack(["run", "pipeline.ts", "--stack", "away", "--detach", "-p", "ms=120000"], env);
    expect(started.code, started.stderr).toBe(0);
    const id = started.stdout.trim();
    const isRunning = async () => JSON.stringify(jsonOf(await p.mlstack(["run", "show", id, "--json", "--stack", "away"], env))["steps"]).includes('"step":"wait","status":"running"');
    expect(await until(isRunning, 90)).toBe(true);
    expect((await p.mlstack(["run", "cancel", id, "--stack", "away"], env)).code).toBe(0);
    expect((await p.mlstack(["run", "attach", id, "--stack", "away"], env)).code).toBe(130);
    expect((await trackedRun(id, "shared-bucket")).info.status).toBe("KILLED");
  });
});
