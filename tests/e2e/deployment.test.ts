import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { documentOf } from "./testing/documents.ts";
import { processesOf, until } from "./testing/processes.ts";
import { BIN, cleanEnv, jsonOf, run as runCommand, testProject } from "./testing/project.ts";
import { REQUEST, servingProject, type ServingProject } from "./testing/serving-project.ts";

const TIME = { timeout: 240_000 };
let p: ServingProject;
beforeAll(() => { p = servingProject(); });
afterAll(async () => {
  for (const name of ["scale", "cached"]) await p.mlstack(["deployment", "delete", name, "--yes"]);
  p.close();
});

interface Shown { readonly state: string; readonly url: string; readonly version: string | null; readonly reason: string | null; readonly versions: readonly { readonly id: string; readonly state: string; readonly replicas: number | null }[] }
const show = async (name = "scale") => documentOf("deployment-show", await p.mlstack(["deployment", "show", name, "--json"]))["data"] as Shown;
async function run(pipeline = "serving", ...more: string[]): Promise<Record<string, string>> {
  const outcome = await p.mlstack(["run", `src/pipeline.ts#${pipeline}`, "--stack", "serving", "--json", ...more]);
  expect(outcome.code, `${outcome.stdout}\n${outcome.stderr}`).toBe(0);
  return Object.fromEntries((jsonOf(outcome).data as unknown as { steps: { step: string; status: string }[] }).steps.map((s) => [s.step, s.status]));
}
async function ask(url: string, ...data: number[]): Promise<{ status: number; y?: number[]; version?: string; error?: string }> {
  const response = await fetch(`${url}/v2/models/scale/infer`, { method: "POST", body: REQUEST(...data) });
  const body = (await response.json()) as { outputs?: { data: number[] }[]; model_version?: string; error?: string };
  return { status: response.status, ...(body.outputs !== undefined && { y: body.outputs[0]!.data }), ...(body.model_version !== undefined && { version: body.model_version }), ...(body.error !== undefined && { error: body.error }) };
}
/** Processes of the deployment: its supervisor, and those that run models. */
const folder = (name = "scale") => join(p.dir, ".mlstack", "deployments", name);
const supervisors = () => processesOf(folder()).filter((f) => f.command.includes("supervisor-main"));
const models = () => processesOf(folder()).filter((f) => f.command.includes("model-main"));

