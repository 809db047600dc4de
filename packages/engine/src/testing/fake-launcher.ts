import { component, definePlugin, type ExperimentTracker, type Launcher, type Orchestrator, type PluginDefinition, type ProcessEnd, type StepLaunch, type TrackerEvent } from "@mlstack/core";
import { json } from "@mlstack/pipeline";
import { z } from "zod";
import { artifacts } from "../artifacts/artifacts.ts";
import { channelJournal } from "../journal/channel-journal.ts";
import type { Journal, StepEnded } from "../journal/events.ts";
import { objectJournal } from "../journal/object-journal.ts";
import { LOCAL_STACK, type StackSpec } from "../stack/stack.ts";
import { contentSpace } from "../store/content-space.ts";
import type { MemoryStore } from "./memory-store.ts";

/** A step process that a test plays itself. */
export interface FakeProcess {
  readonly spec: StepLaunch["spec"];
  readonly env: StepLaunch["env"];
  /** Writes into the artifact store. */
  readonly journal: Journal;
  /** Speaks to the driver at once. */
  readonly channel: Journal;
  /** Resolves with the reason when it is told to stop. */
  readonly cancelled: Promise<string>;
  /** Says that the process runs; only of a launcher with `queues`. */
  started(): void;
  /** Writes down the step's beginning and its end with a result. */
  complete(value: unknown, more?: Partial<StepEnded>, journal?: Journal): Promise<void>;
}

export interface FakeOptions { readonly store: MemoryStore; readonly queues?: boolean; readonly tail?: string; readonly sees?: Launcher["sees"]; readonly tracker?: ExperimentTracker; /** What finds processes again. */ readonly attach?: Launcher["attach"]; readonly startDriver?: Launcher["startDriver"]; /** Called when a step is about to be started. */ readonly starting?: () => void }

function promised<T>(): [Promise<T>, (value: T) => void] {
  let settle!: (value: T) => void;
  return [new Promise<T>((done) => { settle = done; }), (value) => settle(value)];
}

/** An orchestrator whose processes are functions of a test, with a store in memory; and the stack of both. */
export function fakeStack(play: (process: FakeProcess) => ProcessEnd | Promise<ProcessEnd>, { store, queues = false, tail, sees = "bundle", tracker, attach, startDriver, starting }: FakeOptions): { stack: StackSpec; plugins: PluginDefinition[] } {
  const orchestrator: Orchestrator = {
    contract: "orchestrator@1",
    launch: {
      maxParallel: 2, cancel: "kill", sees, ...(attach !== undefined && { attach }), ...(startDriver !== undefined && { startDriver }),
      async start({ spec, env, here }) {
        starting?.();
        const [cancelled, cancel] = promised<string>();
        const [started, start] = promised<Date>();
        const journal = objectJournal(store);
        const process: FakeProcess = {
          spec, env, journal, channel: channelJournal(async (line) => here?.report(line)), cancelled, started: () => start(new Date()),
          async complete(value, more = {}, to = journal) {
            const base = { run: spec.runId, ordinal: spec.ordinal, node: spec.node, attempt: spec.attempt } as const;
            const { stack: _, ...told } = spec;
            to.append({ kind: "step-started", ...base, time: 1, spec: told });
            to.append({ kind: "step-ended", ...base, startedAt: 1, time: 2, status: "completed", key: "k", parts: {}, cache: { state: "stored" }, outputs: { output: await artifacts(contentSpace(store)).save(json(), value, "/nowhere") }, tracker: [], ...more });
            await to.flush();
          },
        };
        return { id: spec.node, ended: Promise.resolve(process).then(play), cancel: async (reason) => cancel(reason), ...(queues && { started }), ...(tail !== undefined && { tail: async () => tail }) };
      },
    },
  };
  const plugin = definePlugin({ name: "fakes", components: [
    component({ type: "orchestrator", version: 1, flavor: "fake", description: "Played by the test", config: z.strictObject({}), create: () => orchestrator }),
    component({ type: "artifact_store", version: 1, flavor: "memory", description: "In memory", config: z.strictObject({}), create: () => store }),
    component({ type: "experiment_tracker", version: 1, flavor: "fake", description: "A list", config: z.strictObject({}), create: () => tracker! }),
  ] });
  const { experiment_tracker: _, ...rest } = LOCAL_STACK.components;
  return {
    plugins: [plugin],
    stack: { name: "fake", components: { ...rest, artifact_store: { name: "m", flavor: "memory" }, orchestrator: { name: "f", flavor: "fake" }, ...(tracker !== undefined && { experiment_tracker: { name: "t", flavor: "fake" } }) } },
  };
}

/** A tracker that keeps what it is sent. */
export function listTracker(more: Partial<ExperimentTracker> = {}): ExperimentTracker & { readonly sent: TrackerEvent[]; readonly said: string[] } {
  const sent: TrackerEvent[] = [];
  const said: string[] = [];
  return {
    contract: "experiment_tracker@1", sent, said,
    async startRun() { said.push("start"); return { externalId: "x1" }; },
    async log(_, events) { said.push(`log ${events.length}`); sent.push(...events); return { refused: [] }; },
    async finishRun(_, status) { said.push(`finish ${status}`); },
    ...more,
  };
}

/** Resolves when something holds; looked at at every turn of the event loop. */
export async function turnsUntil(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise<void>((go) => { setImmediate(go); });
}
