import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { checkTensor, isDeploymentName, MlstackError, servableMismatch, type DeployedVersion, type DeployFault, type Deployment, type DeploymentLog, type DeployRequest, type ErrorCode, type ModelDeployer, type ServableKind } from "@mlstack/core";
import type { ModelDeployerSubject, ModelWish } from "@mlstack/testkit/conformance";

export const deployFault = (reason: DeployFault, message = "as it should be", log?: string): MlstackError => new MlstackError("MLS6003", message, { details: { reason, ...(log !== undefined && { log }) } });

interface Version {
  readonly id: string;
  readonly digest: string;
  readonly wish: ModelWish;
  state: DeployedVersion["state"];
  share: number;
  replicas: number;
  reason?: string | undefined;
  readonly underWay: Set<Promise<unknown>>;
}

interface Named {
  readonly url: string;
  /** The older first. */
  versions: Version[];
  /** What served when it was stopped. */
  last: Version[];
  readonly log: DeploymentLog[];
}

/** What the deployers of one test have in common: a service in memory, whose models are the numbers that the kit's models hold. */
export interface MemoryService {
  readonly names: Map<string, Named>;
  /** Names that something else has. */
  readonly foreign: Set<string>;
  /** How long a model takes to come up, in milliseconds. */
  readonly upMs: number;
}

const ACCEPTS: readonly ServableKind[] = [{ kind: "predictor" }];
/** How often somebody who waits looks, in milliseconds. */
const LOOK_MS = 1;
const serving = (of: Named): Version[] => of.versions.filter(({ state, share }) => state === "ready" && share > 0);
const print = (of: Named, version: string, text: string): void => { of.log.push({ time: Date.now(), version, text }); };

/** A version comes up: after a while it is ready, or has failed. */
function bringUp(of: Named, version: Version, service: MemoryService): void {
  version.state = "pending";
  setTimeout(() => {
    const { note: _, ...value } = version.wish;
    print(of, version.id, `loading ${JSON.stringify(value)}`);
    const fails = value.broken === true ? "Error: this model is broken" : value.exits === true ? "its process ended with 3" : undefined;
    if (fails !== undefined) print(of, version.id, fails);
    version.state = fails === undefined ? "ready" : "failed";
    version.reason = fails;
    if (fails === undefined && serving(of).length === 0) version.share = 1;
  }, service.upMs);
}

/** A version gets its share; one that is to have all of it takes the place of the others, which go when they have answered. */
function give(of: Named, version: Version, share: number): void {
  version.share = share;
  for (const other of of.versions.filter((one) => one !== version)) {
    other.share = other.state === "ready" ? 1 - share : 0;
    if (share < 1) continue;
    other.state = other.state === "failed" ? "failed" : "draining";
    void (async () => { await Promise.allSettled(other.underWay); of.versions = of.versions.filter((one) => one !== other); })();
  }
}

const rounded = (share: number): number => (share === 0 || share === 1 ? share : Math.min(99, Math.max(1, Math.round(share * 100))) / 100);

function shown(name: string, of: Named): Deployment {
  const main = serving(of).toSorted((a, b) => b.share - a.share)[0] ?? of.versions.at(-1);
  const state = of.versions.length === 0 ? "stopped" : serving(of).length > 0 ? "ready" : of.versions.some((one) => one.state === "pending") ? "pending" : "failed";
  const reason = of.versions.find((one) => one.reason !== undefined)?.reason;
  return {
    name, id: `memory/${name}`, url: of.url, protocol: "oip/2", ...(main !== undefined && { version: main.id }), digest: (main ?? of.last.at(-1))?.digest ?? "", state, ...(reason !== undefined && { reason }),
    versions: of.versions.map(({ id, digest, state: now, share, replicas }) => ({ id, digest, state: now, traffic: Math.round(share * 100) / 100, replicas })),
  };
}

