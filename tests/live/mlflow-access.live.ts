import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MlstackError, type ExperimentTracker } from "@mlstack/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contents, mlflowRest, stepEvents, trackerOf } from "./testing/mlflow.ts";
import { startMlflow, type MlflowServer } from "./servers/mlflow.ts";

const run = (runId: string) => ({ runId, pipeline: "access", params: {}, tags: {}, startedAt: new Date(1_700_000_000_000) });
const TOKEN = "a token that a proxy knows";

/** A proxy with a certificate of its own, below `/mlflow`; who comes with the token is passed on as the server's user. */
async function tlsProxy(upstream: string, folder: string, user: string): Promise<{ url: string; certificate: string; stop(): Promise<void> }> {
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], { stdio: "ignore" });
  const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (req, res) => {
    const bearer = req.headers.authorization === `Bearer ${TOKEN}`;
    const answer = (status: number, type: string, body: string): void => void res.writeHead(status, { "content-type": type }).end(body);
    if (req.url?.startsWith("/login") === true) return answer(200, "text/html", "<!doctype html><title>Please log in</title>");
    if (req.url?.startsWith("/moved") === true) return void res.writeHead(302, { location: "/login?back=1" }).end();
    if (req.url?.startsWith("/mlflow/") !== true) return answer(404, "text/html", "<html>nothing here</html>");
    const to = new URL(req.url.slice("/mlflow".length), upstream);
    req.pipe(request(to, { method: req.method, headers: { ...req.headers, host: to.host, ...(bearer && { authorization: user }) } }, (r) => { res.writeHead(r.statusCode ?? 502, r.headers); r.pipe(res); }).on("error", () => res.destroy()));
  });
  await new Promise<void>((ok) => { server.listen(0, "127.0.0.1", ok); });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, certificate, stop: () => new Promise((ok) => { server.close(() => ok()); server.closeAllConnections(); }) };
}

async function failure(config: Readonly<Record<string, unknown>>): Promise<MlstackError> {
  const tracker = await trackerOf(config);
  try {
    const e: unknown = await tracker.startRun(run("no")).then(() => undefined, (e: unknown) => e);
    if (!MlstackError.is(e)) throw new Error("did not fail as it should", { cause: e });
    return e;
  } finally { await tracker.dispose?.(); }
}

