import { setTimeout as sleep } from "node:timers/promises";
import { MlstackError, type Deployment, type ModelDeployer } from "@mlstack/core";
import type { ModelDeployerSubject } from "@mlstack/testkit/conformance";
import { deployFault, failingDeployer, type MemoryService } from "./memory-deployer.ts";

type Changed = { readonly [K in keyof ModelDeployer]?: ModelDeployer[K] | undefined };

/** A deployer that breaks one promise, and the cases that must see it. */
export interface BadDeployer {
  readonly fault: string;
  readonly killers: readonly string[];
  /** What differs; asked for every object. */
  bad(deployer: ModelDeployer, service: MemoryService): Changed;
  readonly subject?: Partial<ModelDeployerSubject>;
  readonly limitMs?: number;
}

const one = (fault: string, killers: string, bad: BadDeployer["bad"], more: Partial<BadDeployer> = {}): BadDeployer => ({ fault, killers: killers.split(" "), bad, ...more });
const none = () => ({});
let made = 0;
/** Where nothing happens that should: all that can be seen of that is the case's limit. */
const HANGS = { limitMs: 2000 } as const;
/** Deploys something else than what is demanded. */
const demanding = (d: ModelDeployer, change: (request: Parameters<ModelDeployer["deploy"]>[0]) => Partial<Parameters<ModelDeployer["deploy"]>[0]>): Changed => ({ deploy: async (request, o) => d.deploy({ ...request, ...change(request) }, o) });
/** Shows deployments in another way. */
const showing = (d: ModelDeployer, change: (of: Deployment) => Partial<Deployment>): Changed => {
  const other = (of: Deployment): Deployment => ({ ...of, ...change(of) });
  return {
    deploy: async (...all) => other(await d.deploy(...all)), get: async (...all) => { const of = await d.get(...all); return of && other(of); }, setTraffic: async (...all) => other(await d.setTraffic(...all)), stop: async (...all) => other(await d.stop(...all)), start: async (...all) => other(await d.start!(...all)),
    async *list(o) { for await (const of of d.list(o)) yield other(of); },
  };
};
/** Takes one fault for another. */
const mistaking = <A extends readonly unknown[], T>(call: (...all: A) => Promise<T>, from: string, to: () => unknown) => async (...all: A): Promise<T> => call(...all).catch((e: unknown) => { throw MlstackError.is(e) && e.details?.["reason"] === from ? to() : e; });
const changed = (d: ModelDeployer, answer: (data: readonly unknown[]) => readonly unknown[]): Changed => ({ infer: async (...all) => { const { outputs, ...rest } = await d.infer(...all); return { ...rest, outputs: outputs.map((output) => ({ ...output, data: answer(output.data) as typeof output.data })) }; } });

