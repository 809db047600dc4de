import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModelDeployer } from "@mlstack/core";
import plugin from "@mlstack/engine/plugin";
import { testModel, testRequest as request } from "@mlstack/testkit/conformance";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

const WAIT_MS = 120_000;
let dir: string;
const open = async (config: object = {}, projectDir = dir): Promise<ModelDeployer> => {
  const found = plugin.components.find((c) => c.contract === "model_deployer@1")!;
  return (await found.create(found.config.parse(config), { name: "d", projectDir, stateDir: join(projectDir, ".mlstack") })) as ModelDeployer;
};
const fileOf = (name: string, file: string, projectDir = dir) => join(projectDir, ".mlstack", "deployments", name, file);
/** Numbers of the supervisor of a deployment and of what runs its models. */
function processesOf(name: string, projectDir = dir): number[] {
  const { supervisor, models } = JSON.parse(readFileSync(fileOf(name, "processes.json", projectDir), "utf8")) as { supervisor: { pid: number }; models: { pid: number }[] };
  return [supervisor.pid, ...models.map((m) => m.pid)];
}
/** One that has ended and that nobody has asked for its code yet is gone. */
const isThere = (pid: number) => { try { process.kill(pid, 0); return process.platform !== "linux" || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8")); } catch { return false; } };
beforeAll(() => { dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-deployer-"))); });
/** Further projects, removed in the end whatever happens: what serves in them ends with them. */
const projects: string[] = [];
const project = (of: string) => { projects.push(realpathSync(mkdtempSync(join(tmpdir(), `mlstack ${of} `)))); return projects.at(-1)!; };
afterAll(async () => {
  const d = await open();
  for await (const { name } of d.list()) await d.delete(name);
  for (const folder of [...projects, dir]) rmSync(folder, { recursive: true, force: true });
}, WAIT_MS);

describe("deployments by processes of this machine", () => {
  it("a port that another program has taken meanwhile is said by its number, and nothing is started", { timeout: WAIT_MS }, async () => {
    const d = await open();
    const { url } = await d.deploy({ name: "port", ...testModel({ factor: 2 }), waitMs: WAIT_MS });
    await d.stop("port");
    const port = Number(new URL(url).port);
    const squatter = createServer((_, response) => response.end("not a deployment"));
    await new Promise<void>((done) => { squatter.listen(port, "127.0.0.1", done); });
    try {
      for (const call of [async () => d.start!("port"), async () => d.deploy({ name: "port", ...testModel({ factor: 2 }), waitMs: WAIT_MS })]) {
        await expect(call()).rejects.toMatchObject({ code: "MLS6003", details: { reason: "conflict", port } });
      }
      await expect(d.get("port")).resolves.toMatchObject({ state: "stopped", url });
    } finally { await new Promise((done) => { squatter.close(done); squatter.closeAllConnections(); }); }
    await expect(d.start!("port")).resolves.toMatchObject({ state: "ready", url });
    await d.delete("port");
  });

  it("a port is the one that is configured", { timeout: WAIT_MS }, async () => {
    const squatter = createServer();
    await new Promise<void>((done) => { squatter.listen(0, "127.0.0.1", done); });
    const { port } = squatter.address() as { port: number };
    const d = await open({ port });
    await expect(d.deploy({ name: "fixed", ...testModel({ factor: 2 }), waitMs: WAIT_MS })).rejects.toMatchObject({ details: { reason: "conflict" } });
    expect(await d.get("fixed")).toBeUndefined();
    await new Promise((done) => { squatter.close(done); });
    await expect(d.deploy({ name: "fixed", ...testModel({ factor: 2 }), waitMs: WAIT_MS })).resolves.toMatchObject({ url: `http://127.0.0.1:${port}` });
    await d.delete("fixed");
  });

  it("keeps its token to itself", { timeout: WAIT_MS }, async () => {
    const d = await open();
    const made = await d.deploy({ name: "token", ...testModel({ factor: 2 }), waitMs: WAIT_MS });
    const { token } = JSON.parse(readFileSync(join(dir, ".mlstack", "deployments", "token", "deployment.json"), "utf8")) as { token: string };
    expect(token.length).toBeGreaterThan(20);
    if (process.platform !== "win32") expect(statSync(join(dir, ".mlstack", "deployments", "token", "deployment.json")).mode & 0o077).toBe(0);
    expect(JSON.stringify(made)).not.toContain(token);
    for (const authorization of [undefined, "Bearer x", `Bearer ${token}x`]) {
      const answer = await fetch(`${made.url}/admin`, { method: "DELETE", headers: authorization === undefined ? {} : { authorization } });
      expect(answer.status).toBe(401);
    }
    expect((await d.infer("token", request(1))).outputs[0]!.data).toEqual([2]);
    await d.delete("token");
  });

  it("three updates in a row, one of them broken, fail no request of clients that keep their connections", { timeout: 2 * WAIT_MS }, async () => {
    const d = await open();
    const { url } = await d.deploy({ name: "rolling", ...testModel({ factor: 1, delayMs: 5 }), waitMs: WAIT_MS });
    let going = true;
    const client = async () => {
      const seen: string[] = [];
      while (going) {
        const answer = await fetch(`${url}/v2/models/rolling/infer`, { method: "POST", body: JSON.stringify(request(1)) });
        const body = (await answer.json()) as { outputs?: { data: number[] }[] };
        seen.push(`${answer.status} ${body.outputs?.[0]!.data[0]}`);
      }
      return seen;
    };
    const clients = Array.from({ length: 4 }, client);
    await d.deploy({ name: "rolling", ...testModel({ factor: 2, busyMs: 20 }), waitMs: WAIT_MS });
    await expect(d.deploy({ name: "rolling", ...testModel({ factor: 9, exits: true }), waitMs: WAIT_MS })).rejects.toMatchObject({ details: { reason: "failed" } });
    for (const factor of [3, 4]) await d.deploy({ name: "rolling", ...testModel({ factor }), replicas: 2, waitMs: WAIT_MS });
    going = false;
    const seen = (await Promise.all(clients)).flat();
    expect([...new Set(seen)].toSorted()).toEqual(expect.arrayContaining(["200 1", "200 2"]));
    expect(seen.filter((one) => !/^200 [1234]$/.test(one))).toEqual([]);
    await d.delete("rolling");
  });

  it("what waits in a version that is replaced is answered, however long the line: it has its time for each answer", { timeout: WAIT_MS }, async () => {
    const d = await open();
    const settings = { drainMs: 3000 };
    await d.deploy({ name: "queue", ...testModel({ factor: 1, busyMs: 700 }), settings, waitMs: WAIT_MS });
    // together longer than that time
    const asked = Array.from({ length: 7 }, async () => d.infer("queue", request(1)));
    await asked[0];
    const updated = d.deploy({ name: "queue", ...testModel({ factor: 2 }), settings, waitMs: WAIT_MS });
    expect((await Promise.all(asked)).map((a) => a.outputs[0]!.data)).toEqual(asked.map(() => [1]));
    await updated;
    for (const ms of [2 ** 31, Number.MAX_SAFE_INTEGER]) for (const key of ["drainMs", "startupMs"]) await expect(d.deploy({ name: "queue", ...testModel({ factor: 2 }), settings: { [key]: ms } })).rejects.toMatchObject({ details: { reason: "invalid" } });
    await d.delete("queue");
  });

  it("a model that does not come back is not ready, and says why, until it does", { timeout: WAIT_MS }, async () => {
    const d = await open();
    const exitsWith = join(dir, "broken");
    const { url } = await d.deploy({ name: "crashes", ...testModel({ factor: 2, exitsWith }), waitMs: WAIT_MS });
    writeFileSync(exitsWith, "");
    await expect(d.infer("crashes", request(-2))).rejects.toMatchObject({ details: { reason: "failed" } });
    await vi.waitUntil(async () => (await d.get("crashes"))!.reason?.startsWith("its process ended with 3; it is started again"), { timeout: WAIT_MS / 2, interval: 20 });
    expect(await d.get("crashes")).toMatchObject({ state: "pending", versions: [{ replicas: 0 }] });
    for (const path of ["/v2/health/ready", "/v2/models/crashes/ready"]) expect((await fetch(url + path)).status).toBe(503);
    expect((await fetch(`${url}/v2/health/live`)).status).toBe(200);
    rmSync(exitsWith);
    await vi.waitUntil(async () => (await d.get("crashes"))!.state === "ready", { timeout: WAIT_MS / 2, interval: 20 });
    expect((await d.get("crashes"))!.reason).toBeUndefined();
    expect((await d.infer("crashes", request(1))).outputs[0]!.data).toEqual([2]);
    await d.delete("crashes");
  });

  it.runIf(process.platform !== "win32")("a replica that is to go counts no more: one that ends beside it is started again at once", { timeout: WAIT_MS }, async () => {
    const d = await open();
    const demand = { name: "fewer", ...testModel({ factor: 2 }), settings: { drainMs: WAIT_MS }, waitMs: WAIT_MS };
    await d.deploy({ ...demand, replicas: 2 });
    // one for each, and neither is ever answered
    const asked = [d.infer("fewer", request(-3)), d.infer("fewer", request(-3))].map(async (one) => one.catch(() => undefined));
    const isAsked = async () => { let n = 0; for await (const line of d.logs!("fewer")) if (line.text === "asked") n++; return n === 2; };
    await vi.waitUntil(isAsked, { timeout: WAIT_MS / 2, interval: 20 });
    await d.deploy({ ...demand, replicas: 1 });
    const [, leaving, staying] = processesOf("fewer");
    process.kill(staying!, "SIGKILL");
    await vi.waitUntil(async () => (await d.infer("fewer", request(1)).catch(() => undefined))?.outputs[0]!.data[0] === 2, { timeout: WAIT_MS / 2, interval: 20 });
    expect(isThere(leaving!)).toBe(true);
    process.kill(leaving!, "SIGKILL");
    await Promise.all(asked);
    expect((await d.get("fewer"))!.versions.map((v) => v.replicas)).toEqual([1]);
    await d.delete("fewer");
  });

  it("of two deployments the first has the port that is configured, and the other a free one", { timeout: WAIT_MS }, async () => {
    const d = await open({ port: await freePort() });
    const [one, two] = [await d.deploy({ name: "first", ...testModel({ factor: 2 }), waitMs: WAIT_MS }), await d.deploy({ name: "second", ...testModel({ factor: 3 }), waitMs: WAIT_MS })];
    expect(one.url).not.toBe(two.url);
    expect([(await d.infer("first", request(1))).outputs[0]!.data, (await d.infer("second", request(1))).outputs[0]!.data]).toEqual([[2], [3]]);
    // a deployment keeps its address: one that is configured anew is not left unheeded
    const elsewhere = await open({ host: "localhost" });
    await expect(elsewhere.deploy({ name: "first", ...testModel({ factor: 2 }), waitMs: WAIT_MS })).rejects.toMatchObject({ code: "MLS6003", details: { reason: "conflict" } });
    for (const name of ["first", "second"]) await d.delete(name);
  });

  it("what is damaged is shown, hides nothing else, and can be deleted, processes and all", { timeout: WAIT_MS }, async () => {
    const d = await open();
    await d.deploy({ name: "damaged", ...testModel({ factor: 2 }), waitMs: WAIT_MS });
    await d.deploy({ name: "sound", ...testModel({ factor: 2 }), waitMs: WAIT_MS });
    const pids = processesOf("damaged");
    const record = readFileSync(fileOf("damaged", "deployment.json"), "utf8");
    writeFileSync(fileOf("damaged", "deployment.json"), record.slice(0, record.length / 2));
    const shown = [];
    for await (const { name, state, reason = "" } of d.list()) shown.push([name, state, /damaged.*deployment delete damaged/.test(reason)]);
    expect(shown).toEqual([["damaged", "failed", true], ["sound", "ready", false]]);
    for (const call of [async () => d.deploy({ name: "damaged", ...testModel({ factor: 2 }) }), async () => d.start!("damaged"), async () => d.stop("damaged"), async () => d.infer("damaged", request(1))]) await expect(call()).rejects.toMatchObject({ code: "MLS7004" });
    expect(pids.filter(isThere)).toEqual(pids);
    await d.delete("damaged");
    expect(pids.filter(isThere)).toEqual([]);
    expect(await d.get("damaged")).toBeUndefined();
    await d.delete("sound");
  });

  it.runIf(process.platform !== "win32")("state files that were damaged while it was down do not keep it down", { timeout: WAIT_MS }, async () => {
    const d = await open();
    await d.deploy({ name: "down", ...testModel({ factor: 2 }), waitMs: WAIT_MS });
    process.kill(processesOf("down")[0]!, "SIGKILL");
    for (const file of ["processes.json", "serving.json"]) writeFileSync(fileOf("down", file), "{");
    await expect(d.start!("down")).rejects.toMatchObject({ code: "MLS6003", why: expect.stringMatching(/serving\.json is damaged/) as string });
    const { version } = await d.deploy({ name: "down", ...testModel({ factor: 2 }), waitMs: WAIT_MS });
    expect((await d.infer("down", request(1))).outputs[0]!.data).toEqual([2]);
    // a version that lies there damaged is laid out anew
    process.kill(processesOf("down")[0]!, "SIGKILL");
    writeFileSync(fileOf("down", join("versions", version!, "version.json")), "{");
    await expect(d.start!("down")).rejects.toMatchObject({ code: "MLS6003" });
    await d.deploy({ name: "down", ...testModel({ factor: 2 }), waitMs: WAIT_MS });
    expect((await d.infer("down", request(1))).outputs[0]!.data).toEqual([2]);
    await d.delete("down");
  });

  it.runIf(process.platform !== "win32")("a project that is removed takes its deployments along, and nothing of it comes back", { timeout: WAIT_MS }, async () => {
    const removed = project("removed");
    const d = await open({}, removed);
    const { url } = await d.deploy({ name: "m", ...testModel({ factor: 2 }), waitMs: WAIT_MS });
    const pids = processesOf("m", removed);
    rmSync(removed, { recursive: true, force: true });
    // a process that comes or goes is written down, where there is a folder
    process.kill(pids[1]!, "SIGKILL");
    await vi.waitUntil(() => !pids.some(isThere), { timeout: WAIT_MS / 2, interval: 100 });
    await expect(fetch(`${url}/v2/health/live`)).rejects.toThrow("fetch failed");
    expect(existsSync(removed)).toBe(false);
  });

  it.runIf(process.platform !== "win32")("a copy of the project has deployments of its own; one that is reached by a link has the same", { timeout: WAIT_MS }, async () => {
    const [first, around] = [project("copied"), project("copies")];
    const [copy, link] = [join(around, "copy"), join(around, "link")];
    const d = await open({}, first);
    const { url, version } = await d.deploy({ name: "m", ...testModel({ factor: 2 }), waitMs: WAIT_MS });
    cpSync(first, copy, { recursive: true });
    symlinkSync(first, link);
    const [ofCopy, ofLink] = [await open({}, copy), await open({}, link)];
    expect(await ofCopy.get("m")).toMatchObject({ state: "stopped", url: "" });
    const started = await ofCopy.start!("m");
    expect(started).toMatchObject({ state: "ready", version });
    expect(started.url).not.toBe(url);
    await ofCopy.delete("m");
    expect((await d.infer("m", request(1))).outputs[0]!.data).toEqual([2]);
    expect(await ofLink.get("m")).toMatchObject({ state: "ready", url });
    await ofLink.delete("m");
    expect(await d.get("m")).toBeUndefined();
  });
});

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => { server.listen(0, "127.0.0.1", done); });
  const { port } = server.address() as { port: number };
  await new Promise((done) => { server.close(done); });
  return port;
}
