import { once } from "node:events";
import { request as httpRequest, type Server } from "node:http";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Fleet } from "./fleet.ts";
import { parseRequest } from "./protocol.ts";
import { deploymentServer } from "./server.ts";

let asked: unknown[] = [];
let answer: Awaited<ReturnType<Fleet["infer"]>> = { status: "not-ready" };
const metadata = { platform: "p", inputs: [], outputs: [] };
const fleet: Fleet = {
  view: () => [{ id: "v1", digest: "d", state: "ready", traffic: 1, replicas: 1 }], put: (id) => id === "v1", restore: () => undefined, share: () => false, drop: async () => undefined, processes: () => [], patienceMs: () => 7, answers: () => answering, drain: async () => undefined,
  infer: async (version, inputs) => { asked.push([version, inputs]); return answer; }, metadata: () => ({ version: "v1", metadata }),
};
let answering = true;
let flushes = 0;
let server: Server;
let port: number;
beforeAll(async () => {
  server = deploymentServer({ name: "m", host: "127.0.0.1", token: "t", fleet, flushed: async () => { flushes++; }, onEnd: () => undefined });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as { port: number }).port;
});
afterAll(() => { server.close(); server.closeAllConnections(); });
const send = (method: string, path: string, body?: string | Uint8Array, headers: Record<string, string> = {}) => new Promise<{ status: number; body: unknown; headers: Record<string, unknown> }>((done, fail) => {
  const sent = httpRequest({ host: "127.0.0.1", port, method, path, headers: { ...headers, ...(body !== undefined && { "content-length": Buffer.byteLength(body) }) } }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (chunk: string) => { text += chunk; }).on("end", () => done({ status: response.statusCode!, body: text === "" ? undefined : JSON.parse(text), headers: response.headers }));
  });
  sent.on("error", fail);
  sent.end(body);
});
const x = { name: "x", shape: [2, 2], datatype: "FP64", data: [1, 2, 3, 4] };

test("nested data is flattened, outputs are picked, ids come back", async () => {
  asked = [];
  answer = { status: "answered", version: "v1", outputs: [{ name: "a", datatype: "FP64", shape: [1], data: [1] }, { name: "b", datatype: "FP64", shape: [1], data: [2] }] };
  const found = await send("POST", "/v2/models/m/versions/v1/infer", JSON.stringify({ id: "7", parameters: { any: 1 }, inputs: [{ ...x, data: [[1, 2], [3, 4]] }], outputs: [{ name: "b" }] }));
  expect(found).toMatchObject({ status: 200, body: { model_name: "m", model_version: "v1", id: "7", outputs: [{ name: "b" }] } });
  expect(asked).toEqual([["v1", [x]]]);
  expect(await send("POST", "/v2/models/m/infer", JSON.stringify({ inputs: [x], outputs: [{ name: "c" }] }))).toMatchObject({ status: 400, body: { error: expect.stringContaining('"c"') as string } });
});

test.each<[Awaited<ReturnType<Fleet["infer"]>>, number]>([[{ status: "not-ready" }, 503], [{ status: "invalid", message: "m" }, 400], [{ status: "failed", message: "m" }, 500], [{ status: "gone", message: "m" }, 500]])("%j is %d", async (of, status) => {
  answer = of;
  const found = await send("POST", "/v2/models/m/infer", JSON.stringify({ inputs: [x] }));
  expect(found).toMatchObject({ status, body: { error: expect.any(String) as string } });
  expect(found.headers["retry-after"]).toBe(status === 503 ? "1" : undefined);
});

test("text that is not UTF-8, and data that is nested in another way than its shape, are no request; nothing is made of them silently", async () => {
  asked = [];
  const text = (value: Uint8Array) => Buffer.concat([Buffer.from('{"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":["'), value, Buffer.from('"]}]}')]);
  expect(await send("POST", "/v2/models/m/infer", text(Buffer.from([0xff, 0xfe])))).toMatchObject({ status: 400, body: { error: expect.stringContaining("UTF-8") as string } });
  const deep = `${"[".repeat(100_000)}1${"]".repeat(100_000)}`;
  for (const data of ["[[1,2,3],[4]]", "[[1,2],3,4]", "[[[1,2],[3,4]]]", deep]) {
    expect(await send("POST", "/v2/models/m/infer", `{"inputs":[{"name":"x","shape":[2,2],"datatype":"FP64","data":${data}}]}`), data.slice(0, 20)).toMatchObject({ status: 400, body: { error: expect.stringContaining("[2, 2]") as string } });
  }
  expect(asked).toEqual([]);
  answer = { status: "answered", version: "v1", outputs: [] };
  await send("POST", "/v2/models/m/infer", text(Buffer.from("größer 世界 🚀")));
  expect(asked).toEqual([[undefined, [{ name: "x", shape: [1], datatype: "BYTES", data: ["größer 世界 🚀"] }]]]);
});