export const badDeployers: readonly BadDeployer[] = [
  one("implements another contract", "contract", () => ({ contract: "model_deployer@2" as "model_deployer@1" })),
  one("serves nothing", "contract", () => ({ accepts: [] })),
  one("serves formats that are none", "contract", () => ({ accepts: [{ kind: "format", formats: ["ONNX"] }] })),
  one("has a check that fails where all is well", "check", () => ({ check: async () => [{ name: "x", ok: false, message: "no" }] })),
  one("leaves what its check has deployed", "check", (_, { names }) => ({ check: async () => { names.set("checked", { url: "", versions: [], last: [], log: [] }); return [{ name: "x", ok: true, message: "yes" }]; } })),
  one("ends what it has deployed when it is disposed of", "dispose", (d) => { const mine = new Set<string>(); return { deploy: async (request, o) => { mine.add(request.name); return d.deploy(request, o); }, dispose: async () => { for (const name of mine) await d.delete(name); } }; }),
  one("lists what it has made itself, and no more", "dispose deploy.ready", (d) => { const mine = new Set<string>(); return { deploy: async (request, o) => { mine.add(request.name); return d.deploy(request, o); }, async *list(o) { for await (const of of d.list(o)) if (mine.has(of.name)) yield of; } }; }),
  one("has a token in its address", "credentials", (d) => showing(d, ({ url }) => ({ url: `${url}?token=a token of the service` }))),
  one("shows a token when it is stopped", "credentials", (d) => ({ stop: async (...all) => ({ ...(await d.stop(...all)), reason: "revoked a token of the service" }) })),
  one("looks in spite of a signal", "abort.before", (d) => ({ get: async (name) => d.get(name) })),
  one("lists in spite of a signal", "abort.before", (d) => ({ list: () => d.list() })),
  one("asks in spite of a signal", "abort.before", (d) => ({ infer: async (name, request) => d.infer(name, request) })),
  one("shares in spite of a signal", "abort.before", (d) => ({ setTraffic: async (name, version, share) => d.setTraffic(name, version, share) })),
  one("stops in spite of a signal", "abort.before", (d) => ({ stop: async (name) => d.stop(name) })),
  one("starts in spite of a signal", "abort.before", (d) => ({ start: async (name) => d.start!(name) })),
  one("deletes in spite of a signal", "abort.before", (d) => ({ delete: async (name) => d.delete(name) })),
  one("reads what was printed in spite of a signal", "abort.before", (d) => ({ logs: (name) => d.logs!(name) })),
  one("deploys in spite of a signal", "abort.before", (d) => ({ deploy: async (request) => d.deploy(request) })),
  one("waits for an answer in spite of a signal", "abort.infer", (d) => ({ infer: async (name, request) => d.infer(name, request) })),
  one("ends a model whose answer nobody waits for", "abort.infer", (d, { names }) => ({ infer: async (name, request, o) => d.infer(name, request, o).catch((e: unknown) => { for (const version of names.get(name)!.versions) version.state = "failed"; throw e; }) })),
  one("takes no credentials for a service that does not serve", "fails.denied", none, { subject: { openDenied: async () => failingDeployer("MLS6001") } }),
  one("takes what it may not see for missing", "fails.denied", none, { subject: { openDenied: async () => ({ ...failingDeployer("MLS6002"), get: async () => undefined }) } }),
  one("deletes what it can't reach", "fails.unreachable", none, { subject: { openUnreachable: async () => ({ ...failingDeployer("MLS6001"), delete: async () => undefined }) } }),
  one("finds all well where nothing answers", "fails.unreachable", none, { subject: { openUnreachable: async () => ({ ...failingDeployer("MLS6001"), check: async () => [{ name: "reach", ok: true, message: "yes" }] }) } }),

  one("returns before the model answers", "deploy.ready", (d) => demanding(d, () => ({ waitMs: 0 }))),
  one("shows another digest than the model's", "deploy.ready", (d) => showing(d, () => ({ digest: "0".repeat(64) }))),
  one("has no address", "deploy.ready", (d) => showing(d, () => ({ url: "" }))),
  one("has one address for all", "deploy.names", (d) => showing(d, () => ({ url: "http://127.0.0.1/all" }))),
  one("takes names for one that begin alike", "deploy.names", (d) => ({ deploy: async (request, o) => d.deploy({ ...request, name: request.name.slice(0, 20) }, o), get: async (name, o) => d.get(name.slice(0, 20), o), infer: async (name, request, o) => d.infer(name.slice(0, 20), request, o) })),
  one("makes a new version of each demand", "deploy.again", (d) => demanding(d, () => ({ resources: { cpu: ++made } }))),
  one("knows the demands of its own process only", "deploy.again", (d) => { const mine = Math.random(); return demanding(d, () => ({ resources: { cpu: mine } })); }),
  one("deploys again what is there", "deploy.again", (d, { names }) => ({ deploy: async (request, o) => { const url = String(Math.random()); const of = names.get(request.name); if (of !== undefined) names.set(request.name, { ...of, url }); return d.deploy(request, o); } })),
  one("takes other code for the same version", "deploy.identity", (d) => demanding(d, ({ servable }) => ({ servable: servable.kind === "predictor" ? { ...servable, code: { ...servable.code, digest: "same" } } : servable }))),
  one("gives ids in order", "deploy.identity", (d) => { const ids = new Map<string, string>(); let n = 0; return showing(d, (of) => { if (of.versions.length === 1) ids.set(of.name, `v${++n}`); return { version: ids.get(of.name) }; }); }),
  one("takes other settings for the same version", "deploy.settings", (d) => demanding(d, () => ({ settings: undefined }))),
  one("makes a new version for another number of replicas", "deploy.replicas", (d) => demanding(d, ({ replicas }) => ({ resources: { cpu: replicas ?? 1 } }))),
  one("does not scale what is there", "deploy.replicas", (d) => { let first: number | undefined; return demanding(d, ({ replicas }) => ({ replicas: (first ??= replicas ?? 1) })); }, HANGS),
  one("waits though it is not to", "deploy.no-wait", (d) => ({ deploy: async (request, o) => (request.waitMs === 0 ? new Promise(() => undefined) : d.deploy(request, o)) }), HANGS),
  one("tells an address only when it serves", "deploy.no-wait", (d) => ({ deploy: async (request, o) => { const of = await d.deploy(request, o); return of.state === "pending" ? { ...of, url: "" } : of; } })),
  one("ends what nobody has waited for", "deploy.timeout", (d) => ({ deploy: async (request, o) => d.deploy(request, o).catch(async (e: unknown) => { if (MlstackError.is(e) && e.details?.["reason"] === "timeout") await d.delete(request.name); throw e; }) }), HANGS),
  one("takes a wait that was too short for a failure", "deploy.timeout", (d) => ({ deploy: mistaking(d.deploy, "timeout", () => deployFault("failed")) })),
  one("ends a deployment whose waiting is aborted", "deploy.abort", (d) => ({ deploy: async (request, o) => d.deploy(request, o).catch(async (e: unknown) => { if (o?.signal?.aborted === true) await d.delete(request.name); throw e; }) }), HANGS),
  one("rejects with an error of its own where it was aborted", "deploy.abort", (d) => ({ deploy: async (request, o) => d.deploy(request, o).catch((e: unknown) => { throw o?.signal?.aborted === true ? deployFault("timeout") : e; }) })),
  one("mends names", "deploy.refused", (d) => demanding(d, ({ name }) => ({ name: name.toLowerCase() }))),
  one("takes shares beyond all for all", "deploy.refused", (d) => demanding(d, ({ traffic = 1 }) => ({ traffic: Math.min(1, traffic) }))),
  one("leaves out settings that it does not know", "deploy.refused", (d) => demanding(d, () => ({ settings: undefined }))),
  one("keeps the name of what it has refused", "deploy.refused", (d, { names }) => ({ deploy: async (request, o) => d.deploy(request, o).catch((e: unknown) => { if (!names.has(request.name)) names.set(request.name, { url: "", versions: [], last: [], log: [] }); throw e; }) })),
  one("tries formats that it does not know", "deploy.unsupported", (d) => ({ deploy: mistaking(d.deploy, "unsupported", () => deployFault("failed")) })),
  one("takes over what it did not make", "deploy.foreign", (d, { foreign }) => ({ deploy: async (request, o) => { foreign.delete(request.name); return d.deploy(request, o); } })),
  one("deletes what it did not make", "deploy.foreign", (d, { foreign }) => ({ delete: async (name, o) => { foreign.delete(name); await d.delete(name, o); } })),
  one("says of each demand that it holds", "deploy.at-once", (d) => ({ deploy: async (request, o) => { await sleep(10 * Math.random()); return d.deploy(request, o).catch(async (e: unknown) => { if (MlstackError.is(e) && e.details?.["reason"] === "busy") return { ...(await d.get(request.name))!, state: "pending" as const }; throw e; }); } })),
  one("is undone by a demand beside it", "deploy.at-once", (d) => ({ deploy: mistaking(d.deploy, "busy", () => new MlstackError("MLS6001", "conflict")) })),

  one("ends the old version before it begins the new one", "update.rolling", (d, { names }) => ({ deploy: async (request, o) => { for (const version of names.get(request.name)?.versions ?? []) version.state = "failed"; return d.deploy(request, o); } })),
  one("asks the old version after the new one", "update.rolling", (d) => { let first: number | undefined; let n = 0; return { infer: async (name, request, o) => { const answer = await d.infer(name, request, o); const x = Number(request.inputs[0]!.data[0]); const y = Number(answer.outputs[0]!.data[0]) / x; first ??= y; return y !== first && n++ % 3 === 1 ? { ...answer, outputs: answer.outputs.map((output) => ({ ...output, data: [x * first!] })) } : answer; } }; }),
  one("moves to another address", "update.rolling stop.address", (d) => { let n = 0; return { deploy: async (request, o) => { const of = await d.deploy(request, o); return { ...of, url: `${of.url}${n++}` }; } }; }),
  one("gives up what the old version was asked", "update.answers", (d, { names }) => ({ infer: async (name, request, o) => { const before = names.get(name)?.versions.length; const answer = await d.infer(name, request, o); const now = names.get(name)?.versions; if (before === 1 && (now?.length !== 1 || now[0]!.id !== answer.version)) throw deployFault("not-ready"); return answer; } })),
  one("takes the new version at its word", "update.fails", (d, { names }) => ({ deploy: async (request, o) => { const before = [...names.get(request.name)?.versions ?? []]; return d.deploy(request, o).catch((e: unknown) => { for (const version of before) version.share = 0; throw e; }); } })),
  one("does not say what was printed", "update.fails", (d) => ({ deploy: mistaking(d.deploy, "failed", () => deployFault("failed", "it did not come up")) })),
  one("goes down with a process that ends", "update.exits", (d, { names }) => ({ deploy: async (request, o) => d.deploy(request, o).catch((e: unknown) => { if (MlstackError.is(e) && JSON.stringify(e.details).includes("ended with")) names.get(request.name)!.versions = []; throw e; }) })),
  one("takes a process that ends for one that is slow", "update.exits", (d) => ({ deploy: mistaking(d.deploy, "failed", () => deployFault("timeout")) })),
  one("keeps versions that have failed", "update.after-failure", (d, { names }) => ({ deploy: async (request, o) => { const failed = names.get(request.name)?.versions.filter(({ state }) => state === "failed") ?? []; await d.deploy(request, o); names.get(request.name)!.versions.push(...failed); return (await d.get(request.name))!; } }), HANGS),
  one("does not try again after a failure", "update.after-failure first.fails", (d) => { let hasFailed = false; return { deploy: async (request, o) => { if (hasFailed) throw deployFault("failed"); return d.deploy(request, o).catch((e: unknown) => { hasFailed = true; throw e; }); } }; }),
  one("does not say why it has failed", "first.fails", (d) => showing(d, () => ({ reason: undefined }))),
  one("is pending for ever where it has failed", "first.fails", (d) => showing(d, ({ state }) => ({ state: state === "failed" ? "pending" : state }))),
  one("shows the newer version first", "traffic.shared", (d) => showing(d, ({ versions }) => ({ versions: versions.toReversed() }))),
  one("asks the older version alone", "traffic.shared", (d, { names }) => ({ infer: async (name, request, o) => { const of = names.get(name)!; const all = of.versions; of.versions = all.slice(0, 1); const answer = d.infer(name, request, o); of.versions = all; return answer; } })),
  one("makes a third version of another share", "traffic.shared", (d) => demanding(d, ({ traffic }) => ({ resources: { cpu: traffic ?? 1 } }))),
  one("rounds a small share to none", "traffic.rounded", (d) => ({ ...showing(d, ({ versions }) => ({ versions: versions.map((v) => ({ ...v, traffic: v.traffic === 0.01 ? 0 : v.traffic === 0.99 ? 1 : v.traffic })) })) })),
  one("shows shares as they were demanded", "traffic.rounded", (d) => ({ setTraffic: async (name, version, share, o) => { const of = await d.setTraffic(name, version, share, o); return { ...of, versions: of.versions.map((v) => ({ ...v, traffic: v.id === version ? share : 1 - share })) }; } })),
  one("removes a version that has no traffic", "traffic.set", (d, { names }) => ({ setTraffic: async (name, version, share, o) => { await d.setTraffic(name, version, share, o); const of = names.get(name)!; of.versions = of.versions.filter((v) => v.share > 0); return (await d.get(name))!; } })),
  one("gives the share to the other version", "traffic.set", (d) => ({ setTraffic: async (name, version, share, o) => d.setTraffic(name, version, 1 - share, o) })),
  one("keeps the old version of what is promoted", "traffic.set", (d) => ({ setTraffic: async (name, version, share, o) => (share === 1 ? d.setTraffic(name, version, 0.99, o) : d.setTraffic(name, version, share, o)) })),
  one("takes a version that is not there for the one that serves", "traffic.refused", (d) => ({ setTraffic: async (name, version, share, o) => d.setTraffic(name, version === "none" ? (await d.get(name))!.version! : version, share, o) })),
  one("gives traffic to what has failed", "traffic.refused", (d) => ({ setTraffic: async (...all) => d.setTraffic(...all).catch(async (e: unknown) => { if (MlstackError.is(e) && e.details?.["reason"] === "not-ready") return (await d.get(all[0]))!; throw e; }) })),

  one("lets stopped models answer", "stop.address", (d) => ({ stop: async (name, o) => ({ ...(await d.get(name, o))!, state: "stopped", versions: [], version: undefined }) })),
  one("forgets what it has stopped", "stop.address", (d, { names }) => ({ stop: async (name, o) => { const of = await d.stop(name, o); names.delete(name); return of; } })),
  one("refuses to stop what is stopped", "stop.address", (d) => ({ stop: async (name, o) => { if ((await d.get(name))?.state === "stopped") throw deployFault("invalid"); return d.stop(name, o); } })),
  one("forgets which model was stopped", "stop.address", (d) => showing(d, ({ state, digest }) => ({ digest: state === "stopped" ? "" : digest }))),
  one("stops in the middle of an answer", "stop.answers", (d, { names }) => ({ infer: async (name, request, o) => { const answer = await d.infer(name, request, o); if (names.get(name)!.versions.length === 0) throw deployFault("failed"); return answer; } })),
  one("brings the old version back with the new one", "stop.update", (d, { names }) => ({ deploy: async (request, o) => { const of = names.get(request.name); const isStopped = of?.versions.length === 0; await d.deploy(request, o); if (isStopped) of.versions = [...of.last.map((v) => ({ ...v, state: "ready" as const, share: 0 })), ...of.versions]; return (await d.get(request.name))!; } }), HANGS),
  one("takes a version that is stopped for one that serves", "stop.update", (d) => ({ deploy: async (request, o) => d.deploy({ ...request, traffic: (await d.get(request.name))?.state === "stopped" ? 1 : request.traffic }, o) })),
  one("starts one version alone", "start.brings-back", (d, { names }) => ({ start: async (name, o) => { const of = names.get(name)!; if (of.versions.length === 0) of.last = of.last.slice(0, 1); return d.start!(name, o); } })),
  one("starts with equal shares", "start.brings-back", (d, { names }) => ({ start: async (name, o) => { await d.start!(name, o); for (const version of names.get(name)!.versions) version.share = 0.5; return (await d.get(name))!; } })),
  one("returns before what it starts serves", "start.brings-back", (d) => ({ start: async (name, o) => { const done = d.start!(name, o); done.catch(() => undefined); return (await d.get(name))!; } })),
  one("starts again what is ready", "start.brings-back", (d) => ({ start: async (name, o) => { await d.stop(name); const of = await d.start!(name, o); return { ...of, url: `${of.url}${Math.random()}` }; } })),
  one("keeps the name of what it has deleted", "delete.gone delete.stopped", (d) => ({ delete: async (name, o) => { if ((await d.get(name)) !== undefined) await d.stop(name, o); } })),
  one("refuses to delete what is not there", "delete.gone", (d) => ({ delete: async (name, o) => { if ((await d.get(name)) === undefined) throw deployFault("not-found"); await d.delete(name, o); } })),
  one("deletes what serves, and nothing else", "delete.stopped", (d) => ({ delete: async (name, o) => { if ((await d.get(name))?.state !== "stopped") await d.delete(name, o); } })),
  one("refuses to look at what is not there", "missing", (d) => ({ get: async (name, o) => { const of = await d.get(name, o); if (of === undefined) throw deployFault("not-found"); return of; } })),
  one("stops what nobody has deployed", "missing", (d) => ({ stop: async (name, o) => d.stop(name, o).catch(() => ({ name, id: "", url: "", protocol: "", digest: "", state: "stopped", versions: [] })) })),
  one("takes what is missing for what is not ready", "missing delete.gone", (d) => ({ infer: mistaking(d.infer, "not-found", () => deployFault("not-ready")) })),
  one("makes a name by looking at it", "missing", (d, { names }) => ({ infer: async (name, request, o) => d.infer(name, request, o).catch((e: unknown) => { if (!names.has(name)) names.set(name, { url: "", versions: [], last: [], log: [] }); throw e; }) })),
  one("does not come back", "crash.returns", (d, { names }) => ({ infer: async (name, request, o) => d.infer(name, request, o).catch((e: unknown) => { if (request.inputs[0]!.data[0] === -2) names.get(name)!.versions = []; throw e; }) }), HANGS),
  one("does not say that it has died", "crash.returns", (d) => showing(d, () => ({ reason: undefined }))),
  one("comes back at another address", "crash.returns", (d, { names }) => ({ infer: async (name, request, o) => d.infer(name, request, o).catch((e: unknown) => { if (request.inputs[0]!.data[0] === -2) names.set(name, Object.assign(names.get(name)!, { url: "http://127.0.0.1/elsewhere" })); throw e; }) })),
  one("asks again what has died of it", "crash.once", (d) => ({ infer: async (name, request, o) => d.infer(name, request, o).catch(async (e: unknown) => { if (request.inputs[0]!.data[0] !== -2) throw e; await sleep(50); return d.infer(name, request, o); }) })),
  one("prints the newest line first", "logs.lines", (d) => ({ async *logs(name, o) { const all = []; for await (const line of d.logs!(name, o)) all.unshift(line); yield* all; } })),
  one("gives the first lines where the last are asked for", "logs.lines", (d) => ({ async *logs(name, { lines = 100, ...o } = {}) { let n = 0; for await (const line of d.logs!(name, o)) if (n++ < lines) yield line; } })),
  one("gives the times of lines in seconds", "logs.lines", (d) => ({ async *logs(name, o) { for await (const line of d.logs!(name, o)) yield { ...line, time: Math.floor(line.time / 1000) }; } })),

  one("forgets a request's id", "infer.answer", (d) => ({ infer: async (...all) => ({ ...(await d.infer(...all)), id: undefined }) })),
  one("computes with four bytes", "infer.answer", (d) => changed(d, (data) => data.map((x) => Math.fround(Number(x))))),
  one("names the version that is newest", "infer.answer", (d) => ({ infer: async (...all) => ({ ...(await d.infer(...all)), version: "newest" }) })),
  one("gives the answer of another request", "infer.side-by-side", (d) => { let last: readonly unknown[] = []; return { infer: async (...all) => { const answer = await d.infer(...all); const data = last; last = answer.outputs[0]!.data; await sleep(1); return { ...answer, outputs: answer.outputs.map((output) => ({ ...output, data: (data.length > 0 ? data : output.data) as typeof output.data })) }; } }; }),
  one("answers one request at a time, and refuses the others", "infer.side-by-side", (d) => { let isBusy = false; return { infer: async (...all) => { if (isBusy) throw new MlstackError("MLS6001", "busy", { details: { reason: "overloaded" } }); isBusy = true; try { return await d.infer(...all); } finally { isBusy = false; } } }; }),
  one("sends NaN as null", "infer.invalid", (d) => ({ infer: async (name, request, o) => d.infer(name, { ...request, inputs: request.inputs.map((x) => ({ ...x, data: x.data.map((v) => (Number.isNaN(v) ? 0 : v)) })) }, o) })),
  one("gives all outputs where one that is not there is asked for", "infer.invalid", (d) => ({ infer: async (name, request, o) => d.infer(name, { ...request, outputs: undefined }, o) })),
  one("takes a request that can't be for a failure of the model", "infer.invalid", (d) => ({ infer: mistaking(d.infer, "invalid", () => deployFault("failed")) })),
  one("hides what a model throws", "infer.throws", (d) => ({ infer: mistaking(d.infer, "failed", () => deployFault("failed", "internal error")) })),
  one("takes what a model throws for a request that can't be", "infer.throws", (d) => ({ infer: mistaking(d.infer, "failed", () => deployFault("invalid", "the model takes no -1")) })),
];
