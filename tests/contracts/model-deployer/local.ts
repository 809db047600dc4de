import { createHash } from "node:crypto";
import { isDeploymentName, MlstackError, type CallOptions, type Deployment, type DeployRequest, type ModelDeployer, type Tensor } from "@mlstack/core";
import { cautiously, LostAnswer, type Answer, type Transport } from "../testing/tape.ts";
import { checkTensor, fault, mustAccept, percent } from "./faults.ts";
import { inferFault, localHost, type Record_, type Supervised } from "./local-host.ts";

const accepts = [{ kind: "predictor" }] as const;
const WAIT_MS = 30 * 60_000;

/**
 * A process of this machine on paper. One supervisor per deployment, detached from who started it: it owns the port, starts workers,
 * asks them whether they are ready, moves the traffic and lets the old ones finish. The client only tells it what is wanted.
 */
export function localDeployer(send: Transport, config: { readonly folder: string; readonly clock: { now(): number; sleep(ms: number): Promise<void> }; token(): string }): ModelDeployer {
  const host = localHost(send, config.folder);
  const url = (r: Record_) => `http://127.0.0.1:${r.port}`;
  const key = ({ model, servable, resources, settings }: DeployRequest) => createHash("sha256").update(JSON.stringify([model.digest, servable, resources ?? null, settings ?? null])).digest("hex").slice(0, 16);
  const admin = (r: Record_, method: string, path: string, body?: object) => cautiously(send, { method, url: `${url(r)}/admin${path}`, headers: { authorization: `Bearer ${r.token}` }, ...(body && { body }) });

  /** Undefined when the supervisor is gone: ended, the machine was started again, or another process has its number or its port. */
  async function ask(r: Record_): Promise<Supervised | undefined> {
    if (r.process === null || !(await host.runs(r.process))) return undefined;
    try {
      const answer = await admin(r, "GET", "");
      return answer.status === 200 ? answer.body as Supervised : undefined;
    } catch (e) {
      if (MlstackError.is(e, "MLS6001")) return undefined;
      throw e;
    }
  }
  const view = (r: Record_, s: Supervised | undefined): Deployment => {
    const versions = (s?.versions ?? []).map(({ key: id, digest, state, traffic, replicas }) => ({ id, digest, state, traffic, replicas }));
    const main = versions.filter((v) => v.state === "ready").sort((a, b) => b.traffic - a.traffic)[0];
    const shown = main ?? versions.find((v) => v.state === "pending") ?? versions.at(-1);
    const state = r.process === null ? "stopped" : main !== undefined ? "ready" : versions.some((v) => v.state === "pending") ? "pending" : "failed";
    const broken = s?.versions.find((v) => v.state === "failed");
    const reason = s === undefined && r.process !== null ? "its process is gone; deploy it again" : broken?.log;
    return { name: r.name, id: r.name, url: url(r), protocol: "oip/2", digest: shown?.digest ?? r.digest, ...(shown !== undefined && { version: shown.id }), state, versions, ...(reason !== undefined && { reason }) };
  };
  const must = async (name: string): Promise<Record_> => {
    const r = await host.read(name);
    if (r === undefined) throw fault("not-found", `no deployment ${name}`);
    return r;
  };
  /** Only one call changes a deployment at a time. The lock of a process that is gone does not count. */
  async function locked<T>(name: string, options: CallOptions | undefined, use: () => Promise<T>): Promise<T> {
    options?.signal?.throwIfAborted();
    if (!(await host.lock(name))) throw fault("busy", `another process changes ${name}`);
    try { return await use(); } finally { await host.unlock(name); }
  }
  async function end(r: Record_): Promise<void> {
    if (r.process === null || !(await host.runs(r.process))) return;
    await admin(r, "DELETE", "").catch((e: unknown) => { if (!MlstackError.is(e, "MLS6001")) throw e; });
    for (let waited = 0; await host.runs(r.process); waited += 200) {
      if (waited >= 30_000) { await host.kill(r.process); return; }
      await config.clock.sleep(200);
    }
  }

  return {
    contract: "model_deployer@1",
    accepts,

    async deploy(request, options) {
      const { name, model, servable, replicas = 1, settings, waitMs = WAIT_MS } = request;
      if (!isDeploymentName(name)) throw fault("invalid", `${name} is no name of a deployment`);
      mustAccept(accepts, servable, model.format);
      const traffic = percent(request.traffic ?? 1) / 100;
      const deadline = config.clock.now() + waitMs;
      const version = key(request);
      const r = await locked(name, undefined, async () => {
        const before = await host.read(name);
        const running = before && await ask(before);
        if (traffic < 1 && !running?.versions.some((v) => v.state === "ready" && v.key !== version)) throw fault("invalid", `${name} has no version yet that could take the rest of the traffic`);
        // The port is kept for as long as the name is, over ends of the supervisor and restarts of the machine.
        let record: Record_ = { name, digest: model.digest, port: before?.port ?? await host.freePort(), token: before?.token ?? config.token(), process: before?.process ?? null };
        if (running === undefined) {
          // Written before the process exists, so that one that is started is never unknown.
          await host.write(record);
          record = { ...record, process: await host.supervise(record) };
        }
        await host.write({ ...record, digest: model.digest });
        const put = await admin(record, "PUT", `/versions/${version}`, { digest: model.digest, servable, replicas, traffic, settings: settings ?? {} });
        if (put.status !== 200 && put.status !== 202) throw fault("failed", `${name}: the supervisor refused (${put.status})`);
        return record;
      });
      for (;;) {
        options?.signal?.throwIfAborted();
        const s = await ask(r);
        const now = s?.versions.find((v) => v.key === version);
        if (now === undefined || now.state === "failed") throw fault("failed", `${name} did not come up`, { log: now?.log ?? "its process ended" });
        const settled = now.state === "ready" && (traffic < 1 || s!.versions.every((v) => v.key === version || v.state === "draining"));
        if (settled || waitMs === 0) return view(r, s);
        if (config.clock.now() >= deadline) throw fault("timeout", `${name} is still being brought up`);
        await config.clock.sleep(200);
      }
    },

    async get(name) {
      const r = await host.read(name);
      return r && view(r, await ask(r));
    },

    async *list() {
      for (const name of await host.names()) {
        const r = await host.read(name);
        if (r !== undefined) yield view(r, await ask(r));
      }
    },

    async infer(name, { id, inputs, outputs }, options) {
      for (const input of inputs) checkTensor(input);
      const r = await must(name);
      const body = { ...(id !== undefined && { id }), inputs, ...(outputs && { outputs: outputs.map((o) => ({ name: o })) }) };
      const answer = await cautiously(send, { method: "POST", url: `${url(r)}/v2/models/${name}/infer`, body }, options).catch((e: unknown): Answer => {
        // Nobody listens: stopped, or ended. A connection that broke in the middle stays what it is, for the model may have run.
        if (MlstackError.is(e, "MLS6001") && e.cause instanceof LostAnswer && !e.cause.sent) return { status: 503 };
        throw e;
      });
      if (answer.status !== 200) throw inferFault(name, answer);
      const out = answer.body as { id?: string; model_version?: string; outputs: Tensor[] };
      return { outputs: out.outputs, ...(out.id !== undefined && { id: out.id }), ...(out.model_version !== undefined && { version: out.model_version }) };
    },

    async setTraffic(name, version, share, options) {
      return await locked(name, options, async () => {
        const r = await must(name);
        const found = (await ask(r))?.versions.find((v) => v.key === version);
        if (found === undefined) throw fault("not-found", `${name} has no version ${version}`);
        if (found.state !== "ready") throw fault("not-ready", `${version} of ${name} is ${found.state}`);
        await admin(r, "PUT", "/traffic", { [version]: percent(share) / 100 });
        return view(r, await ask(r));
      });
    },

    stop: (name, options) => locked(name, options, async () => {
      const r = await must(name);
      await end(r);
      const stopped = { ...r, process: null };
      await host.write(stopped);
      return view(stopped, undefined);
    }),

    delete: (name, options) => locked(name, options, async () => {
      const r = await host.read(name);
      if (r === undefined) return;
      await end(r);
      await host.remove(name);
    }),
  };
}
