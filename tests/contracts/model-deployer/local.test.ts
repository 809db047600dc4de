import type { ArtifactHandle, DeployRequest } from "@mlstack/core";
import { describe, expect, it } from "vitest";
import { tape, type Answer, type Exchange } from "../testing/tape.ts";
import { localDeployer } from "./local.ts";

const [one, two] = ["a".repeat(64), "b".repeat(64)];
const modelOf = (digest: string): ArtifactHandle => ({ digest, format: "gbdt.json/1", size: 1, open: () => { throw new Error("not opened here"); } });
const servable = { kind: "predictor", module: "src/predictor.ts", export: "predict" } as const;
const request = (digest = one, more: Partial<DeployRequest> = {}): DeployRequest => ({ name: "fd", model: modelOf(digest), servable, ...more });
const keys: Record<string, string> = { [one]: "e4238eee70a598ae", [two]: "ecc268672a3a95f6" };
const ok = (body?: unknown): Answer => ({ status: 200, body });
const me = { pid: 1, startedAt: 10 };
const supervisor = { pid: 7, startedAt: 70 };
const record = (process: typeof me | null = supervisor, digest = one) => ({ name: "fd", digest, port: 4000, token: "secret", process });
const lock: Exchange[] = [[{ method: "GET", url: "process:self" }, ok(me)], [{ method: "CREATE", url: "file:d/fd.lock", body: me }, { status: 201 }]];
const unlock: Exchange = [{ method: "DELETE", url: "file:d/fd.lock" }, ok()];
const read = (r?: object): Exchange => [{ method: "GET", url: "file:d/fd.json" }, r === undefined ? { status: 404 } : ok(r)];
const write = (body: object): Exchange => [{ method: "PUT", url: "file:d/fd.json", body }, ok()];
const alive = (startedAt?: number): Exchange => [{ method: "GET", url: "process:7" }, startedAt === undefined ? { status: 404 } : ok({ startedAt })];
const auth = { authorization: "Bearer secret" };
interface V { digest: string; state: string; traffic: number; log?: string }
const state = (...versions: V[]): Exchange[] => [alive(70), [{ method: "GET", url: "http://127.0.0.1:4000/admin", headers: auth }, ok({ versions: versions.map((v) => ({ key: keys[v.digest], replicas: 1, ...v })) })]];
const put = (digest: string, traffic = 1): Exchange => [{ method: "PUT", url: `http://127.0.0.1:4000/admin/versions/${keys[digest]}`, headers: auth, body: { digest, servable, replicas: 1, traffic, settings: {} } }, { status: 202 }];
const spawn = (answer: Answer = ok(supervisor)): Exchange => [{ method: "SPAWN", url: "process:", body: { command: ["mlstack", "serve", "fd", "--port", "4000"], detached: true, log: "d/fd.log" } }, answer];
const ready = (digest = one, traffic = 1): V => ({ digest, state: "ready", traffic });
const end: Exchange = [{ method: "DELETE", url: "http://127.0.0.1:4000/admin", headers: auth }, { status: 202 }];

function local(...recording: Exchange[]) {
  const recorded = tape(...recording);
  let now = 0;
  return { ...recorded, ...localDeployer(recorded.send, { folder: "d", token: () => "secret", clock: { now: () => now, sleep: async (ms) => { now += ms; } } }) };
}
async function play<T>(recording: readonly Exchange[], use: (d: ReturnType<typeof local>) => Promise<T>): Promise<T> {
  const d = local(...recording);
  return await use(d).finally(() => d.done());
}

