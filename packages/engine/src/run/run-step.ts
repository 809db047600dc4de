import { decodeValue, MlstackError, serializeError, type ArtifactType, type Component, type JsonObject, type ModelDeployer, type Redactor, type StepDefinition, type StepInvocation, type StepSpec, type TrackerEvent } from "@mlstack/core";
import type { PlanStep, PlanStepNode } from "@mlstack/pipeline";
import type { LoadCheck } from "@mlstack/pipeline/compile";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { artifacts, type Artifacts } from "../artifacts/artifacts.ts";
import type { OpenData, ResolvedData } from "../data/data-resolver.ts";
import type { CacheOutcome, Journal, LogLine, StepEnded } from "../journal/events.ts";
import type { During } from "../store/abortable.ts";
import type { ActionSpace, StoredOutput } from "../store/action-space.ts";
import type { ContentSpace } from "../store/content-space.ts";
import { trackedReads } from "../store/tracked-reads.ts";
import { stepDeployer, type StepPlace } from "../deploy/step-deployer.ts";
import type { ConsoleCapture } from "./console-capture.ts";
import type { Faults } from "./faults.ts";
import { keyWatch } from "./key-watch.ts";
import { observations, observedArtifact, observedData, observedRun, type Observations } from "./observed.ts";
import type { StepKey } from "./step-key.ts";
import { pointersOf, type StepOutcome } from "./step-outcome.ts";
import { encodeEvents, trackerRecorder, type TrackerRecorder } from "./tracker-recorder.ts";

/** The world, as far as a running step may touch it. */
export interface StepIo {
  readonly content: ContentSpace;
  readonly artifacts: Artifacts;
  /** Does work whose calls to the store end with a signal. */
  readonly during: During;
  /** Null where results are not to be stored. */
  readonly actions: ActionSpace | null;
  readonly journal: Journal;
  /**
   * Hands tracker events over, to be sent to the stack's tracker. Never rejects.
   *
   * @param resent they may have been sent before by another process
   * @returns how many are left because they could not be sent, where nobody else will
   */
  track(events: readonly TrackerEvent[], resent?: boolean): Promise<number>;
  component(name: string): Promise<Component | undefined>;
  readonly capture: ConsoleCapture;
  /** Takes the secrets of the stack out of what the step prints, and of what it fails with. */
  readonly redactor: Redactor;
  /** Told of every line, for a live view. */
  onLog(node: string, attempt: number, line: LogLine): void;
  readonly faults: Faults;
  /** Milliseconds since 1970. */
  now(): number;
  readonly platform: string;
  /** Where declared files lie. */
  readonly filesDir: string;
  /** A folder that is this run's own. */
  readonly scratchDir: string;
}

