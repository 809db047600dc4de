import { MlstackError } from "@mlstack/core";
import { afterEach, describe, expect, test } from "vitest";
import type { ServerConfig } from "../config.ts";
import { fakeServer, type FakeServer, type Reply } from "../testing/fake-server.ts";
import { proxyPath } from "./artifacts.ts";
import { mlflowClient, type MlflowClient } from "./client.ts";
import { retryAfter } from "./failure.ts";
import { http } from "./http.ts";
import { waitMs } from "./retry.ts";

const FAST = { tries: 3, baseMs: 1, maxMs: 50 };
const open: { close(): Promise<void> }[] = [];
afterEach(async () => { for (const o of open.splice(0)) await o.close(); });

async function serving(replies: readonly Reply[], config: Partial<ServerConfig> = {}): Promise<{ client: MlflowClient; server: FakeServer }> {
  const server = await fakeServer(replies, config);
  const client = mlflowClient(await http(server.config, (p) => p, FAST));
  open.push(client, { close: () => server.stop() });
  return { client, server };
}

async function failure(work: Promise<unknown>): Promise<MlstackError> {
  const e: unknown = await work.then(() => undefined, (e: unknown) => e);
  if (!MlstackError.is(e)) throw new Error("did not fail as it should", { cause: e });
  return e;
}

const RUN = { run: { info: { run_id: "r", experiment_id: "1", start_time: "17" }, data: {} } };
const EMPTY = { params: [], metrics: [], tags: [] };

test("the path prefix, the query and the login are sent", async () => {
  const { client, server } = await serving([{ body: RUN }], { username: "ü", password: "p:w" });
  expect((await client.getRun("a b")).info.start_time).toBe(17);
  expect(server.seen[0]).toMatchObject({ method: "GET", path: "/base/api/2.0/mlflow/runs/get?run_id=a+b" });
  expect(server.seen[0]!.headers.authorization).toBe(`Basic ${Buffer.from("ü:p:w").toString("base64")}`);
  const { client: bearer, server: other } = await serving([{ body: RUN }], { token: "t" });
  await bearer.getRun("r");
  expect(other.seen[0]!.headers.authorization).toBe("Bearer t");
});

test("NaN and infinities as protobuf's JSON has them, steps as text", async () => {
  const { client, server } = await serving([{}]);
  await client.logBatch("r", { ...EMPTY, metrics: [NaN, Infinity, -Infinity, 0.5].map((value) => ({ key: "k", value, timestamp: 1, step: "9007199254740993" })) });
  expect((JSON.parse(server.seen[0]!.body) as { metrics: { value: unknown; step: unknown }[] }).metrics.map((m) => [m.value, m.step]))
    .toEqual([["NaN", "9007199254740993"], ["Infinity", "9007199254740993"], ["-Infinity", "9007199254740993"], [0.5, "9007199254740993"]]);
});

test("a history is read page by page, and once where a server does not know pages", async () => {
  const point = { key: "k", value: "NaN", timestamp: 1 };
  const { client, server } = await serving([{ body: { metrics: [point], next_page_token: "t" } }, { body: { metrics: [point] } }]);
  expect(await client.metricHistory("r", "k")).toEqual([{ key: "k", value: NaN, timestamp: 1, step: 0 }, { key: "k", value: NaN, timestamp: 1, step: 0 }]);
  expect(server.seen[1]!.path).toContain("page_token=t");
});

test.each<[string, Reply, boolean | "error" | undefined]>([
  ["SQL", { status: 404, body: { error_code: "RESOURCE_DOES_NOT_EXIST", message: `Run with id=${"0".repeat(32)} not found` } }, true],
  ["files", { status: 404, body: { error_code: "RESOURCE_DOES_NOT_EXIST", message: `Run '${"0".repeat(32)}' not found` } }, false],
  ["nobody knows what, for it may not be looked at", { status: 403 }, undefined], ["nobody knows what, for it fails", { status: 500 }, undefined],
  ["nothing that can be asked now", { status: 503 }, "error"], ["nothing without a login", { status: 401 }, "error"],
])("the store is told by its words: %s", async (_, reply, isSql) => {
  const { client } = await serving([reply]);
  const asked = client.isSql();
  if (isSql === "error") await failure(asked); else expect(await asked).toBe(isSql);
});

describe("what is tried again", () => {
  const cases: [string, Reply, boolean][] = [
    ["a cut connection", { cut: "before" }, false], ["a cut answer", { cut: "within" }, false], ["500", { status: 500 }, false], ["503", { status: 503, body: "<html>busy</html>" }, false],
    ["429", { status: 429 }, true], ["text instead of JSON", { body: "{\"run\": {" }, false],
  ];
  test.each(cases)("%s", async (_, reply, refused) => {
    const { client, server } = await serving([reply, reply, { body: RUN }]);
    expect((await client.getRun("r")).info.run_id).toBe("r");
    expect(server.seen).toHaveLength(3);
    const { client: second, server: once } = await serving([reply, { body: RUN }]);
    const created = second.createRun({ experimentId: "1", name: "n", startTime: 1, tags: [] });
    if (refused) await expect(created).resolves.toBeDefined();
    else expect((await failure(created)).details).toMatchObject({ outcome: "unknown" });
    expect(once.seen).toHaveLength(refused ? 2 : 1);
  });

  test("no answer in time", async () => {
    const { client, server } = await serving([{ hang: true }, { body: RUN }], { timeoutMs: 200 });
    expect(await failure(client.logBatch("r", EMPTY))).toMatchObject({ code: "MLS6001", details: { outcome: "unknown" } });
    expect(server.seen).toHaveLength(1);
    expect((await client.getRun("r")).info.run_id).toBe("r");
  });

  test("not what was refused", async () => {
    for (const status of [400, 401, 403, 404, 413, 501]) {
      const { client, server } = await serving([{ status }]);
      await failure(client.getRun("r"));
      expect(server.seen).toHaveLength(1);
    }
  });

  test("nobody listens: nothing was done, whatever the call", async () => {
    const { client, server } = await serving([]);
    await server.stop();
    expect(await failure(client.logBatch("r", EMPTY))).toMatchObject({ code: "MLS6001", details: { outcome: "unsent" } });
  });
});