describe.each(["3", "2"] as const)("MLflow %s with users, behind TLS", { timeout: 60_000 }, (version) => {
  const folder = mkdtempSync(join(tmpdir(), "mlstack-mlflow-tls-"));
  let server: MlflowServer;
  let proxy: Awaited<ReturnType<typeof tlsProxy>>;
  let login: { username: string; password: string };
  let basic: string;
  const open: ExperimentTracker[] = [];

  beforeAll(async () => {
    server = await startMlflow({ version, auth: true });
    login = { username: server.env["MLFLOW_TRACKING_USERNAME"]!, password: server.env["MLFLOW_TRACKING_PASSWORD"]! };
    basic = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
    proxy = await tlsProxy(server.url, folder, basic);
  });
  afterAll(async () => {
    for (const t of open) await t.dispose?.();
    await proxy?.stop();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    ["user and password", () => ({ trackingUri: server.url, ...login })],
    ["certificate of the proxy, path prefix", () => ({ trackingUri: `${proxy.url}/mlflow/`, ...login, caFile: proxy.certificate })],
    ["any certificate, bearer token", () => ({ trackingUri: `${proxy.url}/mlflow`, token: TOKEN, insecureSkipVerify: true })],
  ])("%s", async (name, config) => {
    const tracker = await trackerOf(config());
    open.push(tracker);
    expect((await tracker.check!()).filter((f) => !f.ok)).toEqual([]);
    const { externalId, url } = await tracker.startRun(run(`run ${name}`));
    expect(url).toMatch(new RegExp(`^${config().trackingUri.replace(/\/$/, "")}/#/`));
    const c = contents();
    const event = stepEvents("s");
    await tracker.log(externalId, [event({ kind: "metric", key: "m", value: 1, step: 0 }), event(c.file("f.txt", "in full"))], { open: c.open });
    await tracker.finishRun(externalId, "completed", new Date());
    const rest = mlflowRest(server.url, { authorization: basic });
    expect(await rest.history(externalId, "m")).toHaveLength(1);
    expect((await rest.file(await rest.experiment("access"), externalId, "f.txt")).toString()).toBe("in full");
  });

  test("a user who may do what users may", async () => {
    const body = JSON.stringify({ username: "ann", password: "for tests only" });
    const made = await fetch(`${server.url}/api/2.0/mlflow/users/create`, { method: "POST", headers: { authorization: basic, "content-type": "application/json" }, body });
    expect(made.status, await made.text()).toBe(200);
    const tracker = await trackerOf({ trackingUri: server.url, username: "ann", password: "for tests only", experimentName: "of ann" });
    open.push(tracker);
    const { externalId } = await tracker.startRun(run("ann's"));
    expect(await tracker.log(externalId, [stepEvents("s")({ kind: "metric", key: "m", value: 1, step: 0 })])).toEqual({ refused: [] });
    await tracker.finishRun(externalId, "completed", new Date());
    expect((await mlflowRest(server.url, { authorization: basic }).run(externalId)).info.status).toBe("FINISHED");
  });

  test("a wrong password, a wrong token, none", async () => {
    for (const wrong of [{ ...login, password: "hunter2-secret" }, { token: "hunter2-secret" }, {}]) {
      const e = await failure({ trackingUri: server.url, ...wrong });
      expect(e).toMatchObject({ code: "MLS6002", details: { outcome: "refused" } });
      expect(JSON.stringify(e.toJSON())).not.toContain("hunter2");
      const tracker = await trackerOf({ trackingUri: server.url, ...wrong });
      open.push(tracker);
      expect((await tracker.check!()).map((f) => f.ok)).toEqual([false]);
    }
  });

  test("a certificate that is not trusted; caFile that is not there", async () => {
    const e = await failure({ trackingUri: `${proxy.url}/mlflow`, ...login });
    expect(e).toMatchObject({ code: "MLS6001", fix: expect.stringContaining("caFile") });
    expect(e.message).toContain("DEPTH_ZERO_SELF_SIGNED_CERT");
    await expect(trackerOf({ trackingUri: proxy.url, caFile: "no/such.pem" })).rejects.toMatchObject({ code: "MLS2009" });
  });

  test("something else than MLflow answers", async () => {
    const at = (path: string) => failure({ trackingUri: `${proxy.url}${path}`, insecureSkipVerify: true });
    const page = await at("/login");
    expect(page).toMatchObject({ code: "MLS6003" });
    expect(page.message).toContain('a web page ("Please log in")');
    expect(await at("/moved")).toMatchObject({ code: "MLS6003", fix: expect.stringContaining("/login)") });
    expect(await at("/wrong")).toMatchObject({ code: "MLS6003", fix: expect.stringContaining("path prefix") });
  });
});

test("a server that does not serve files says so before and after", { timeout: 180_000 }, async () => {
  const server = await startMlflow({ version: "3", artifacts: false });
  const tracker = await trackerOf({ trackingUri: server.url });
  try {
    const files = (await tracker.check!()).find((f) => f.name === "files");
    expect(files).toMatchObject({ ok: false, message: expect.stringContaining("--serve-artifacts") });
    const { externalId } = await tracker.startRun(run("r"));
    const c = contents();
    const event = stepEvents("s");
    const file = event(c.file("f.txt", "x"));
    const { refused } = await tracker.log(externalId, [file, event({ kind: "metric", key: "m", value: 1, step: 0 })], { open: c.open });
    expect(refused).toEqual([{ id: file.id, reason: expect.stringContaining("outside of the server") }]);
    expect(await mlflowRest(server.url).history(externalId, "m")).toHaveLength(1);
  } finally {
    await tracker.dispose?.();
    await server.stop();
  }
  // nobody is there any more
  expect(await failure({ trackingUri: server.url })).toMatchObject({ code: "MLS6001", message: expect.stringContaining("ECONNREFUSED"), details: { outcome: "unsent" } });
});