async function versionOf(request: DeployRequest): Promise<Version> {
  const { model, servable, settings, resources } = request;
  const wish = JSON.parse(Buffer.from(await (await model.open()).read("value.json")).toString()) as ModelWish;
  const code = servable.kind === "predictor" ? servable.code.digest : servable.kind;
  const id = createHash("sha256").update(JSON.stringify([model.digest, code, settings ?? {}, resources ?? {}])).digest("hex").slice(0, 10);
  return { id, digest: model.digest, wish, state: "pending", share: 0, replicas: request.replicas ?? 1, underWay: new Set() };
}

function refuseWrong(request: DeployRequest, of: Named | undefined, service: MemoryService): void {
  const { name, traffic = 1, settings = {}, servable, model } = request;
  if (!isDeploymentName(name)) throw deployFault("invalid", `${name} is no name`);
  if (!(traffic >= 0 && traffic <= 1)) throw deployFault("invalid", `${traffic} is no share`);
  const mismatch = servableMismatch(ACCEPTS, servable.kind, model.format);
  if (mismatch !== undefined) throw deployFault("unsupported", mismatch);
  const unknown = Object.keys(settings).find((key) => key !== "size");
  if (unknown !== undefined) throw new MlstackError("MLS2008", `${unknown} is no setting`);
  if (service.foreign.has(name)) throw deployFault("conflict");
  if (traffic < 1 && (of === undefined || serving(of).length === 0)) throw deployFault("invalid", "there is no other version");
}

async function until(isSo: () => boolean, { signal, deadline = Infinity }: { readonly signal?: AbortSignal | undefined; readonly deadline?: number }): Promise<void> {
  while (!isSo()) {
    if (Date.now() >= deadline) throw deployFault("timeout");
    signal?.throwIfAborted();
    await sleep(LOOK_MS);
  }
}

