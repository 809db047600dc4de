import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, open } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { checkTensor, MlstackError, servableMismatch, type DeployedVersion, type DeployFault, type Deployment, type InferResponse, type ModelDeployer, type ServableKind } from "@mlstack/core";
import { ask, NoAnswer, type Answer } from "./ask.ts";
import { passedOn } from "./environment.ts";
import { fault, records, type DeploymentRecord } from "./records.ts";

const ACCEPTS: readonly ServableKind[] = [{ kind: "predictor" }];
const WAIT_MS = 30 * 60_000;
const LOOK_MS = 50;
/** A model that can't be loaded says why; that is not shown to the end. */
const REASON_LENGTH = 4000;

/** A version as its process tells of it. */
export type VersionState = DeployedVersion & { readonly reason?: string | undefined };

/**
 * Serves predictors. Each deployment is a process (`host.ts`) which owns its port and outlives who has deployed; this object keeps what is wanted in a folder
 * and tells the process. With a service, its client is made here, names are those of the service, and what it says is turned into the contract's reasons.
 */
export function acmeDeployer({ folder, path }: { readonly folder: string; readonly path: string }): ModelDeployer {
  const all = records(resolve(folder, path));
  const must = (name: string): DeploymentRecord => {
    const found = all.read(name);
    if (found === undefined) throw fault("not-found", `there is no deployment ${JSON.stringify(name)}`, { fix: "mlstack deployment list" });
    return found;
  };
  /** What the process says; undefined where it is gone. */
  const versionsOf = async (record: DeploymentRecord, signal?: AbortSignal): Promise<readonly VersionState[] | undefined> => {
    if (!record.serves) return undefined;
    try { const { status, body } = await ask(record, "GET", "/admin", undefined, signal); return status === 200 ? (body as readonly VersionState[]) : undefined; } catch (e) { if (e instanceof NoAnswer) return undefined; throw e; }
  };
  const tell = async (record: DeploymentRecord, path_: string, body: unknown): Promise<void> => {
    const { status, body: said } = await ask(record, "POST", path_, body, undefined).catch((e: unknown) => { throw fault("failed", `the process of ${record.name} is gone`, { cause: e }); });
    if (status !== 200) throw refusal(record.name, { status, body: said });
  };
  const shown = async (record: DeploymentRecord): Promise<Deployment> => viewOf(record, await versionsOf(record));

  return {
    contract: "model_deployer@1",
    accepts: ACCEPTS,

    async deploy(request, { signal } = {}) {
      signal?.throwIfAborted();
      const { name, model, servable, replicas = 1, settings = {}, waitMs = WAIT_MS } = request;
      const dir = all.folderOf(name);
      const mismatch = servableMismatch(ACCEPTS, servable.kind, model.format);
      if (mismatch !== undefined) throw fault("unsupported", `this can't be served: ${mismatch}`, { fix: "serve it by a predictor()" });
      const [unknown] = Object.keys(settings);
      if (unknown !== undefined) throw new MlstackError("MLS2008", `there is no setting ${unknown}`, { why: "deployments of this flavor have no settings" });
      if (!Number.isInteger(replicas) || replicas < 1) throw fault("invalid", `${name} is to have ${replicas} replicas`);
      const traffic = share(request.traffic ?? 1);
      const { record, id } = await all.locked(name, signal, async () => {
        const before = all.read(name);
        const now = before === undefined ? undefined : await versionsOf(before, signal);
        if (traffic < 1 && now?.some((one) => one.state === "ready") !== true) throw fault("invalid", `${name} has no version that is ready and could take the rest of the traffic`, { fix: "deploy it with traffic: 1" });
        await mkdir(dir, { recursive: true });
        const wanted = { name, port: before?.port ?? 0, token: before?.token ?? randomBytes(24).toString("base64url"), serves: true, digest: model.digest };
        const made = await all.layOut(request);
        const kept = now === undefined ? { ...wanted, port: await startHost(dir, wanted) } : wanted;
        all.write(kept);
        await tell(kept, `/admin/deploy/${made}`, { replicas, traffic });
        return { record: kept, id: made };
      });
      for (const until = Date.now() + waitMs; ;) {
        const versions = await versionsOf(record, signal);
        const mine = versions?.find((one) => one.id === id);
        if (versions !== undefined && (mine?.state === "ready" || waitMs === 0)) return viewOf(record, versions);
        if (mine === undefined) throw fault("failed", `${name} does not serve this version any more`, { fix: "somebody has deployed or stopped it meanwhile, or its process is gone: mlstack deployment show" });
        if (mine.state === "failed") throw fault("failed", `${name} did not come up: ${mine.reason?.split("\n", 1)[0] ?? "unknown"}`, { log: mine.reason?.slice(0, REASON_LENGTH) ?? "" });
        if (Date.now() >= until) throw fault("timeout", `${name} is still being brought up`, { fix: "deploy again: that goes on waiting" });
        await sleep(LOOK_MS, undefined, { signal }).catch(() => { signal?.throwIfAborted(); });
      }
    },

    async get(name, { signal } = {}) {
      signal?.throwIfAborted();
      const record = all.read(name);
      return record === undefined ? undefined : viewOf(record, await versionsOf(record, signal));
    },

    async *list({ signal } = {}) {
      signal?.throwIfAborted();
      for (const name of all.names()) {
        const found = await this.get(name, { signal });
        if (found !== undefined) yield found;
      }
    },

    async infer(name, request, { signal } = {}) {
      signal?.throwIfAborted();
      const record = must(name);
      for (const tensor of request.inputs) {
        const wrong = checkTensor(tensor);
        if (wrong !== undefined) throw fault("invalid", `the request to ${name} can't be sent: ${wrong}`);
      }
      if (!record.serves) throw fault("not-ready", `${name} is stopped`);
      const answer = await ask(record, "POST", `/v2/models/${name}/infer`, request, signal).catch((e: unknown) => {
        if (!(e instanceof NoAnswer)) throw e;
        // one that may have been seen is not sent again: the model may have effects
        throw e.sent ? new MlstackError("MLS6001", `${name} gave no whole answer`, { cause: e }) : fault("not-ready", `nothing answers for ${name}`, { cause: e });
      });
      if (answer.status !== 200) throw refusal(name, answer);
      return answer.body as InferResponse;
    },

    async setTraffic(name, version, part, { signal } = {}) {
      signal?.throwIfAborted();
      const record = must(name);
      const traffic = share(part);
      return all.locked(name, signal, async () => { await tell(record, "/admin/traffic", { version, traffic }); return shown(record); });
    },

    async stop(name, { signal } = {}) {
      signal?.throwIfAborted();
      must(name);
      return all.locked(name, signal, async () => shown(await end(must(name))));
    },

    async delete(name, { signal } = {}) {
      signal?.throwIfAborted();
      all.folderOf(name);
      await all.locked(name, signal, async () => {
        const record = all.read(name);
        if (record !== undefined) await end(record);
        await all.remove(name);
      });
    },
  };

  /** Ends the process; what it was asked is answered before. */
  async function end(record: DeploymentRecord): Promise<DeploymentRecord> {
    const stopped = { ...record, serves: false };
    if (record.serves) await ask(record, "POST", "/admin/stop", {}, undefined).catch((e: unknown) => { if (!(e instanceof NoAnswer)) throw e; });
    all.write(stopped);
    return stopped;
  }
}