/** A step that is to be run here. */
export interface StepTask {
  readonly spec: StepSpec;
  readonly ordinal: number;
  readonly pipeline: string;
  readonly node: PlanStepNode;
  readonly step: PlanStep;
  readonly definition: StepDefinition;
  /** Parameters that JSON can't carry. */
  readonly liveParams: Readonly<Record<string, unknown>> | undefined;
  readonly data: Readonly<Record<string, Pick<ResolvedData, "open">>>;
  readonly key: StepKey;
  /** Whether this process runs the code and packages that the key was made of; undefined where that is sure otherwise. */
  readonly check: LoadCheck | undefined;
  /** The declared environment variables as they are in the key. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How often a running step's tracker calls are sent, in milliseconds: a training curve is looked at while it grows. */
const TRACK_EVERY_MS = 2000;

/**
 * Runs a step once: inputs from the store, the user's code, outputs to the store, the action entry, the journal. This is the one
 * function that runs a step, wherever it runs. It never rejects for what goes wrong in the step; it rejects when the journal can't be
 * written, for then nothing that it could say would be kept. The end of the step is in the journal, to be flushed by the caller.
 */
export async function runStep(task: StepTask, io: StepIo, signal: AbortSignal): Promise<StepOutcome> {
  const { spec, ordinal } = task;
  const { runId: run, node, attempt } = spec;
  const startedAt = io.now();
  // its name says nothing: a step may look at it
  const scratch = join(io.scratchDir, randomUUID());
  const seen = observations();
  const recorder = trackerRecorder({ node, ordinal, attempt }, io.now, io.content);
  const tracking = sendWhileRunning(recorder, io);
  const reads = trackedReads(io.content);
  const data = Object.fromEntries(Object.entries(task.data).map(([name, resolved]) => [name, resolved.open()]));
  const watch = keyWatch(task, data, io.filesDir);
  io.journal.append({ kind: "step-started", run, ordinal, node, attempt, time: startedAt, spec: withoutStack(spec) });
  await io.journal.flush();
  await io.faults.at("step.started", node);
  // not flushed here: the end of this step and the start of the next are one commit, and the driver flushes before it waits
  const end = async (result: Pick<StepEnded, "status" | "cache" | "outputs" | "error" | "retried">, left: number, key = task.key) => {
    io.journal.append({ kind: "step-ended", run, ordinal, node, attempt, startedAt, time: io.now(), key: key.key, parts: key.key === null ? null : key.parts, ...(key.work !== undefined && { work: key.work }), tracker: recorder.events, ...(left > 0 && { untracked: true }), ...result });
    await io.faults.at("step.ended", node);
  };
  try {
    const outputs = await io.during(signal, async () => {
      const made = await execute(task, io, signal, { recorder, scratch, data, seen, inputs: artifacts(reads.content) });
      await reads.settle();
      return made;
    });
    const left = await tracking.end();
    await io.faults.at("step.tracked", node);
    // what was used is not what was hashed, or what is in no key was read: then it is no result of that key
    const reasons = task.key.work === undefined ? [] : [...seen.reasons, ...(await watch.changed())];
    const key: StepKey = reasons.length > 0 ? { key: null, reasons: task.key.key === null ? [...task.key.reasons, ...reasons] : reasons } : task.key;
    const cache = await commit({ ...task, key }, io, outputs, recorder.events, io.now() - startedAt);
    await io.faults.at("step.committed", node);
    await end({ status: "completed", cache, outputs }, left, key);
    return { status: "completed", outputs: pointersOf(outputs) };
  } catch (e) {
    const cancelled = signal.aborted && !MlstackError.is(signal.reason, "MLS4002");
    const error = io.redactor.data(serializeError(signal.aborted ? signal.reason : e));
    const left = await tracking.end();
    const status = cancelled ? "cancelled" : "failed";
    await end({ status, cache: { state: "none", miss: spec.cache.miss }, outputs: {}, error, ...(spec.willRetry && !cancelled && { retried: true }) }, left);
    return { status, error };
  } finally { if (existsSync(scratch)) await rm(scratch, { recursive: true, force: true }).catch(() => undefined); }
}

/** What the journal keeps of a specification: the run has the stack. */
export function withoutStack({ stack: _stack, ...spec }: StepSpec): Omit<StepSpec, "stack"> {
  return spec;
}

/** Sends what a step logs from time to time, and the rest at its end. */
function sendWhileRunning(recorder: TrackerRecorder, io: StepIo): { end(): Promise<number> } {
  let sent = 0;
  const send = async () => {
    const fresh = recorder.events.slice(sent);
    sent += fresh.length;
    return io.track(fresh);
  };
  const timer = setInterval(() => { if (recorder.events.length > sent) void send(); }, TRACK_EVERY_MS);
  timer.unref();
  return {
    end: async () => {
      clearInterval(timer);
      return recorder.events.length === 0 ? 0 : send();
    },
  };
}

/** What belongs to one attempt. */
interface Attempt {
  readonly recorder: TrackerRecorder;
  readonly scratch: string;
  readonly data: Readonly<Record<string, OpenData>>;
  readonly seen: Observations;
  /** Where inputs are read. */
  readonly inputs: Artifacts;
}

async function execute(task: StepTask, io: StepIo, signal: AbortSignal, { recorder, scratch, data, seen, inputs: source }: Attempt): Promise<Record<string, StoredOutput>> {
  const { spec, definition, step } = task;
  const inputs: Record<string, unknown> = {};
  const handles: Record<string, StepInvocation["artifacts"][string]> = {};
  for (const [port, type] of Object.entries(definition.inputs)) {
    const pointer = spec.inputs[port];
    // an optional input whose source was skipped
    if (pointer === undefined) continue;
    handles[port] = observedArtifact(port, source.handle(pointer, scratch), pointer, seen);
    inputs[port] = await source.load(type, pointer, scratch).catch((e: unknown) => { throw unreadable(e, step.name, port, type); });
  }
  const components: Record<string, Component | undefined> = {};
  for (const name of [...Object.keys(step.requires), ...Object.keys(step.uses)]) components[name] = handleOf(await io.component(name), { plan: spec.plan, content: io.content, dir: io.filesDir, serves: step.serves, scratch });
  await io.faults.at("step.inputs-loaded", spec.node);
  const metadata = new Map<string, JsonObject>();
  const line = (stream: LogLine["stream"], text: string) => {
    const entry = { time: io.now(), stream, text: io.redactor.text(text.replace(/\r?\n$/, "")) };
    io.capture.outside(() => {
      io.journal.log(spec.runId, spec.node, spec.attempt, entry);
      io.onLog(spec.node, spec.attempt, entry);
    });
  };
  const context: StepInvocation = {
    inputs, artifacts: handles, components, signal, tracker: recorder.tracker, params: params(task, data, seen),
    run: observedRun({ id: spec.runId, pipeline: task.pipeline, node: spec.node, attempt: spec.attempt }, seen),
    // apart from what is laid out beside it for inputs and outputs: a step may return all of the folder
    scratch: async () => { const own = join(scratch, "work"); await mkdir(own, { recursive: true }); return own; },
    log: (message) => line("log", String(message)),
    metadata(output, facts) {
      if (!Object.hasOwn(definition.outputs, output)) throw new MlstackError("MLS1009", `metadata was given for "${output}", which is not an output of "${step.name}"`, { fix: `name one of: ${Object.keys(definition.outputs).join(", ")}` });
      metadata.set(output, { ...metadata.get(output), ...facts });
    },
  };
  signal.throwIfAborted();
  const values = await untilAborted(io.capture.run((text, stream) => line(stream, text), () => definition.invoke(context)), signal);
  await io.faults.at("step.returned", spec.node);
  const outputs: Record<string, StoredOutput> = {};
  for (const [name, type] of Object.entries(definition.outputs)) {
    outputs[name] = await saveOutput(io, step.name, name, type, values[name], scratch, metadata.get(name));
    await io.faults.at("step.blob-stored", spec.node);
  }
  await io.faults.at("step.outputs-stored", spec.node);
  return outputs;
}
/** A component as a step gets it. */
function handleOf(component: Component | undefined, place: StepPlace): Component | undefined {
  return component?.contract.startsWith("model_deployer@") === true ? { contract: component.contract, ...stepDeployer(component as ModelDeployer, place) } : component;
}

async function saveOutput(io: StepIo, step: string, name: string, type: ArtifactType<unknown>, value: unknown, scratch: string, metadata: JsonObject | undefined): Promise<StoredOutput> {
  try { return await io.artifacts.save(type, value, scratch, metadata); } catch (e) {
    if (!MlstackError.is(e) || !ABOUT_VALUES.has(e.code)) throw e;
    throw new MlstackError(e.code, `the output "${name}" of the step "${step}" can't be stored as ${type.format}: ${e.message}`, { why: e.why, fix: e.fix ?? `return what the schema of ${name} takes, or change it`, details: e.details, cause: e });
  }
}

/** What codecs say of a value, and can't say of which. */
const ABOUT_VALUES: ReadonlySet<string> = new Set(["MLS1009", "MLS3006", "MLS3007", "MLS3008", "MLS3009"]);

function unreadable(e: unknown, step: string, port: string, type: ArtifactType<unknown>): unknown {
  if (!MlstackError.is(e) || !ABOUT_VALUES.has(e.code)) return e;
  return new MlstackError(e.code, `the input "${port}" of the step "${step}" can't be read as ${type.format}: ${e.message}`, {
    why: e.why, fix: e.fix ?? `make the schema of ${port} take what the step before it returns, or return what the schema takes`, details: e.details, cause: e,
  });
}

function params({ node, liveParams }: StepTask, data: Attempt["data"], seen: Observations): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, param] of Object.entries(node.params)) {
    values[name] = "value" in param ? decodeValue(param.value) : "data" in param ? observedData(name, data[name]!.handle, seen) : liveParams?.[name];
  }
  return values;
}