describe("errors", () => {
  test.each<[number, unknown, string, RegExp, RegExp]>([
    [401, "You are not authenticated", "MLS6002", /401: You are not/, /token/],
    [403, { error_code: "PERMISSION_DENIED", message: "no" }, "MLS6002", /403 PERMISSION_DENIED: no/, /grant/],
    [404, { error_code: "RESOURCE_DOES_NOT_EXIST", message: "Run not found" }, "MLS6003", /reading the run: .*RESOURCE_DOES_NOT_EXIST: Run not found/, /deleted/],
    [404, "<html><title>Not here</title></html>", "MLS6003", /a web page \("Not here"\)/, /path prefix/],
    [413, "", "MLS6003", /413$/, /proxy/],
    [503, "", "MLS6001", /503/, /log/], [500, { error_code: "INTERNAL_ERROR", message: "oops" }, "MLS6001", /500 INTERNAL_ERROR: oops/, /log/], [429, "", "MLS6001", /429/, /wait/], [408, "", "MLS6001", /408/, /./], [501, "", "MLS6003", /501/, /./],
    [503, "disabled due to the mlflow server running with `--no-serve-artifacts`", "MLS6003", /503/, /--serve-artifacts/],
    [200, "<!doctype html><title>Log in</title>", "MLS6003", /a web page \("Log in"\), which is not MLflow's JSON/, /trackingUri/],
    [200, { run: "nonsense" }, "MLS6001", /not MLflow's JSON/, /trackingUri/],
  ])("%i %j", async (status, body, code, message, fix) => {
    const { client } = await serving([{ status, body }]);
    const e = await failure(client.getRun("r"));
    expect([e.code, e.message, e.fix]).toEqual([code, expect.stringMatching(message), expect.stringMatching(fix)]);
  });

  test("a redirect is not followed, and its query, which may hold secrets, not shown", async () => {
    const { client } = await serving([{ status: 302, headers: { location: "https://sso.example.com/login?state=secret" } }]);
    const e = await failure(client.getRun("r"));
    expect(e.fix).toContain("https://sso.example.com/login)");
    expect(JSON.stringify(e.toJSON())).not.toContain("secret");
  });

  test("an aborted call rejects with the reason, while it waits too", async () => {
    const { client } = await serving([{ hang: true }]);
    const control = new AbortController();
    const reason = new Error("stop");
    setTimeout(() => control.abort(reason), 30);
    await expect(client.getRun("r", { signal: control.signal })).rejects.toBe(reason);
  });
});

test("a file is opened anew for each try, and what its source throws is passed on", async () => {
  const { client, server } = await serving([{ status: 500 }, {}]);
  let opened = 0;
  await client.putArtifact("1/ü/a b#.txt", { size: 3, open: async function* () { opened++; yield Buffer.from("abc"); } });
  expect([opened, server.seen[1]!.body, server.seen[1]!.path, server.seen[1]!.headers["content-length"]]).toEqual([2, "abc", "/base/api/2.0/mlflow-artifacts/artifacts/1/%C3%BC/a%20b%23.txt", "3"]);
  const gone = new MlstackError("MLS3001", "gone");
  // eslint-disable-next-line require-yield -- it fails before the first piece
  await expect(client.putArtifact("x", { size: 3, open: async function* () { throw gone; } })).rejects.toMatchObject({ code: "MLS3001" });
});

test("waits double, are left to chance by half, and honour Retry-After up to a limit", () => {
  const policy = { tries: 9, baseMs: 100, maxMs: 5000 };
  expect([1, 2, 3].map((n) => waitMs(policy, n, undefined, () => 1))).toEqual([100, 200, 400]);
  expect(waitMs(policy, 1, undefined, () => 0)).toBe(50);
  expect(waitMs(policy, 1, 3000)).toBe(3000);
  expect(waitMs(policy, 1, 60_000)).toBe(5000);
  expect(retryAfter("2")).toBe(2000);
  expect(retryAfter("Thu, 01 Jan 1970 00:00:05 GMT", 2000)).toBe(3000);
  expect(retryAfter("Thu, 01 Jan 1970 00:00:05 GMT", 9000)).toBe(0);
  expect([retryAfter("soon"), retryAfter(undefined), retryAfter("")]).toEqual([undefined, undefined, undefined]);
});

test("where files of a run lie below the proxy", () => {
  expect(proxyPath("mlflow-artifacts:/1/abc/artifacts")).toBe("1/abc/artifacts");
  expect(proxyPath("mlflow-artifacts://host:5000/1/abc/artifacts/")).toBe("1/abc/artifacts");
  expect([proxyPath("s3://bucket/1"), proxyPath("file:///x"), proxyPath("/x"), proxyPath("")]).toEqual([undefined, undefined, undefined, undefined]);
});
