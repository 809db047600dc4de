import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startMlflow, type MlflowServer } from "./servers/mlflow.ts";
import { mlflowRest } from "./testing/mlflow.ts";
import { jsonOf, liveProject, until, type LiveProject } from "./testing/project.ts";

/** First a step that is done at once, then one that logs until there is a file `enough`. */
const PIPELINE = `import { existsSync } from "node:fs";
import { json, pipeline, step } from "mlstack";
import { z } from "zod";
export const quick = step({ name: "quick", output: json(z.number()), run({ tracker }) {
  tracker.logParam("depth", 3);
  for (let n = 0; n < 5; n++) tracker.logMetric("quick", n === 2 ? NaN : n, n);
  return 1;
} });
export const slow = step({ name: "slow", inputs: { n: json(z.number()) }, cache: false, output: json(z.number()), async run({ inputs, tracker }) {
  for (let n = 0; !existsSync("enough"); n++) { tracker.logMetric("slow", n, n); await new Promise((go) => setTimeout(go, 100)); }
  return inputs.n;
} });
export const watched = pipeline({ name: "watched", build: () => ({ n: slow({ n: quick() }) }) });
`;

/** A way to a server on which every request is answered 503 as long as it is closed. */
async function gate(upstream: string): Promise<{ readonly url: string; isOpen: boolean; refused(): number; stop(): Promise<void> }> {
  const to = new URL(upstream);
  let refused = 0;
  const server = createServer((req, res) => {
    if (!state.isOpen) { refused++; req.resume(); res.writeHead(503, { "content-type": "text/html" }).end("<html><title>Service Unavailable</title></html>"); return; }
    req.pipe(request({ host: to.hostname, port: to.port, path: req.url, method: req.method, headers: req.headers }, (r) => { res.writeHead(r.statusCode ?? 502, r.headers); r.pipe(res); }).on("error", () => res.destroy()));
  });
  await new Promise<void>((ok) => { server.listen(0, "127.0.0.1", ok); });
  const state = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, isOpen: true, refused: () => refused, stop: () => new Promise<void>((ok) => { server.close(() => ok()); server.closeAllConnections(); }) };
  return state;
}

describe.each(["3", "2"] as const)("a run with MLflow %s", (version) => {
  let server: MlflowServer;
  let way: Awaited<ReturnType<typeof gate>>;
  let rest: ReturnType<typeof mlflowRest>;
  const projects: LiveProject[] = [];

  beforeAll(async () => {
    server = await startMlflow({ version });
    way = await gate(server.url);
    rest = mlflowRest(server.url);
  });
  afterAll(async () => {
    for (const p of projects) p.close();
    await way.stop();
    await server.stop();
  });

  const project = (experiment: string): LiveProject => {
    const p = liveProject({ "pipeline.ts": PIPELINE, "stacks/tracked.yaml": `components:\n  artifact_store: { type: local, name: store }\n  orchestrator: { type: local, name: here }\n  experiment_tracker: { type: mlflow, name: mlflow, configuration: { tracking_uri: "${way.url}", experiment_name: ${experiment} } }\n` });
    projects.push(p);
    return p;
  };
  const start = (p: LiveProject) => p.start(["run", "pipeline.ts", "--stack", "tracked", "--json"]);
  const ids = async (experiment: string) => (await Promise.all((await rest.experiments(experiment)).map((e) => rest.runs(e)))).flat();
  /** Steps of the points of the slow step so far. */
  const points = async (experiment: string): Promise<number[]> => { const [id] = await ids(experiment); return id === undefined ? [] : (await rest.history(id, "slow")).map((p) => p.step); };
  const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);
  const QUICK = [0, 1, "NaN", 3, 4];

  test("that is interrupted from the terminal is killed there, too, with each point once", async () => {
    const p = project("interrupted");
    const { child, ended } = start(p);
    expect(await until(async () => (await points("interrupted")).length > 2, 90)).toBe(true);
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    expect(code, stderr).toBe(130);
    const [id, ...others] = await ids("interrupted");
    expect([others, (await rest.run(id!)).info.status]).toEqual([[], "KILLED"]);
    const shown = await points("interrupted");
    expect(shown).toEqual(upTo(shown.length));
  });

  test("whose driver is killed is resumed in the MLflow run that it had, with each point once", async () => {
    const p = project("killed");
    const { child, ended } = start(p);
    expect(await until(async () => (await points("killed")).length > 2, 90)).toBe(true);
    child.kill("SIGKILL");
    await ended;
    const [before] = await ids("killed");
    expect((await rest.run(before!)).info.status).toBe("RUNNING");
    p.write("enough", "");
    const resumed = await p.mlstack(["run", "resume", "last"]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(await ids("killed")).toEqual([before]);
    const { info, params } = await rest.run(before!);
    expect([info.status, params["depth"]]).toEqual(["FINISHED", "3"]);
    expect((await rest.history(before!, "quick")).map((q) => q.value)).toEqual(QUICK);
  });

  test("that MLflow leaves for a while has everything in the end", async () => {
    const p = project("left");
    const { ended } = start(p);
    expect(await until(async () => (await points("left")).length > 2, 90)).toBe(true);
    way.isOpen = false;
    const before = way.refused();
    expect(await until(() => way.refused() > before + 6, 90)).toBe(true);
    // the step ends while nobody is there; then the run waits for the tracker
    p.write("enough", "");
    expect(await until(() => way.refused() > before + 12, 90)).toBe(true);
    way.isOpen = true;
    const outcome = await ended;
    expect(jsonOf(outcome)).toMatchObject({ status: "completed" });
    expect((JSON.parse(outcome.stdout) as { warnings: string[] }).warnings).toEqual([]);
    const [id] = await ids("left");
    const shown = await points("left");
    expect([shown, (await rest.run(id!)).info.status]).toEqual([upTo(shown.length), "FINISHED"]);
    expect((await rest.history(id!, "quick")).map((q) => q.value)).toEqual(QUICK);
  });
});