describe("model_deployer@1 on a local process", () => {
  it("starts a supervisor, waits until the version is ready, and shows no token", async () => {
    const made = await play([
      ...lock, read(), [{ method: "GET", url: "port:free" }, ok(4000)], write(record(null)), spawn(), write(record()), put(one), unlock,
      ...state({ digest: one, state: "pending", traffic: 0 }), ...state(ready()),
    ], (d) => d.deploy(request()));
    expect(made).toEqual({ name: "fd", id: "fd", url: "http://127.0.0.1:4000", protocol: "oip/2", digest: one, version: keys[one], state: "ready", versions: [{ id: keys[one], digest: one, state: "ready", traffic: 1, replicas: 1 }] });
    expect(JSON.stringify(made)).not.toContain("secret");
  });

  it("updates behind the same port: done when the old version only finishes what it has", async () => {
    const made = await play([
      ...lock, read(record()), ...state(ready()), write(record(supervisor, two)), put(two), unlock,
      ...state(ready(), { digest: two, state: "pending", traffic: 0 }), ...state(ready(one, 0), ready(two)), ...state({ digest: one, state: "draining", traffic: 0 }, ready(two)),
    ], (d) => d.deploy(request(two)));
    expect(made).toMatchObject({ url: "http://127.0.0.1:4000", digest: two, state: "ready" });
  });

  it("stops waiting when it is told to, its lock given back, and the deployment goes on", async () => {
    const abort = { signal: AbortSignal.abort(new Error("enough")) };
    await expect(play([...lock, read(record()), ...state(ready()), write(record(supervisor, two)), put(two), unlock], (d) => d.deploy(request(two), abort))).rejects.toThrow("enough");
  });

  it("an update that fails leaves the old version in service, and says what it printed", async () => {
    await expect(play([
      ...lock, read(record()), ...state(ready()), write(record(supervisor, two)), put(two), unlock, ...state(ready(), { digest: two, state: "failed", traffic: 0, log: "Cannot find module" }),
    ], (d) => d.deploy(request(two)))).rejects.toMatchObject({ code: "MLS6003", details: { reason: "failed", log: "Cannot find module" } });
    expect(await play([read(record()), ...state(ready(), { digest: two, state: "failed", traffic: 0, log: "x" })], (d) => d.get("fd"))).toMatchObject({ state: "ready", digest: one, reason: "x" });
  });

  it.each<[string, Exchange[]]>([
    ["the process ended", [alive()]],
    ["its number is another's after a restart of the machine", [alive(999)]],
    ["another program has its port", [alive(70), [{ method: "GET", url: "http://127.0.0.1:4000/admin" }, { status: 401 }]]],
  ])("is failed when %s, and the next deploy keeps the port", async (_, gone) => {
    expect(await play([read(record()), ...gone], (d) => d.get("fd"))).toMatchObject({ state: "failed", url: "http://127.0.0.1:4000", versions: [] });
    await play([...lock, read(record()), ...gone, write(record()), spawn(), write(record()), put(one), unlock, ...state(ready())], (d) => d.deploy(request()));
  });

  it("says that the port was taken meanwhile", async () => {
    await expect(play([...lock, read(record(null)), write(record(null)), spawn({ status: 409 }), unlock], (d) => d.deploy(request()))).rejects.toMatchObject({ details: { reason: "conflict" } });
  });

  it("lets one call change a deployment, and breaks the lock of a process that is gone", async () => {
    const held = (body: object): Exchange => [{ method: "CREATE", url: "file:d/fd.lock", body: me }, { status: 409, body }];
    const other = { pid: 7, startedAt: 70 };
    await expect(play([lock[0]!, held(other), alive(70)], (d) => d.stop("fd"))).rejects.toMatchObject({ details: { reason: "busy" } });
    const [self, create] = lock as [Exchange, Exchange];
    await play([self, held(other), alive(), [{ method: "DELETE", url: "file:d/fd.lock", body: other }, ok()], create, read(), unlock], (d) => d.delete("fd"));
  });

  it("shares traffic only between versions that are ready", async () => {
    await expect(play([...lock, read(), unlock], (d) => d.deploy(request(one, { traffic: 0.1 })))).rejects.toMatchObject({ details: { reason: "invalid" } });
    const shift: Exchange = [{ method: "PUT", url: "http://127.0.0.1:4000/admin/traffic", body: { [keys[two]!]: 0.1 } }, ok()];
    expect(await play([...lock, read(record()), ...state(ready(), ready(two, 0)), shift, ...state(ready(one, 0.9), ready(two, 0.1)), unlock], (d) => d.setTraffic("fd", keys[two]!, 0.1))).toMatchObject({ digest: one });
    await expect(play([...lock, read(record()), ...state({ ...ready(), state: "pending" }), unlock], (d) => d.setTraffic("fd", keys[one]!, 1))).rejects.toMatchObject({ details: { reason: "not-ready" } });
  });

  it("stops by asking first, keeps name and port, and deletes all of it", async () => {
    const stopped = await play([...lock, read(record()), alive(70), end, alive(70), alive(), write(record(null)), unlock], (d) => d.stop("fd"));
    expect(stopped).toMatchObject({ state: "stopped", url: "http://127.0.0.1:4000", versions: [] });
    await play([...lock, read(record()), alive(70), end, alive(), [{ method: "DELETE", url: "file:d/fd.json" }, ok()], unlock], (d) => d.delete("fd"));
  });

  it("speaks Open Inference Protocol v2", async () => {
    const inputs = [{ name: "x", shape: [1, 2], datatype: "FP64", data: [1, 2] }] as const;
    const ask = (answer: Answer | "lost" | "refused"): Exchange => [{ method: "POST", url: "http://127.0.0.1:4000/v2/models/fd/infer", body: { id: "7", inputs, outputs: [{ name: "p" }] } }, answer];
    const outputs = [{ name: "p", shape: [1], datatype: "FP64", data: [0.3] }];
    const infer = (...answers: (Answer | "lost" | "refused")[]) => play([read(record()), ...answers.map(ask)], (d) => d.infer("fd", { id: "7", inputs, outputs: ["p"] }));
    expect(await infer({ status: 503 }, ok({ id: "7", model_name: "fd", model_version: keys[one], outputs }))).toEqual({ id: "7", version: keys[one], outputs });
    await expect(infer("refused", "refused", "refused")).rejects.toMatchObject({ details: { reason: "not-ready" } });
    // The model may have run: asking again is for who called.
    await expect(infer("lost")).rejects.toMatchObject({ code: "MLS6001" });
    await expect(infer({ status: 500, body: { error: "TypeError" } })).rejects.toMatchObject({ details: { reason: "failed" } });
  });
});