describe("a model is deployed by a run, and asked", () => {
  beforeAll(async () => { await run(); });

  test("it outlives the run, and speaks the protocol", TIME, async () => {
    expect((await p.mlstack(["run", "logs", "last", "deploy"])).stdout).toMatch(/Model deployed: http:\/\/127\.0\.0\.1:\d+[^]*answers 1 2/);
    const { url, version } = await show();
    const get = async (path: string) => { const r = await fetch(url + path); return [r.status, await r.json()]; };
    expect(await get("/v2/health/live")).toEqual([200, { live: true }]);
    expect(await get("/v2/health/ready")).toEqual([200, { ready: true }]);
    expect(await get("/v2")).toEqual([200, { name: "mlstack", version: expect.any(String) as string, extensions: [] }]);
    const metadata = { name: "scale", versions: [version], platform: "mlstack_predictor", inputs: [{ name: "x", datatype: "FP64", shape: [-1] }], outputs: [{ name: "y", datatype: "FP64", shape: [-1] }] };
    expect(await get("/v2/models/scale")).toEqual([200, metadata]);
    expect(await get(`/v2/models/scale/versions/${version}`)).toEqual([200, metadata]);
    expect(await get("/v2/models/scale/ready")).toEqual([200, { name: "scale", ready: true }]);
    expect(await get(`/v2/models/scale/versions/${version}/ready`)).toEqual([200, { name: "scale", ready: true }]);
    expect(await get("/v2/models/other")).toEqual([404, { error: expect.stringContaining('"other"') as string }]);
    expect(await get("/v2/models/scale/versions/9")).toEqual([404, { error: expect.stringContaining('"9"') as string }]);
    expect(await get("/elsewhere")).toEqual([404, { error: expect.any(String) as string }]);
    const post = async (body: string, path = "/v2/models/scale/infer", headers = {}) => { const r = await fetch(url + path, { method: "POST", body, headers }); return [r.status, await r.json()]; };
    expect(await post(JSON.stringify({ id: "a", inputs: [{ name: "x", shape: [2], datatype: "FP64", data: [3, 4] }], outputs: [{ name: "y" }] }), `/v2/models/scale/versions/${version}/infer`))
      .toEqual([200, { model_name: "scale", model_version: version, id: "a", outputs: [{ name: "y", datatype: "FP64", shape: [2], data: [3, 4] }] }]);
    for (const body of ["", "{", "[]", "{}", '{"inputs":[]}', '{"inputs":[{"name":"x"}]}', REQUEST("a"), REQUEST(null), REQUEST(1).replace("FP64", "FP65"), REQUEST(1).replace("[1]", "[2]"), REQUEST(1).replace('"x"', '"z"')]) {
      expect(await post(body), body).toEqual([400, { error: expect.any(String) as string }]);
    }
    expect(await post(REQUEST(-1))).toEqual([500, { error: "RangeError: no negatives" }]);
    // pages of a browser reach the loopback, too
    expect((await post(REQUEST(1), undefined, { origin: "https://example.com" }))[0]).toBe(403);
  });

  test("commands look at it, ask it and say what is wrong", TIME, async () => {
    const list = await p.mlstack(["deployment", "list"]);
    expect(list.stdout).toMatch(/NAME +STATE +URL[^]*scale +ready +http:\/\/127\.0\.0\.1:\d+/);
    expect(documentOf("deployment-list", await p.mlstack(["deployment", "ls", "--json"]))["data"]).toMatchObject([{ name: "scale", state: "ready" }]);
    expect((await p.mlstack(["deployment", "show", "scale"])).stdout).toMatch(/^scale +ready[^]*100 %[^]*input +x +FP64 +\[-1\]\n +output +y +FP64 +\[-1\]/);
    expect(await show()).toMatchObject({ inputs: [{ name: "x", datatype: "FP64", shape: [-1] }], outputs: [{ name: "y", datatype: "FP64", shape: [-1] }] });
    p.write("request.json", REQUEST(5, 6));
    const predicted = await p.mlstack(["deployment", "predict", "scale", "--file", "request.json"]);
    expect(JSON.parse(predicted.stdout)).toMatchObject({ model_name: "scale", outputs: [{ name: "y", data: [5, 6] }] });
    if (process.platform !== "win32") expect(JSON.parse((await runCommand("sh", ["-c", `"${process.execPath}" "${BIN}" deployment predict scale < request.json`], p.dir)).stdout)).toEqual(JSON.parse(predicted.stdout));
    expect(documentOf("deployment-predict", await p.mlstack(["deployment", "predict", "scale", "--file", "request.json", "--json"]))["data"]).toMatchObject({ deployment: "scale", outputs: [{ data: [5, 6] }] });
    const logs = documentOf("deployment-logs", await p.mlstack(["deployment", "logs", "scale", "--json"]))["data"] as { text: string }[];
    expect(logs.map((l) => l.text)).toContain("asked for 2");
    expect((await p.mlstack(["deployment", "logs", "scale", "--lines", "1"])).stdout.trim().split("\n")).toHaveLength(1);
    const fails = async (code: number, says: RegExp, ...args: string[]) => { const o = await p.mlstack(["deployment", ...args]); expect([o.code, o.stdout, o.stderr], args.join(" ")).toEqual([code, "", expect.stringMatching(says)]); };
    for (const verb of ["show", "logs", "stop", "start", "delete"]) await fails(2, /MLS7016.*no deployment "scal"[^]*fix +write scale/, verb, "scal");
    await fails(2, /MLS7016.*no deployment "scal"/, "predict", "scal", "--file", "request.json");
    await fails(2, /MLS7016.*no deployment "Not A Name"/, "stop", "Not A Name");
    await fails(2, /MLS7001.*is no request[^]*it is empty/, "predict", "scale");
    p.write("bad.json", REQUEST("text"));
    await fails(1, /MLS6003.*can't be sent: x holds "text"/, "predict", "scale", "--file", "bad.json");
    const { inputs: [good] } = JSON.parse(REQUEST(1)) as { inputs: [object] };
    for (const [bad, says] of [[{ shape: ["1"] }, "whole numbers"], [{ data: [[1, 2], [3]], shape: [2, 2] }, "nested"], [{ data: 1 }, "needs name"]] as const) {
      p.write("bad.json", JSON.stringify({ inputs: [{ ...good, ...bad }] }));
      await fails(2, new RegExp(`MLS7001[^]*${says}`), "predict", "scale", "--file", "bad.json");
    }
    writeFileSync(join(p.dir, "bad.json"), Buffer.concat([Buffer.from('{"id":"'), Buffer.from([0xff]), Buffer.from(REQUEST(1).replace("{", '",'))]));
    await fails(2, /MLS7001[^]*no text in UTF-8/, "predict", "scale", "--file", "bad.json");
    await fails(2, /MLS7002/, "predict", "scale", "--file", "none.json");
    p.write("negative.json", REQUEST(-1));
    await fails(1, /MLS6003.*RangeError: no negatives/, "predict", "scale", "--file", "negative.json");
    await fails(2, /MLS7001[^]*--yes/, "delete", "scale");
    expect((await p.mlstack(["deployment", "delete", "scale", "-n"])).stderr).toMatch(/^would delete the deployment scale, which is ready, and give up http:.*; nothing was changed\n$/);
    expect(documentOf("deployment-delete", await p.mlstack(["deployment", "delete", "scale", "--dry-run", "--json"]))["data"]).toEqual({ deployment: "scale", deleted: false });
    expect((await show()).state).toBe("ready");
  });

  test("the same demand is the same version; a deploy step is never a hit", TIME, async () => {
    const before = await show();
    expect(await run()).toEqual({ train: "cached", deploy: "completed" });
    expect(await show()).toEqual(before);
  });

  test("later edits do not change what is served, nor does a restart; another run does", TIME, async () => {
    const { url, version } = await show();
    p.write("src/lib/times.ts", "export const times = (a: number, b: number): number => a * b + 100;\n");
    expect(await ask(url, 1)).toMatchObject({ y: [1], version });
    expect((await p.mlstack(["deployment", "stop", "scale"])).stderr).toContain("stopped scale");
    expect(await show()).toMatchObject({ state: "stopped", url, versions: [] });
    expect(supervisors()).toEqual([]);
    expect(models()).toEqual([]);
    await expect(ask(url, 1)).rejects.toThrow("fetch failed");
    expect((await p.mlstack(["deployment", "predict", "scale", "--file", "request.json"])).stderr).toMatch(/MLS6003.*is stopped[^]*deployment start scale/);
    expect(documentOf("deployment-start", await p.mlstack(["deployment", "start", "scale", "--json"]))["data"]).toMatchObject({ state: "ready", url, version });
    expect(await ask(url, 1)).toMatchObject({ y: [1], version });
    await run();
    expect(await ask(url, 1)).toMatchObject({ y: [101] });
    expect((await show()).version).not.toBe(version);
    p.write("src/lib/times.ts", "export const times = (a: number, b: number): number => a * b;\n");
    await run();
    expect((await show()).version).toBe(version);
  });

  test("an update fails no request, and answers are of version 1, then of 2", TIME, async () => {
    const { url } = await show();
    let going = true;
    const client = async () => {
      const seen: string[] = [];
      while (going) { const { status, y } = await ask(url, 1); seen.push(`${status} ${y?.[0]}`); }
      return seen;
    };
    const clients = [client(), client()];
    p.retrain(2);
    await run();
    expect(await ask(url, 1)).toMatchObject({ y: [2] });
    going = false;
    for (const seen of await Promise.all(clients)) {
      const at = seen.indexOf("200 2");
      const [before, after] = at === -1 ? [seen, []] : [seen.slice(0, at), seen.slice(at)];
      expect(before.length).toBeGreaterThan(0);
      expect(new Set(before)).toEqual(new Set(["200 1"]));
      expect(new Set([...after, "200 2"])).toEqual(new Set(["200 2"]));
    }
    // what is replaced goes
    expect(await until(async () => models().length === 1 && (await show()).versions.length === 1)).toBe(true);
  });

  test.runIf(process.platform === "linux")("a model's process that is killed comes back by itself", TIME, async () => {
    const { url } = await show();
    const [before] = models();
    process.kill(before!.pid, "SIGKILL");
    expect(await until(() => models().some((m) => m.pid !== before!.pid), 60)).toBe(true);
    expect(await until(async () => (await ask(url, 1)).status === 200, 60)).toBe(true);
    expect((await p.mlstack(["deployment", "logs", "scale"])).stdout).toMatch(/was ended by SIGKILL; it is started again in 100 ms/);
  });

  test.runIf(process.platform === "linux")("a supervisor that is killed leaves no process, is shown as failed, and is brought back on its port", TIME, async () => {
    const { url } = await show();
    const [supervisor] = supervisors();
    process.kill(supervisor!.pid, "SIGKILL");
    expect(await until(() => models().length === 0 && supervisors().length === 0)).toBe(true);
    expect(await show()).toMatchObject({ state: "failed", url, reason: expect.stringMatching(/^its process is gone/) as string });
    expect((await p.mlstack(["deployment", "predict", "scale", "--file", "request.json"])).stderr).toMatch(/MLS6003.*nothing answers[^]*deployment start scale/);
    expect((await p.mlstack(["deployment", "start", "scale"])).code).toBe(0);
    expect(await ask(url, 1)).toMatchObject({ y: [2] });
  });

  test.runIf(process.platform === "linux")("a number that another process has by now is never signalled", TIME, async () => {
    const [supervisor] = supervisors();
    process.kill(supervisor!.pid, "SIGKILL");
    expect(await until(() => supervisors().length === 0 && models().length === 0)).toBe(true);
    const bystander = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore", detached: true });
    try {
      const path = join(folder(), "deployment.json");
      const record = JSON.parse(readFileSync(path, "utf8")) as { supervisor: { pid: number } };
      p.write(".mlstack/deployments/scale/deployment.json", JSON.stringify({ ...record, supervisor: { ...record.supervisor, pid: bystander.pid } }));
      const processes = JSON.parse(readFileSync(join(folder(), "processes.json"), "utf8")) as { supervisor: object; models: object[] };
      const other = (one: object) => ({ ...one, pid: bystander.pid });
      p.write(".mlstack/deployments/scale/processes.json", JSON.stringify({ ...processes, supervisor: other(processes.supervisor), models: processes.models.map(other) }));
      expect(await show()).toMatchObject({ state: "failed" });
      expect((await p.mlstack(["deployment", "stop", "scale"])).code).toBe(0);
      expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
      expect((await p.mlstack(["deployment", "start", "scale"])).code).toBe(0);
      expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
    } finally { bystander.kill("SIGKILL"); }
  });

  test.runIf(process.platform !== "win32")("Ctrl-C ends the run, and not what it has deployed", TIME, async () => {
    const { url } = await show();
    const child = spawn(process.execPath, [BIN, "run", "src/pipeline.ts#serving", "--stack", "serving", "-p", "stay=true"], { cwd: p.dir, env: { ...cleanEnv(), NO_COLOR: "1" }, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let printed = "";
    const exited = once(child, "exit");
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => { printed += String(chunk); });
    expect(await until(() => printed.includes("answers 2 4"), 90), printed).toBe(true);
    // as the terminal does it: to all of its foreground group
    process.kill(-child.pid!, "SIGINT");
    expect((await exited)[0]).toBe(130);
    expect(await ask(url, 1)).toMatchObject({ status: 200, y: [2] });
  });

  test("deleted, nothing is left of it: no process, no port, no file", TIME, async () => {
    const { url } = await show();
    expect(documentOf("deployment-delete", await p.mlstack(["deployment", "delete", "scale", "--yes", "--json"]))["data"]).toEqual({ deployment: "scale", deleted: true });
    expect([...supervisors(), ...models()]).toEqual([]);
    await expect(ask(url, 1)).rejects.toThrow("fetch failed");
    expect(existsSync(folder())).toBe(false);
    expect(readdirSync(join(p.dir, ".mlstack", "deployments")).filter((name) => name !== ".locks")).toEqual([]);
    expect((await p.mlstack(["deployment", "list"])).stderr).toContain("nothing is deployed");
  });
});

test("on a stack without a deployer the step says so, and nothing is deployed", TIME, async () => {
  expect((await p.mlstack(["run", "src/pipeline.ts#serving"])).code).toBe(0);
  expect((await p.mlstack(["run", "logs", "last", "deploy"])).stdout).toContain("No model deployer in active stack. Skipping deployment.");
  expect(documentOf("deployment-list", await p.mlstack(["deployment", "list", "--json"]))["data"]).toEqual([]);
});

test("by-component: a hit where nothing has changed, and none after an edit of what the predictor reaches", TIME, async () => {
  expect(await run("cached")).toMatchObject({ by_component: "completed" });
  expect(await run("cached")).toEqual({ train: "cached", by_component: "cached" });
  p.write("src/lib/times.ts", "export const times = (a: number, b: number): number => b * a;\n");
  expect(await run("cached")).toEqual({ train: "cached", by_component: "completed" });
  expect((await p.mlstack(["run", "src/pipeline.ts#cached", "--json"])).code).toBe(0);
  expect(jsonOf(await p.mlstack(["run", "show", "last", "--json"])).data).toMatchObject({ steps: [{ step: "train", status: "cached" }, { step: "by_component", status: "completed" }] });
});

test("steps in the driver's own process deploy the same version", TIME, async () => {
  const before = await show("cached");
  p.write("src/inline.ts", `import { byComponent, train } from "./pipeline.ts";\nimport { pipeline } from "mlstack";\nexport const inline = pipeline({ name: "inline", build: () => ({ url: byComponent({ model: train() }) }) });\n`);
  const outcome = await p.mlstack(["run", "src/inline.ts", "--stack", "serving", "--inline", "--refresh"]);
  expect(outcome.code, outcome.stderr).toBe(0);
  expect(await show("cached")).toEqual(before);
});

test("the example of docs/serving.md works as it stands", TIME, async () => {
  const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "serving.md"), "utf8");
  const blocks = [...page.matchAll(/^```(?:ts|yaml)\n(?:\/\/|#) (\S+?\.(?:ts|yaml))(?:\.|:|\n)[^]*?^```$/gm)];
  const files = Object.fromEntries(blocks.map((m) => [m[1]!, m[0].split("\n").slice(1, -1).join("\n")]));
  expect(Object.keys(files)).toEqual(["src/predictor.ts", "src/pipeline.ts", "stacks/serving.yaml"]);
  const q = testProject(files);
  try {
    const outcome = await q.mlstack(["run", "src/pipeline.ts", "--stack", "serving"]);
    expect(outcome.code, outcome.stderr).toBe(0);
    const [, request = ""] = /echo '(.*)' \| npx mlstack deployment predict line/.exec(page) ?? [];
    q.write("request.json", request);
    const [, shown = ""] = /^(\{"model_name":"line".*)$/m.exec(page) ?? [];
    const answer = await q.mlstack(["deployment", "predict", "line", "--file", "request.json"]);
    expect(JSON.parse(answer.stdout)).toEqual({ ...(JSON.parse(shown) as object), model_version: expect.stringMatching(/^[0-9a-f]{16}$/) as string });
  } finally {
    expect((await q.mlstack(["deployment", "delete", "line", "--yes"])).code).toBe(0);
    q.close();
  }
});
