import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { identities } from "./testing/http-answers.ts";
import { FAULTS, startFaultProxy, type FaultKind, type FaultProxy } from "./fault-proxy.ts";

let upstream: string;
let done: string[];
let stop: () => Promise<void>;
beforeEach(async () => {
  done = [];
  const server = createServer((req, res) => {
    let body = "";
    req.on("data", (chunk) => { body += chunk; }).on("end", () => {
      done.push(`${req.method} ${req.url} ${body.length}`);
      res.setHeader("x-host", req.headers.host ?? "");
      res.end("0123456789".repeat(100));
    });
  });
  await new Promise<void>((ok) => { server.listen(0, "127.0.0.1", ok); });
  upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  stop = () => new Promise((ok) => { server.close(() => ok()); server.closeAllConnections(); });
});
afterEach(() => stop());

async function once(kind: FaultKind, work: (proxy: FaultProxy) => Promise<void>): Promise<void> {
  const proxy = await startFaultProxy({ upstream, seed: 1, rate: 1, kinds: [kind], protocol: "s3", retryAfter: 7 });
  try {
    await work(proxy);
    expect(proxy.log.map((r) => r.kind)).toEqual([kind]);
  } finally { await proxy.stop(); }
}
const post = (proxy: FaultProxy, ms = 5000): Promise<Response> => fetch(`${proxy.url}/x`, { method: "POST", body: "b".repeat(5000), signal: AbortSignal.timeout(ms) });

test.each(["reset-before", "reset-request"] as const)("%s: the client loses the connection, nothing is done", (kind) => once(kind, async (proxy) => {
  await expect(post(proxy)).rejects.toThrow(/fetch failed|terminated/);
  expect(done).toEqual([]);
}));

test("reset-response: it is done, and the client loses the connection", () => once("reset-response", async (proxy) => {
  await expect(post(proxy)).rejects.toThrow(/fetch failed|terminated/);
  expect(done).toEqual(["POST /x 5000"]);
}));

test.each([["hang", 0], ["hang-after-commit", 1]] as const)("%s: no answer comes", (kind, times) => once(kind, async (proxy) => {
  await expect(post(proxy, 300)).rejects.toThrow(/timeout/);
  expect(done).toHaveLength(times);
}));

test.each([["error", 0], ["error-after-commit", 1]] as const)("%s: an error in the protocol's form", (kind, times) => once(kind, async (proxy) => {
  const answer = await post(proxy);
  expect([500, 502, 503]).toContain(answer.status);
  expect(await answer.text()).toContain("<Error><Code>");
  expect(done).toHaveLength(times);
}));

test("throttle: 429 with Retry-After", () => once("throttle", async (proxy) => {
  const answer = await post(proxy);
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "7"]);
}));

test("truncate: the body breaks off", () => once("truncate", async (proxy) => {
  const answer = await post(proxy);
  expect(answer.headers.get("content-length")).toBe("1000");
  await expect(answer.text()).rejects.toThrow(/fetch failed|terminated/);
}));

test("what has no fault arrives as it is, with the Host that the client wrote", async () => {
  const proxy = await startFaultProxy({ upstream, seed: 1, rate: 0, protocol: "json" });
  const answer = await post(proxy);
  expect([answer.status, (await answer.text()).length, answer.headers.get("x-host")]).toEqual([200, 1000, new URL(proxy.url).host]);
  expect(proxy.log).toEqual([]);
  await proxy.stop();
});

test("ids that are drawn by lot do not change what a request is", () => {
  const requests = (run: string, experiment: string, ours: string) => [`/runs/get?run_id=${run}`, `/mlflow-artifacts/artifacts/${experiment}/${run}/artifacts/a.txt`, `/bucket/roots/${crypto.randomUUID()}/${ours}`, `/bucket/journal/${ours}/train/1/end.json`];
  const named = (urls: string[]) => urls.map((url) => ({ method: "GET", url })).map(identities());
  const once = named(requests("0a".repeat(16), "912345678901234567", "1m87jry692dszz38"));
  expect(named(requests("ff".repeat(16), "17", "1m87k00000000000"))).toEqual(once);
  expect(once).toEqual(["GET /runs/get?run_id=<1>", "GET /mlflow-artifacts/artifacts/<2>/<1>/artifacts/a.txt", "GET /bucket/roots/<3>/<4>", "GET /bucket/journal/<4>/train/1/end.json"]);
  // digests are what they are
  const digest = "ab".repeat(32);
  expect(named([`/bucket/cas/sha256/ab/${digest}`])).toEqual([`GET /bucket/cas/sha256/ab/${digest}`]);
});

test("the same seed makes the same faults, in whichever order the requests come", async () => {
  const faults = async (seed: number, order: number[]): Promise<string[]> => {
    const proxy = await startFaultProxy({ upstream, seed, rate: 0.5, kinds: FAULTS.filter((k) => !k.startsWith("hang")), protocol: "json" });
    await Promise.all(order.map((i) => fetch(`${proxy.url}/${i}?uploadId=${Math.random()}`).then((r) => r.text()).catch(() => undefined)));
    await proxy.stop();
    return proxy.log.map((r) => `${r.path.split("?")[0]} ${r.kind}`).sort();
  };
  const order = Array.from({ length: 30 }, (_, i) => i);
  const first = await faults(7, order);
  expect(first.length).toBeGreaterThan(5);
  expect(await faults(7, order.toReversed())).toEqual(first);
  expect(await faults(8, order)).not.toEqual(first);
});
