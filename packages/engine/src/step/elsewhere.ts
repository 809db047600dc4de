import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MlstackError, serializeError, type ArtifactStore, type DataPointer, type StepSpec } from "@mlstack/core";
import { readPlan } from "@mlstack/pipeline";
import type { Journal, LogLine } from "../journal/events.ts";
import { objectJournal } from "../journal/object-journal.ts";
import { projectPlugins } from "../plugins.ts";
import { storeBeats } from "../run/heartbeat.ts";
import type { DriverSpec } from "../run/detach.ts";
import { driveRun } from "../run/drive-run.ts";
import { unpackSpec } from "../run/large-spec.ts";
import { notesInStore } from "../run/notes.ts";
import type { StepOutcome } from "../run/step-outcome.ts";
import { takeSecrets } from "../secrets/travelling.ts";
import { otherStores } from "../stack/other-stores.ts";
import { openStack, type Stack, type StackSnapshot } from "../stack/stack.ts";
import { abortable } from "../store/abortable.ts";
import { contentSpace } from "../store/content-space.ts";
import { layers } from "../store/layers.ts";
import { lastWords } from "./last-words.ts";
import { layOut } from "./lay-out.ts";
import { lifeline } from "./lifeline.ts";
import { bundlePaths, definitionSource } from "./load-definition.ts";
import { relocated } from "./relocate.ts";
import { openStepHost, type StepHost } from "./step-host.ts";

/** How often what a step prints is written into the store while it runs, in milliseconds. */
const LOGS_EVERY_MS = 1000;

/** Private files of a step process, below the folder that it runs in. */
const STATE = ".mlstack";

export function readSpec(path: string): unknown {
  let spec: { readonly version?: unknown };
  try { spec = JSON.parse(readFileSync(path, "utf8")) as typeof spec; } catch (cause) { throw new MlstackError("MLS7002", `${path} is not there or is not JSON`, { fix: "this command is run by orchestrators, with the file that the driver wrote", cause }); }
  if (spec.version === 1) return spec;
  throw new MlstackError("MLS1012", `${path} is of version ${String(spec.version)}, this mlstack reads version 1`, { fix: "use the same version of mlstack in both places" });
}

/**
 * Runs one step in a folder that has nothing of the project: `mlstack step run`. Code and declared files come from the artifact store,
 * packages from the node_modules in reach; runtime, platform and packages must be those of the plan. It ends when the signal says so, when its
 * time is over, and when its driver is gone.
 */
export async function runStepElsewhere(travelled: StepSpec, dir: string, signal: AbortSignal): Promise<StepOutcome> {
  let host: StepHost | undefined = undefined;
  const words = lastWords(() => host?.redactor);
  const secrets = takeSecrets(process.env);
  host = await openStepHost(travelled.stack as unknown as StackSnapshot, dir, join(dir, STATE), join(dir, STATE, "scratch"), { elsewhere: true, secrets });
  const told = new AbortController();
  const line = lifeline(travelled, dir, host.store, secrets, (reason) => told.abort(reason));
  const store = objectJournal(host.store);
  // why it was told to stop is known to the driver only, which then writes how the step ended
  const journal: Journal = { ...store, append: (event) => {
    if (event.kind !== "step-ended") store.append(event);
    else if (event.status !== "cancelled") store.append(event.error === undefined ? event : { ...event, error: relocated(event.error, dir) });
  } };
  const timer = setInterval(() => void journal.flush().catch(() => undefined), LOGS_EVERY_MS);
  try {
    const content = contentSpace(host.store);
    const spec = await unpackSpec(travelled, content);
    const plan = await host.plan(spec.plan);
    if (plan.bundle !== null) await layOut(plan.bundle, content, dir);
    if (spec.files !== null) await layOut(spec.files, content, dir);
    // modules of the bundle are ES modules by their names; what else looks for the nearest package.json finds the project's root here
    if (!existsSync(join(dir, "package.json"))) writeFileSync(join(dir, "package.json"), `${JSON.stringify({ private: true, type: "module" })}\n`);
    const definitions = definitionSource(dir, plan.bundle === null ? (m) => m : bundlePaths(dir));
    // printed, too: whoever looks after this process sees it there, and it is all that is left of a process that crashes
    const onLine = ({ stream, text }: LogLine) => { process[stream === "stderr" ? "stderr" : "stdout"].write(`${text}\n`); };
    return await words.of(spec.node, () => host.run(spec, { journal, definitions, environment: "refuse", signal: AbortSignal.any([signal, told.signal]), onLine }));
  } finally {
    clearInterval(timer);
    await line.stop();
    await host.close();
  }
}

/** What prevents a driver from driving must reach the run's journal: nobody else is there to hear of it. */
async function failing<T>(store: ArtifactStore, { secrets }: Pick<Stack, "secrets">, { run, ordinal }: DriverSpec, work: () => Promise<T>): Promise<T> {
  try { return await work(); } catch (e) {
    const journal = objectJournal(store);
    journal.append({ kind: "run-ended", run, ordinal, time: Date.now(), status: "failed", error: secrets.redactor.data(serializeError(e)), warnings: [] });
    await journal.flush();
    throw e;
  }
}

/** Drives a run whose client has left: `mlstack driver run`. It has no code of the project; what happens is in the journal in the store. */
export async function runDriver(spec: DriverSpec, dir: string, abort: AbortController): Promise<"completed" | "failed" | "cancelled"> {
  const stateDir = join(dir, STATE);
  const place = { projectDir: dir, stateDir, elsewhere: true };
  const plugins = [...new Set([...Object.keys(spec.stack.plugins), ...spec.stores.flatMap((s) => s.plugins)])];
  const stack = openStack(spec.stack, projectPlugins(dir, undefined, { names: plugins }), place, takeSecrets(process.env));
  const others = otherStores(stack, { stores: async () => spec.stores }, place);
  lastWords(() => stack.secrets.redactor);
  try {
    await stack.knowSecrets();
    const [store, launch] = await Promise.all([stack.artifactStore(), stack.launcher()]);
    const { store: watched, during } = abortable(store);
    const content = contentSpace(watched);
    const plan = await failing(store, stack, spec, async () => readPlan(await content.read(spec.plan), spec.plan, { foreign: true }));
    const part = { run: spec.run, ordinal: spec.ordinal };
    const watches = [storeBeats(store, part, launch), notesInStore(store, part, abort)];
    const data = new Map(Object.entries(spec.data).map(([node, of]) => [node, Object.fromEntries(Object.entries(of).map(([name, pointer]): [string, { pointer: DataPointer }] => [name, { pointer }]))]));
    try {
      const end = await driveRun({
        ...part, ...(spec.name !== null && { name: spec.name }), cache: spec.cache, trustDomain: spec.trustDomain, onFailure: spec.onFailure, project: spec.project, plan, planDigest: spec.plan, startedAt: spec.startedAt, stack, snapshot: spec.stack, launch, maxParallel: Math.min(launch.maxParallel, spec.concurrency ?? Infinity),
        layers: layers(content, await others.list(), join(stateDir, "copies")), during, journal: objectJournal(store), logs: undefined, steps: new Map(), checks: new Map(), liveParams: new Map(), data, files: new Map(Object.entries(spec.files)), env: { ...process.env },
        earlier: async () => undefined, signal: abort.signal, scratchDir: join(stateDir, "scratch"), filesDir: dir, faults: { at: () => undefined }, now: Date.now, onLog: () => undefined,
      });
      return end.status;
    } finally { for (const watch of watches) watch.stop(); }
  } finally { await Promise.all([stack.dispose(), others.dispose()]); }
}