/** Starts the process of a deployment, which outlives this one. @returns its port */
async function startHost(dir: string, { name, port, token }: DeploymentRecord): Promise<number> {
  const log = await open(join(dir, "host.log"), "a", 0o600);
  // the file beside this one, built or not
  const program = join(import.meta.dirname, `host${import.meta.filename.slice(-3)}`);
  const child = fork(program, [dir, name, String(port)], { detached: true, stdio: ["ignore", log.fd, log.fd, "ipc"], execArgv: [], env: { ...passedOn(), ACME_TOKEN: token } });
  try {
    return await new Promise<number>((done, fail) => {
      child.once("message", (said) => { const { port: found, error } = said as { readonly port?: number; readonly error?: string }; if (found === undefined) fail(fault(error === "EADDRINUSE" ? "conflict" : "failed", `the process of ${name} can't listen: ${error ?? ""}`)); else done(found); });
      child.once("error", (e) => { fail(fault("failed", `the process of ${name} did not start`, { cause: e })); });
      child.once("exit", () => { fail(fault("failed", `the process of ${name} has ended; what it printed is in ${join(dir, "host.log")}`)); });
    });
  } finally {
    await log.close();
    if (child.connected) child.disconnect();
    child.unref();
  }
}

function viewOf(record: DeploymentRecord, versions: readonly VersionState[] | undefined): Deployment {
  const { name, port, serves } = record;
  const main = versions?.filter((one) => one.state === "ready").toSorted((a, b) => b.traffic - a.traffic)[0] ?? versions?.find((one) => one.state === "pending") ?? versions?.at(-1);
  const state = !serves ? "stopped" : main?.state === "ready" || main?.state === "pending" ? main.state : "failed";
  const reason = !serves ? undefined : versions === undefined ? "its process is gone" : versions.find((one) => one.state === "failed")?.reason?.slice(0, REASON_LENGTH);
  return {
    name, id: name, url: `http://127.0.0.1:${port}`, protocol: "oip/2", digest: main?.digest ?? record.digest, state,
    ...(main !== undefined && { version: main.id }), ...(reason !== undefined && { reason }),
    versions: (versions ?? []).map(({ id, digest, state: its, traffic, replicas }) => ({ id, digest, state: its, traffic, replicas })),
  };
}

/** In whole percent; never none or all unless that is meant. */
function share(part: number): number {
  if (!(part >= 0 && part <= 1)) throw fault("invalid", `a share of the traffic is from 0 to 1, not ${part}`);
  return part === 0 || part === 1 ? part : Math.min(99, Math.max(1, Math.round(part * 100))) / 100;
}

function refusal(name: string, { status, body }: Answer): MlstackError {
  const { reason = "failed", error = `HTTP ${status}` } = body as { readonly reason?: DeployFault; readonly error?: string };
  return fault(reason, `${name}: ${error}`);
}