/** Resolves or rejects with `work`, or rejects with the signal's reason as soon as it is aborted: code that does not listen is left behind. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((ok, fail) => {
    const abort = () => fail(signal.reason as Error);
    if (signal.aborted) abort(); else signal.addEventListener("abort", abort, { once: true });
    work.then(ok, fail).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Stores the result under its key, last of all: whoever finds the entry finds all of its content. */
async function commit(task: StepTask, io: StepIo, outputs: Readonly<Record<string, StoredOutput>>, events: readonly TrackerEvent[], durationMs: number): Promise<CacheOutcome> {
  const { key, spec } = task;
  if (key.key === null) return { state: "uncached", reasons: key.reasons };
  if (io.actions === null) return { state: "uncached", reasons: [{ rule: "switched-off", message: "the run was started with the cache switched off", fix: "run it without --no-cache" }] };
  const tracker = events.length === 0 ? null : await io.content.putBytes(encodeEvents(events));
  const ended = await io.actions.commit({
    entryVersion: 1, key: key.key, outputs, parts: key.parts, tracker, platform: io.platform, writer: { run: spec.runId, node: spec.node, project: spec.project }, createdAt: io.now(), durationMs,
  }, async (first) => {
    for (const output of Object.values(first.outputs)) if (!(await io.artifacts.present(output).catch(() => false))) return false;
    return first.tracker === null || io.content.has(first.tracker);
  });
  const { cache: { miss } } = spec;
  switch (ended.state) {
    case "stored": return { state: "stored", miss, tracker };
    case "lost-race": return { state: "lost-race", run: ended.first.writer.run, nonDeterministic: ended.nonDeterministic, miss };
    case "unreadable": return { state: "uncached", reasons: [{ rule: "unreadable-entry", message: `what lies under its key can't be read, and is never replaced: ${ended.at}`, fix: "remove that object from the artifact store" }] };
  }
}

