import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { access, constants, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { checkTensor, isDeploymentName, MlstackError, servableMismatch, type CallOptions, type Deployment, type InferRequest, type InferResponse, type ModelDeployer, type ServableKind, type Tensor } from "@mlstack/core";
import { makeFolder } from "../local/fs-errors.ts";
import { deployFault, faultOf, wholePercent } from "./deploy-fault.ts";
import { deploymentFolder, deploymentNames, type DeploymentFolder, type DeploymentRecord } from "./deployment-folder.ts";
import { lastLines } from "./deployment-log.ts";
import { deploymentView } from "./deployment-view.ts";
import { underLock } from "./name-lock.ts";
import { admin, ask, endLeftovers, endSupervisor, LostAnswer, lostAnswer, startSupervisor, supervised, type HttpAnswer } from "./supervisor-client.ts";
import type { VersionView } from "./supervisor/fleet.ts";
import { layOutVersion, settingsOf, versionId } from "./version-folder.ts";

export interface LocalDeployerOptions {
  /** Where deployments are kept. */
  readonly root: string;
  /** Where packages are found. */
  readonly projectDir: string;
  /** Where deployments listen. */
  readonly host: string;
  /** Of the first deployment; free ones are taken where there is none. */
  readonly port?: number | undefined;
}

/** What a deployer of this machine takes. ONNX is run by the project's own onnxruntime-node. */
export const LOCAL_ACCEPTS: readonly ServableKind[] = [{ kind: "predictor" }, { kind: "format", formats: ["onnx.model/1"] }];

const WAIT_MS = 30 * 60_000;
const LOOK_MS = 50;
/** How long a call waits for another one that changes the same deployment, in milliseconds. */
const PATIENCE_MS = 30_000;
/** A request that no model has seen is sent so often, with that time between, in milliseconds. */
const TRIES = 5;
const BETWEEN_MS = 200;

/**
 * Serves models by processes of this machine. Each deployment has a supervisor, detached, which owns its port and outlives who deployed; this
 * object only tells it what is wanted.
 */
export function localDeployer({ root, projectDir, host, port }: LocalDeployerOptions): ModelDeployer {
  const at = (name: string): DeploymentFolder => {
    if (!isDeploymentName(name)) throw deployFault("invalid", `${JSON.stringify(name)} is no name of a deployment`, { why: "it begins with a lower-case letter and holds up to 39 of those, digits and -", fix: "name it like flight-delays" });
    return deploymentFolder(root, name);
  };
  const noSuch = (name: string) => deployFault("not-found", `there is no deployment ${JSON.stringify(name)}`, { fix: "mlstack deployment list" });
  const must = (folder: DeploymentFolder, name: string): DeploymentRecord => {
    const record = folder.read();
    if (record === undefined) throw noSuch(name);
    return record;
  };
  const locked = <T>(name: string, signal: AbortSignal | undefined, work: () => Promise<T>) => underLock(root, name, PATIENCE_MS, signal, work);
  const tell = async (record: DeploymentRecord, method: string, path: string, body: object): Promise<HttpAnswer> => {
    try { return await admin(record, method, path, body); } catch (e) { throw e instanceof LostAnswer ? lostAnswer(record.name, e) : e; }
  };

  /** Whether another deployment has this port: each keeps its own. */
  const isKept = (wanted: number) => deploymentNames(root).some((other) => {
    try { return deploymentFolder(root, other).read()?.port === wanted; } catch { return false; }
  });

  /** The supervisor that is there, or a new one on the port that the deployment has. */
  async function running(folder: DeploymentFolder, record: DeploymentRecord): Promise<DeploymentRecord> {
    if ((await supervised(record)) !== undefined) return record;
    await endSupervisor(folder, record);
    return startSupervisor(folder, record, projectDir);
  }

  /** Waits until `done` says that it is; undefined when the supervisor has gone. */
  async function watch(record: DeploymentRecord, waitMs: number, signal: AbortSignal | undefined, done: (versions: readonly VersionView[] | undefined) => boolean): Promise<readonly VersionView[] | undefined> {
    for (const until = performance.now() + waitMs; ;) {
      signal?.throwIfAborted();
      const versions = await supervised(record, { signal });
      if (done(versions) || waitMs === 0) return versions;
      if (performance.now() >= until) throw deployFault("timeout", `the deployment ${record.name} is still being brought up`, { fix: "deploy again: that goes on waiting" });
      await sleep(LOOK_MS, undefined, { signal });
    }
  }
  const view = (folder: DeploymentFolder, record: DeploymentRecord, versions: readonly VersionView[] | undefined) => deploymentView(record, versions, lastLines(folder.dir, 20));

  return {
    contract: "model_deployer@1",
    accepts: LOCAL_ACCEPTS,

    async deploy(request, options = {}) {
      const { name, model, servable, replicas = 1, waitMs = WAIT_MS } = request;
      const folder = at(name);
      const mismatch = servableMismatch(LOCAL_ACCEPTS, servable.kind, model.format);
      if (mismatch !== undefined) throw deployFault("unsupported", `the local deployer can't serve this: ${mismatch}`, { fix: "serve it by a predictor: servable: a predictor() of the project" });
      if (!Number.isInteger(replicas) || replicas < 1) throw deployFault("invalid", `${name} is to have ${replicas} replicas`, { fix: "name a whole number from 1" });
      settingsOf(request);
      const traffic = wholePercent(request.traffic ?? 1);
      const id = versionId(request);
      const record = await locked(name, options.signal, async () => {
        const before = folder.read();
        const now = before === undefined ? undefined : await supervised(before);
        const others = now ?? (before?.supervisor === null || before === undefined ? [] : (folder.serving()?.versions ?? []).map((v) => ({ ...v, state: "ready" })));
        if (traffic < 1 && !others.some((v) => v.id !== id && v.state === "ready")) throw deployFault("invalid", `${name} has no other version that is ready and could take the rest of the traffic`, { fix: "deploy it with traffic: 1" });
        // the address of a name stays: moving it here would be to ignore the configuration, or to break who asks there
        if (before !== undefined && before.host !== host) throw deployFault("conflict", `the deployment ${name} listens on ${before.host}, and the stack's deployer on ${host}`, { why: "a deployment keeps its address", fix: `give the name up, and deploy again: mlstack deployment delete ${name}` });
        makeFolder(folder.dir);
        const kept: DeploymentRecord = before ?? { recordVersion: 1, name, dir: folder.dir, host, port: port === undefined || isKept(port) ? 0 : port, token: randomBytes(24).toString("base64url"), supervisor: null, digest: model.digest };
        // written before the process exists, so that one that is started is never unknown
        await folder.write(kept);
        try {
          await layOutVersion(folder, id, request);
          const started = await running(folder, kept);
          await folder.write({ ...started, digest: model.digest });
          const put = await tell(started, "PUT", `/versions/${id}`, { replicas, traffic });
          if (put.status !== 200) throw deployFault("failed", `${name}: its process refused the version: ${JSON.stringify(put.body)}`);
          return { ...started, digest: model.digest };
        } catch (e) {
          // a name that has never served anything leaves nothing behind
          if (before === undefined) { await endSupervisor(folder, folder.read() ?? kept); await folder.remove(); }
          throw e;
        }
      });
      const versions = await watch(record, waitMs, options.signal, (all) => {
        const mine = all?.find((v) => v.id === id);
        if (mine === undefined || mine.state === "failed") return true;
        return mine.state === "ready" && (traffic < 1 || all!.every((v) => v.id === id || v.state === "draining" || v.state === "failed"));
      });
      const mine = versions?.find((v) => v.id === id);
      if (mine === undefined && versions !== undefined && waitMs !== 0) throw deployFault("failed", `the deployment ${name} serves another version by now`, { why: "somebody deployed or stopped it meanwhile", fix: `mlstack deployment show ${name}` });
      if (mine === undefined && folder.read() === undefined) throw deployFault("failed", `the deployment ${name} was deleted while it was brought up`, { fix: "deploy it again" });
      if (mine === undefined || mine.state === "failed") {
        const log = mine?.reason ?? lastLines(folder.dir, 20).map((l) => l.text).join("\n");
        throw deployFault("failed", `the deployment ${name} did not come up: ${mine?.reason?.split("\n", 1)[0] ?? "the process that serves it is gone"}`, { why: "its version never answered; the one before, where there is one, goes on", fix: `look at what it printed: mlstack deployment logs ${name}`, details: { log } });
      }
      // not while another call lays out a version that nobody serves yet; what is left is removed by the next one
      if (waitMs !== 0) await locked(name, undefined, async () => clean(folder, await supervised(record))).catch((e: unknown) => { if (faultOf(e) !== "busy") throw e; });
      return view(folder, record, versions);
    },

    async get(name, options = {}) {
      options.signal?.throwIfAborted();
      const folder = at(name);
      let record: DeploymentRecord | undefined;
      // shown with the others, for it can be deleted
      try { record = folder.read(); } catch (e) { if (MlstackError.is(e, "MLS7004") || MlstackError.is(e, "MLS5001")) return unreadable(name, e); throw e; }
      return record === undefined ? undefined : view(folder, record, await supervised(record, options));
    },

    async *list(options = {}) {
      options.signal?.throwIfAborted();
      for (const name of deploymentNames(root)) {
        const found = await this.get(name, options);
        if (found !== undefined) yield found;
      }
    },

    infer: (name, request, options = {}) => inferAt(must(at(name), name), request, options),

    setTraffic: (name, version, share, options = {}) => locked(name, options.signal, async () => {
      const folder = at(name);
      const record = must(folder, name);
      const traffic = wholePercent(share);
      const found = (await supervised(record, options))?.find((v) => v.id === version);
      if (found === undefined) throw deployFault("not-found", `the deployment ${name} serves no version ${JSON.stringify(version)}`, { fix: `mlstack deployment show ${name}` });
      const told = found.state === "ready" ? await tell(record, "PUT", `/traffic/${version}`, { traffic }) : undefined;
      if (told?.status !== 200) throw deployFault("not-ready", `the version ${version} of ${name} is ${found.state}`);
      return view(folder, record, await supervised(record, options));
    }),

    stop: (name, options = {}) => locked(name, options.signal, async () => {
      const folder = at(name);
      const record = must(folder, name);
      await endSupervisor(folder, record);
      const stopped = { ...record, supervisor: null };
      await folder.write(stopped);
      return view(folder, stopped, undefined);
    }),

    async start(name, options = {}) {
      const folder = at(name);
      const record = await locked(name, options.signal, async () => {
        const found = must(folder, name);
        const now = await supervised(found);
        if (now?.some((v) => v.state === "ready" || v.state === "pending") === true) return found;
        if ((folder.serving()?.versions ?? []).length === 0) throw deployFault("failed", `the deployment ${name} has nothing that could be brought back`, { why: existsSync(folder.path("serving.json")) ? `${folder.path("serving.json")} is damaged` : "it has never served anything", fix: "deploy a model under this name" });
        await endSupervisor(folder, found);
        return startSupervisor(folder, found, projectDir);
      });
      const versions = await watch(record, WAIT_MS, options.signal, (all) => all?.every((v) => v.state !== "pending") ?? true);
      const shown = view(folder, record, versions);
      if (shown.state !== "ready") throw deployFault("failed", `the deployment ${name} did not come up`, { why: shown.reason?.split("\n", 1)[0], fix: `look at what it printed: mlstack deployment logs ${name}`, details: { log: shown.reason ?? "" } });
      return shown;
    },

    async delete(name, options = {}) {
      options.signal?.throwIfAborted();
      const folder = at(name);
      if (!existsSync(folder.dir)) return;
      await locked(name, options.signal, async () => {
        let record: DeploymentRecord | undefined;
        try { record = folder.read(); } catch (e) { if (!MlstackError.is(e, "MLS7004")) throw e; }
        if (record !== undefined) await endSupervisor(folder, record);
        else await endLeftovers(folder);
        await folder.remove();
      });
    },

    async *logs(name, { lines = 100, signal } = {}) {
      signal?.throwIfAborted();
      const folder = at(name);
      must(folder, name);
      yield* lastLines(folder.dir, lines);
    },

    async check() {
      const started = performance.now();
      // the nearest folder that is there: looking makes none
      let at = root;
      while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
      try { await access(at, constants.W_OK); } catch (e) { return [{ name: "write", ok: false, message: `deployments can't be kept in ${root}: ${(e as Error).message}` }]; }
      return [{ name: "write", ok: true, message: "deployments can be kept", ms: performance.now() - started }];
    },
  };
}

/** What is shown of a deployment whose record can't be read. */
function unreadable(name: string, { message, fix }: MlstackError): Deployment {
  return { name, id: name, url: "", protocol: "oip/2", digest: "", state: "failed", versions: [], reason: fix === undefined ? message : `${message}: ${fix}` };
}

/** Removes versions that serve no more. */
async function clean(folder: DeploymentFolder, versions: readonly VersionView[] | undefined): Promise<void> {
  if (versions === undefined) return;
  const serving = new Set([...versions.map((v) => v.id), ...(folder.serving()?.versions ?? []).map((v) => v.id)]);
  for (const id of folder.versionIds()) if (!serving.has(id)) await rm(folder.version(id), { recursive: true, force: true });
}

/** Asks a model; again only where it certainly has not seen the request. */
async function inferAt(record: DeploymentRecord, { id, inputs, outputs }: InferRequest, options: CallOptions): Promise<InferResponse> {
  const { name } = record;
  for (const input of inputs) {
    const fault = checkTensor(input);
    if (fault !== undefined) throw deployFault("invalid", `the request to ${name} can't be sent: ${fault}`);
  }
  if (record.supervisor === null) throw deployFault("not-ready", `the deployment ${name} is stopped`, { fix: `mlstack deployment start ${name}` });
  const body = { ...(id !== undefined && { id }), inputs, ...(outputs !== undefined && { outputs: outputs.map((o) => ({ name: o })) }) };
  for (let tried = 1; ; tried++) {
    const answer = await ask(record, "POST", `/v2/models/${name}/infer`, body, options).catch((e: unknown) => {
      if (!(e instanceof LostAnswer)) throw e;
      if (e.sent || tried === TRIES) throw lostAnswer(name, e);
      return undefined;
    });
    if (answer?.status === 200) {
      const found = answer.body as { id?: string; model_version?: string; outputs: Tensor[] };
      return { outputs: found.outputs, ...(found.id !== undefined && { id: found.id }), ...(found.model_version !== undefined && { version: found.model_version }) };
    }
    if (answer !== undefined && (answer.status !== 503 || tried === TRIES)) throw inferFault(name, answer);
    await sleep(BETWEEN_MS * tried, undefined, { signal: options.signal });
  }
}

function inferFault(name: string, { status, body }: HttpAnswer): Error {
  const said = (body as { error?: string } | undefined)?.error ?? `HTTP ${status}`;
  const logs = `look at what it printed: mlstack deployment logs ${name}`;
  switch (status) {
    case 400: return deployFault("invalid", `the model ${name} refuses the request: ${said}`, { fix: `what it takes: mlstack deployment show ${name}` });
    case 404: return deployFault("not-found", said);
    case 413: return deployFault("too-large", said, { fix: "send fewer rows at a time" });
    case 429: return deployFault("overloaded", said);
    case 503: return deployFault("not-ready", said, { fix: logs });
    default: return deployFault("failed", `the model ${name} failed: ${said}`, { fix: logs });
  }
}