test("ready is what answers now", async () => {
  const states = async () => Promise.all(["/v2/health/live", "/v2/health/ready", "/v2/models/m/ready", "/v2/models/m/versions/v1/ready"].map(async (path) => (await send("GET", path)).status));
  expect(await states()).toEqual([200, 200, 200, 200]);
  answering = false;
  expect(await states()).toEqual([200, 503, 503, 503]);
  expect(await send("GET", "/v2/health/ready")).toMatchObject({ body: { ready: false }, headers: { "retry-after": "1" } });
  answering = true;
});

test("an answer that is longer than a text can be is an error, and not the end", async () => {
  const circular: unknown[] = [];
  circular.push(circular);
  answer = { status: "answered", version: "v1", outputs: circular as never };
  expect(await send("POST", "/v2/models/m/infer", JSON.stringify({ inputs: [x] }))).toMatchObject({ status: 500, body: { error: expect.stringContaining("can't be sent") as string } });
});

test("pages that reach the loopback by another name, and who has no token, are refused", async () => {
  expect((await send("GET", "/v2", undefined, { host: "evil.example:80" })).status).toBe(403);
  expect((await send("GET", "/v2", undefined, { origin: "http://127.0.0.1:1" })).status).toBe(403);
  for (const host of ["localhost:1", "LOCALHOST:1", "127.0.0.1", "[::1]:80"]) expect((await send("GET", "/v2", undefined, { host })).status, host).toBe(200);
  for (const [method, path] of [["GET", "/admin"], ["DELETE", "/admin"], ["PUT", "/admin/versions/v1"], ["GET", "/admin/x"]] as const) expect((await send(method, path, "{}", { authorization: "Bearer x" })).status).toBe(401);
  expect((await send("PUT", "/admin/versions/v1", "{}", { authorization: "Bearer t" })).status).toBe(200);
  expect([(await send("GET", "/admin", undefined, { authorization: "Bearer t" })).status, flushes]).toEqual([200, 1]);
  expect(await send("DELETE", "/admin", undefined, { authorization: "Bearer t" })).toMatchObject({ status: 200, body: { withinMs: 7 } });
  expect((await send("PUT", "/admin/versions/v2", "{}", { authorization: "Bearer t" })).status).toBe(404);
});

test("whatever is sent, it is a request of the protocol or an error that says why", () => {
  const near = fc.record({ id: fc.option(fc.jsonValue(), { nil: undefined }), inputs: fc.oneof(fc.jsonValue(), fc.array(fc.record({ name: fc.oneof(fc.string(), fc.jsonValue()), shape: fc.oneof(fc.array(fc.integer()), fc.jsonValue()), datatype: fc.oneof(fc.constantFrom("FP64", "INT8", "BYTES", "BOOL", "FP65"), fc.jsonValue()), data: fc.jsonValue() }, { requiredKeys: [] }))), outputs: fc.option(fc.jsonValue(), { nil: undefined }) }, { requiredKeys: [] });
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json(), near.map((v) => JSON.stringify(v))), (text) => {
    const parsed = parseRequest(Buffer.from(text));
    if ("error" in parsed) expect(parsed.error.length).toBeGreaterThan(0);
    else for (const { data } of parsed.inputs) for (const v of data) expect(["number", "boolean", "string"]).toContain(typeof v);
  }));
});

test("whatever path is asked for, there is an answer", async () => {
  await fc.assert(fc.asyncProperty(fc.constantFrom("GET", "POST", "PUT", "DELETE"), fc.array(fc.oneof(fc.constantFrom("v2", "models", "m", "versions", "v1", "ready", "health", "infer", "admin", "%", "%00", "..", "__proto__", "constructor"), fc.webPath().map((p) => p.slice(1)))), async (method, parts) => {
    const found = await send(method, `/${parts.join("/")}`, "{", {});
    expect([200, 400, 401, 403, 404, 503]).toContain(found.status);
  }), { numRuns: 200 });
});
