import { MlstackError, type ErrorCode, type Launcher, type Orchestrator, type ProcessEnd, type StepHandle, type StepIdentity, type StepSpec } from "@mlstack/core";
import type { OrchestratorSubject } from "@mlstack/testkit/conformance";
import { failingOrchestrator } from "./orchestrators.ts";

type Changed = { readonly [K in keyof Launcher]?: Launcher[K] | undefined };

/** An orchestrator that breaks one promise, and the cases that must see it. */
export interface BadOrchestrator {
  readonly fault: string;
  readonly killers: readonly string[];
  /** What differs in its launcher; asked for every object. */
  bad(launcher: Launcher): Changed;
  /** What differs besides. */
  readonly more?: Partial<Orchestrator>;
  readonly subject?: Partial<OrchestratorSubject>;
  /** What steps do first. */
  readonly first?: string;
  /** Set where nothing happens that should: all that can be seen of that is the case's limit. */
  readonly limitMs?: number;
}

const fail = (code: ErrorCode): never => { throw new MlstackError(code, "as it should not be"); };
const one = (fault: string, killers: string, bad: BadOrchestrator["bad"], more: Partial<BadOrchestrator> = {}): BadOrchestrator => ({ fault, killers: killers.split(" "), bad, ...more });
const HANGS = { limitMs: 2000 } as const;
const none = () => ({});

/** Starts other steps than those that it is to start. */
const starting = (l: Launcher, change: (spec: StepSpec) => Partial<StepSpec>): Partial<Launcher> => ({ start: async (launch, o) => l.start({ ...launch, spec: { ...launch.spec, ...change(launch.spec) } }, o) });
/** Gives other handles than those that it has. */
const handles = (l: Launcher, change: (handle: StepHandle, of: StepIdentity) => Partial<StepHandle>): Partial<Launcher> => ({ start: async (launch, o) => { const handle = await l.start(launch, o); return { ...handle, ...change(handle, launch.spec) }; } });
const drivers = (l: Launcher, change: (handle: StepHandle) => Partial<StepHandle>): Partial<Launcher> => ({ startDriver: async (launch, o) => { const handle = await l.startDriver!(launch, o); return { ...handle, ...change(handle) }; } });
const found = (l: Launcher, change: (handle: StepHandle) => Partial<StepHandle>): Partial<Launcher> => ({ attach: async (launched, o) => { const handle = await l.attach!(launched, o); return handle && { ...handle, ...change(handle) }; } });
/** Tells other ends than those that there were. */
const ends = (l: Launcher, change: (end: ProcessEnd) => Partial<ProcessEnd>): Partial<Launcher> => handles(l, ({ ended }) => ({ ended: ended.then((end) => ({ ...end, ...change(end) })) }));
const wasCancelled = ({ blame }: ProcessEnd): boolean => blame === "cancel";

let made = 0;
/** Of all objects of a bad orchestrator; the case that is run is the only one. */
const everywhere: StepHandle[] = [];
/** Ends all steps that there are, and waits for it. */
const endAll = async () => { const all = everywhere.splice(0); await Promise.all(all.map((handle) => handle.cancel("all"))); await Promise.all(all.map(({ ended }) => ended)); };
const collected = (l: Launcher, change: (handle: StepHandle) => Partial<StepHandle> = none): Partial<Launcher> => handles(l, (handle) => { everywhere.push(handle); return change(handle); });