export function memoryDeployer(service: MemoryService): ModelDeployer {
  const { names } = service;
  const must = (name: string): Named => names.get(name) ?? (() => { throw deployFault("not-found"); })();
  const fresh = (): Named => ({ url: `http://127.0.0.1/${names.size}-${Math.random()}`, versions: [], last: [], log: [] });
  return {
    contract: "model_deployer@1", accepts: ACCEPTS,
    async deploy(request, { signal } = {}) {
      signal?.throwIfAborted();
      const { name, traffic = 1, replicas = 1, waitMs = 60_000 } = request;
      const deadline = Date.now() + waitMs;
      refuseWrong(request, names.get(name), service);
      const wanted = await versionOf(request);
      refuseWrong(request, names.get(name), service);
      const of = names.get(name) ?? fresh();
      names.set(name, of);
      let mine = of.versions.find(({ id, state }) => id === wanted.id && state !== "draining");
      if (mine === undefined && of.versions.some(({ state }) => state === "pending")) throw deployFault("busy");
      const share = rounded(traffic);
      if (mine === undefined || mine.state === "failed") {
        // of one that has failed nothing is kept once there is another
        of.versions = of.versions.filter(({ state }) => state !== "failed");
        mine = wanted;
        of.versions = [...of.versions, mine];
        bringUp(of, mine, service);
      }
      mine.replicas = replicas;
      const it = mine;
      if (waitMs === 0) return shown(name, of);
      await until(() => it.state !== "pending", { signal, deadline });
      if (it.state !== "ready") throw deployFault("failed", "it did not come up", of.log.filter(({ version }) => version === it.id).map(({ text }) => text).join("\n"));
      if (it.share !== share) give(of, it, share);
      if (share === 1) await until(() => of.versions.every((one) => one === it || one.state !== "draining"), { signal, deadline });
      return shown(name, of);
    },
    async get(name, { signal } = {}) {
      signal?.throwIfAborted();
      const of = names.get(name);
      return of && shown(name, of);
    },
    async *list({ signal } = {}) {
      signal?.throwIfAborted();
      for (const [name, of] of names) yield shown(name, of);
    },
    async infer(name, request, { signal } = {}) {
      signal?.throwIfAborted();
      const of = must(name);
      const [first, second] = serving(of);
      if (first === undefined) throw deployFault("not-ready");
      for (const tensor of request.inputs) { const bad = checkTensor(tensor); if (bad !== undefined) throw deployFault("invalid", bad); }
      const [x] = request.inputs;
      if (x?.name !== "x" || x.datatype !== "FP64" || x.shape.length !== 1 || request.outputs?.some((one) => one !== "y") === true) throw deployFault("invalid");
      const version = second !== undefined && Math.random() >= first.share ? second : first;
      print(of, version.id, "asked");
      if (x.data[0] === -1) throw deployFault("failed", "the model takes no -1");
      if (x.data[0] === -2) {
        bringUp(of, version, service);
        version.reason = "its process ended";
        throw deployFault("failed", "its process ended");
      }
      const answer = sleep(version.wish.delayMs ?? 0, undefined, { signal }).catch(() => { throw signal?.reason; });
      version.underWay.add(answer);
      try { await answer; } finally { version.underWay.delete(answer); }
      return { ...(request.id !== undefined && { id: request.id }), version: version.id, outputs: [{ name: "y", shape: x.shape, datatype: "FP64", data: x.data.map((one) => Number(one) * version.wish.factor) }] };
    },
    async setTraffic(name, id, share, { signal } = {}) {
      signal?.throwIfAborted();
      const of = must(name);
      const version = of.versions.find((one) => one.id === id) ?? (() => { throw deployFault("not-found"); })();
      if (!(share >= 0 && share <= 1)) throw deployFault("invalid");
      if (version.state !== "ready") throw deployFault("not-ready");
      give(of, version, rounded(share));
      return shown(name, of);
    },
    async stop(name, { signal } = {}) {
      signal?.throwIfAborted();
      const of = must(name);
      if (of.versions.length > 0) of.last = serving(of).length > 0 ? of.versions.filter(({ state }) => state === "ready") : of.versions;
      const ended = of.versions;
      of.versions = [];
      await Promise.all(ended.map((one) => Promise.allSettled(one.underWay)));
      return shown(name, of);
    },
    async start(name, { signal } = {}) {
      signal?.throwIfAborted();
      const of = must(name);
      if (of.versions.length === 0) {
        of.versions = of.last;
        const shares = of.last.map(({ share }) => share);
        for (const one of of.last) bringUp(of, one, service);
        await until(() => of.versions.every(({ state }) => state !== "pending"), { signal });
        for (const [n, one] of of.last.entries()) one.share = shares[n]!;
      }
      return shown(name, of);
    },
    async delete(name, { signal } = {}) {
      signal?.throwIfAborted();
      names.delete(name);
    },
    async *logs(name, { lines = 100, signal } = {}) {
      signal?.throwIfAborted();
      yield* must(name).log.slice(-lines);
    },
    check: async () => [{ name: "memory", ok: true, message: "it is there" }],
  };
}

/** A deployer of which every call fails; the check says so. */
export function failingDeployer(code: ErrorCode): ModelDeployer {
  const fail = async (): Promise<never> => { throw new MlstackError(code, "it fails"); };
  const none = async function* (): AsyncGenerator<never> { yield await fail(); };
  return { contract: "model_deployer@1", accepts: ACCEPTS, deploy: fail, get: fail, list: none, infer: fail, setTraffic: fail, stop: fail, start: fail, delete: fail, logs: none, check: async () => [{ name: "reach", ok: false, message: "it fails" }] };
}

/** A deployer in memory that can all that one may. */
export function memorySubject(): ModelDeployerSubject & { readonly service: MemoryService } {
  const service: MemoryService = { names: new Map(), foreign: new Set(), upMs: 5 };
  return {
    service, open: async () => memoryDeployer(service), waitMs: 20_000, settings: { size: "large" },
    takeName: async (name) => { service.foreign.add(name); return async () => { service.foreign.delete(name); }; },
    credentialsOf: async () => ["a token of the service"],
    openDenied: async () => failingDeployer("MLS6002"), openUnreachable: async () => failingDeployer("MLS6001"),
  };
}