export const badOrchestrators: readonly BadOrchestrator[] = [
  one("implements another contract", "contract", none, { more: { contract: "orchestrator@2" as "orchestrator@1" } }),
  one("can do nothing", "contract", none, { more: { launch: undefined } }),
  one("runs nothing side by side, not even one", "launcher", () => ({ maxParallel: 0 })),
  one("cancels in a way of its own", "launcher", () => ({ cancel: "stop" as "kill" })),
  one("runs steps here that see nothing of here", "launcher", () => ({ runsHere: true })),
  one("has a check that fails where all is well", "check", none, { more: { check: async () => [{ name: "x", ok: false, message: "no" }] } }),

  one("has ids that fit in no record", "start.handle", (l) => handles(l, ({ id }) => ({ id: id.padEnd(600) }))),
  one("has no ids", "start.handle", (l) => handles(l, () => ({ id: "" }))),
  one("says when a step began without a time", "start.handle", (l) => handles(l, () => ({ started: Promise.resolve(new Date("now")) }))),
  one("says that a step has ended when it was accepted", "start.handle graph.chain", (l) => handles(l, () => ({ ended: Promise.resolve({ status: "exited", exitCode: 0 }) }))),
  one("runs another command", "start.command", (l) => ({ start: async (launch, o) => l.start({ ...launch, command: launch.command.toReversed() }, o) })),
  one("gives a step another specification", "start.command", (l) => starting(l, () => ({ project: "another" }))),
  one("takes empty variables for none", "start.env", (l) => ({ start: async (launch, o) => l.start({ ...launch, env: Object.fromEntries(Object.entries(launch.env).filter(([, value]) => value !== "")) }, o) })),
  one("runs steps in its own time zone", "start.env", (l) => ({ start: async (launch, o) => l.start({ ...launch, env: { ...launch.env, TZ: "Europe/Vienna" } }, o) })),
  one("gives a step what another one was given", "start.env-own", (l) => { const all: Record<string, string> = {}; return { start: async (launch, o) => l.start({ ...launch, env: { ...Object.assign(all, launch.env) } }, o) }; }),
  one("gives variables by arguments", "start.secret", (l) => ({ start: async (launch, o) => l.start({ ...launch, command: [...launch.command, ...Object.entries(launch.env).map(([name, value]) => `${name}=${value}`)] }, o) })),
  one("gives variables by the handle's id", "start.secret", (l) => ({ start: async (launch, o) => { const handle = await l.start(launch, o); return { ...handle, id: JSON.stringify([handle.id, launch.env]) }; } })),
  one("gives a step the settings that fit into a label", "start.large", (l) => starting(l, ({ settings }) => ({ settings: JSON.stringify(settings ?? {}).length > 63 ? {} : settings }))),
  one("starts a step again that is there", "start.twice", (l) => starting(l, ({ attempt }) => ({ attempt: attempt + made++ }))),
  one("starts a step twice that is asked for at once", "start.twice", (l) => { let isStarted = false; return { start: async (launch, o) => { const handle = await l.start({ ...launch, spec: { ...launch.spec, attempt: launch.spec.attempt + (isStarted ? 0 : made++) } }, o); isStarted = true; return handle; } }; }),
  one("knows the steps of its own process only", "start.twice-elsewhere client.start-again", (l) => { const mine = made++; return starting(l, ({ runId }) => ({ runId: `${runId}-${mine}` })); }),
  one("makes up the end of what it starts again", "start.ended", (l) => { const known = new Set<string>(); return { start: async (launch, o) => { const handle = await l.start(launch, o); const isKnown = known.has(handle.id); known.add(handle.id); return isKnown ? { ...handle, ended: Promise.resolve({ status: "exited", exitCode: 0 }) } : handle; } }; }),
  one("takes attempts of a step for one", "start.apart", (l) => starting(l, () => ({ attempt: 1 }))),
  one("takes the parts of a resumed run for one", "start.apart", (l) => starting(l, () => ({ ordinal: 0 }))),
  one("takes the items of a map for one", "start.apart", (l) => starting(l, () => ({ node: "actor" }))),
  one("takes all runs for one", "start.apart", (l) => starting(l, ({ node }) => ({ runId: `the-run-of-${process.pid}`, node: node.replace("actor", "act") }))),

  one("takes the first end for all", "graph.chain graph.retry", (l) => { let first: Promise<ProcessEnd> | undefined; return handles(l, ({ ended }) => ({ ended: (first ??= ended) })); }),
  one("ends all that runs with the first that ends", "graph.diamond graph.fan-out", (l) => { const tells = new Set<(end: ProcessEnd) => void>(); return handles(l, ({ ended }) => { const mine = new Promise<ProcessEnd>((tell) => { tells.add(tell); }); void ended.then((end) => [...tells].map((tell) => tell(end))); return { ended: mine }; }); }),
  one("runs one step at a time, and says more", "graph.fan-out", (l) => { let last: Promise<unknown> = Promise.resolve(); return { start: async (launch, o) => { const before = last; let tell: () => void = none; last = new Promise<void>((done) => { tell = done; }); await before; const handle = await l.start(launch, o); void handle.ended.then(tell); return handle; } }; }, HANGS),
  one("ends all steps when one fails", "graph.failure", (l) => collected(l, ({ ended }) => ({ ended: ended.then(async (end) => { if (end.exitCode !== 0) await endAll(); return end; }) }))),
  one("takes another attempt for the one that has failed", "graph.retry", (l) => { const known = new Map<string, StepHandle>(); return { start: async (launch, o) => { const handle = known.get(launch.spec.node) ?? (await l.start(launch, o)); known.set(launch.spec.node, handle); return handle; } }; }),

  one("finds that all steps end well", "end.code graph.failure", (l) => ends(l, () => ({ status: "exited", exitCode: 0 }))),
  one("knows one code of failure", "end.code", (l) => ends(l, ({ exitCode }) => ({ exitCode: exitCode === 0 ? 0 : 1 }))),
  one("takes what was killed for lost", "end.killed", (l) => ends(l, ({ status }) => (status === "killed" ? { status: "lost" } : {}))),
  one("takes every signal for its own", "end.killed", (l) => ends(l, ({ status }) => (status === "killed" ? { blame: "cancel" } : {}))),
  one("keeps the beginning of what was printed", "end.tail", (l) => handles(l, () => ({ tail: async () => "0".padEnd(8191, ".") }))),
  one("keeps all that was printed", "end.tail", (l) => handles(l, ({ tail }) => ({ tail: async () => "more\n".repeat(9000) + await tail!() }))),
  one("refuses to cancel what has ended", "end.stays cancel.again", (l) => handles(l, ({ ended, cancel }) => { let isOver = false; void ended.finally(() => { isOver = true; }); return { cancel: async (reason, o) => (isOver ? fail("MLS6003") : cancel(reason, o)) }; })),
  one("takes what was cancelled in vain for cancelled", "end.stays", (l) => ({ start: async (launch, o) => { const { id, ended, cancel } = await l.start(launch, o); let last = ended; return { id, get ended() { return last; }, cancel: async (reason, call) => { await cancel(reason, call); last = ended.then((end) => ({ ...end, blame: "cancel" })); } }; } })),
  one("cancels the next attempt of what was cancelled in vain", "end.stays", (l) => { let isDemanded = false; return { start: async (launch, o) => { const handle = await l.start(launch, o); if (isDemanded) await handle.cancel("still"); return { ...handle, cancel: async (reason, call) => { isDemanded = true; await handle.cancel(reason, call); } }; } }; }),

  one("does not cancel", "cancel.ends cancel.blocked", (l) => handles(l, () => ({ cancel: async () => undefined })), HANGS),
  one("loses what it cancels", "cancel.ends cancel.children", (l) => ends(l, (end) => (wasCancelled(end) ? { status: "lost" } : {}))),
  one("blames the platform for what it cancels", "cancel.ends cancel.again", (l) => ends(l, (end) => (wasCancelled(end) ? { blame: "platform" } : {}))),
  one("kills, and says that it asks", "cancel.asks", () => ({ cancel: "ask" }), HANGS),
  one("can't cancel what it has just accepted", "cancel.at-once", (l) => handles(l, ({ cancel }) => { let isFresh = true; setImmediate(() => { isFresh = false; }); return { cancel: async (reason, o) => (isFresh ? fail("MLS6003") : cancel(reason, o)) }; })),
  one("waits for a step that goes on in spite of signals", "cancel.deaf", (l) => handles(l, ({ id }) => ({ cancel: async () => { process.kill((JSON.parse(id) as [string, number])[1], "SIGTERM"); } })), HANGS),
  one("ends a step, and not what it has started", "cancel.children", none, { ...HANGS, first: `const { default: cp } = await import("node:child_process"); const { syncBuiltinESMExports } = await import("node:module"); const { spawn } = cp; cp.spawn = (program, args, options) => spawn(program, args, { ...options, detached: true }); syncBuiltinESMExports();` }),
  one("refuses a second demand", "cancel.again", (l) => handles(l, ({ cancel }) => { let isDemanded = false; return { cancel: async (reason, o) => { if (isDemanded) fail("MLS6003"); isDemanded = true; await cancel(reason, o); } }; })),
  one("cancels by a step's name", "cancel.earlier", (l) => { const last = new Map<string, StepHandle>(); return handles(l, (handle, { node }) => { last.set(node, handle); return { cancel: async (reason, o) => { const one = last.get(node)!; await one.cancel(reason, o); await one.ended; } }; }); }),
  one("cancels all when one is cancelled", "cancel.others", (l) => collected(l, () => ({ cancel: endAll }))),

  one("finds nothing", "attach.running client.killed driver.twice driver.client-gone", () => ({ attach: async () => undefined })),
  one("gives what it finds another id", "attach.running", (l) => found(l, ({ id }) => ({ id: `${id} ` }))),
  one("makes up the end of what it has not started", "attach.running", (l) => found(l, ({ ended }) => ({ ended: ended.then(() => ({ status: "killed", exitCode: null })) }))),
  one("has no end yet of what has ended", "attach.ended", (l) => ({ attach: async (launched, o) => (await l.attach!(launched, o)) && { id: launched.id ?? "", ended: new Promise(none), cancel: async () => undefined } })),
  one("finds the end of another step", "attach.ended", (l) => found(l, () => ({ ended: Promise.resolve({ status: "exited", exitCode: 0 }) }))),
  one("finds a step by its name", "attach.unknown", (l) => ({ attach: async (launched, o) => l.attach!({ ...launched, attempt: 1 }, o) })),
  one("finds a step of an earlier part of its run", "attach.unknown", (l) => ({ attach: async (launched, o) => l.attach!({ ...launched, ordinal: 0 }, o) })),
  one("trips over ids that are none", "attach.other-id", (l) => ({ attach: async (launched, o) => { if (launched.id !== undefined) JSON.parse(launched.id); return l.attach!(launched, o).catch(() => undefined); } })),
  one("takes an id that is none for a step that has ended", "attach.other-id", (l) => ({ attach: async (launched, o) => (launched.id === "no-such-step" ? { id: launched.id, ended: Promise.resolve({ status: "lost", exitCode: null }), cancel: async () => undefined } : l.attach!(launched, o)) })),
  one("only watches what it has found", "attach.cancel", (l) => found(l, () => ({ cancel: async () => fail("MLS6003") }))),
  one("finds what it has started itself", "client.killed", (l) => { const mine = new Set<string>(); return { start: async (launch, o) => { const handle = await l.start(launch, o); mine.add(handle.id); return handle; }, attach: async (launched, o) => { const handle = await l.attach!(launched, o); return handle !== undefined && mine.has(handle.id) ? handle : undefined; } }; }),
  one("says that steps end with their process, and lets them go on", "client.bound", () => ({ attach: undefined }), HANGS),

  one("runs a driver by another command", "driver.runs", (l) => ({ startDriver: async (launch, o) => l.startDriver!({ ...launch, command: launch.command.slice(1) }, o) })),
  one("gives a driver no variables", "driver.runs", (l) => ({ startDriver: async (launch, o) => l.startDriver!({ ...launch, env: Object.fromEntries(Object.entries(launch.env).filter(([name]) => name === "CONFORMANCE_STAGE")) }, o) })),
  one("starts a driver again that is there", "driver.twice", (l) => ({ startDriver: async (launch, o) => l.startDriver!({ ...launch, ordinal: launch.ordinal + made++ }, o) })),
  one("loses a driver that it cancels", "driver.cancel", (l) => drivers(l, ({ ended }) => ({ ended: ended.then((end) => ({ ...end, status: "lost" })) }))),
  one("finds steps, and no drivers", "driver.twice driver.client-gone", (l) => ({ attach: async (launched, o) => (launched.node === "_driver" ? undefined : l.attach!(launched, o)) })),

  one("starts in spite of a signal", "abort.start", (l) => ({ start: async (launch) => l.start(launch) })),
  one("starts a driver in spite of a signal", "abort.start", (l) => ({ startDriver: async (launch) => l.startDriver!(launch) })),
  one("gives up a step that one of two has given up", "abort.start-of-two", (l) => { let shared: Promise<StepHandle> | undefined; return { start: async (launch, o) => (shared ??= l.start(launch, o)) }; }),
  one("cancels in spite of a signal", "abort.handle", (l) => handles(l, ({ cancel }) => ({ cancel: async (reason) => cancel(reason) }))),
  one("reads what was printed in spite of a signal", "abort.handle", (l) => handles(l, ({ tail }) => ({ tail: async () => tail!() }))),
  one("finds in spite of a signal", "abort.attach", (l) => ({ attach: async (launched) => l.attach!(launched) })),
  one("cancels what it has found in spite of a signal", "abort.attach", (l) => found(l, ({ cancel }) => ({ cancel: async (reason) => cancel(reason) }))),
  one("ends all steps when one object is disposed of", "dispose", (l) => collected(l), { more: { dispose: endAll } }),
  one("takes no credentials for a service that does not serve", "fails.denied", none, { subject: { openDenied: async () => failingOrchestrator("MLS6001") } }),
  one("finds all well where it is refused", "fails.denied", none, { subject: { openDenied: async () => ({ ...failingOrchestrator("MLS6002"), check: async () => [{ name: "reach", ok: true, message: "yes" }] }) } }),
  one("finds no trace where it can't look", "fails.unreachable", none, { subject: { openUnreachable: async () => { const failing = failingOrchestrator("MLS6001"); return { ...failing, launch: { ...failing.launch!, attach: async () => undefined } }; } } }),
];
