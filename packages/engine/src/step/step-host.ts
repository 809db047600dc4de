import { realpathSync } from "node:fs";
import { join } from "node:path";
import { MlstackError, serializeError, type ArtifactStore, type Redactor, type StepSpec } from "@mlstack/core";
import { everyPlanNode, isStepNode, readPlan, type Plan, type PlanStep, type PlanStepNode } from "@mlstack/pipeline";
import { platformOf, type GivenCode, type LoadCheck } from "@mlstack/pipeline/compile";
import { pointedData } from "../data/pointed-data.ts";
import type { Journal, LogLine } from "../journal/events.ts";
import { projectPlugins } from "../plugins.ts";
import { consoleCapture } from "../run/console-capture.ts";
import { runStep, withoutStack, type StepIo, type StepTask } from "../run/run-step.ts";
import { stepKey } from "../run/step-key.ts";
import type { StepOutcome } from "../run/step-outcome.ts";
import { stepTrackerLink } from "../run/tracker-link.ts";
import { componentFingerprint, openStack, type Stack, type StackSnapshot } from "../stack/stack.ts";
import { abortable } from "../store/abortable.ts";
import { actionSpace } from "../store/action-space.ts";
import { contentSpace } from "../store/content-space.ts";
import { layers } from "../store/layers.ts";
import { planEnvironment, type PlanEnvironment } from "./plan-environment.ts";
import type { DefinitionSource } from "./load-definition.ts";
import { planCode } from "./plan-code.ts";

/** A process that runs steps for a driver that is elsewhere. */
export interface StepHost {
  readonly store: ArtifactStore;
  /** Knows the secrets of the stack. */
  readonly redactor: Redactor;
  plan(digest: string): Promise<Plan>;
  /** Names of the environment variables that the step declares. */
  declaredEnv(spec: StepSpec): Promise<readonly string[]>;
  /** The project's own code as it was when the plan was compiled. */
  code(plan: string): Promise<GivenCode>;
  /**
   * Runs one step to its end; what happens is in the journal, which is flushed.
   *
   * @throws when the journal can't be written
   */
  run(spec: StepSpec, options: { readonly journal: Journal; readonly definitions: DefinitionSource; readonly environment: EnvironmentCheck; readonly signal: AbortSignal; /** Declared environment variables as the driver has them; as they were when the host was opened by default. */ readonly env?: Readonly<Record<string, string>> | undefined; /** Told of every line that the step prints. */ readonly onLine?: ((line: LogLine) => void) | undefined }): Promise<StepOutcome>;
  close(): Promise<void>;
}

/**
 * What is made of an environment that is not the plan's. `refuse`: the step fails, for whoever made the environment can make another.
 * `watch`: its result gets no key. `ignore`: nothing is kept anyhow.
 */
export type EnvironmentCheck = "refuse" | "watch" | "ignore";

/**
 * @param dir the project's root or a bundle's folder: packages are found from there
 * @param options `elsewhere`: whether there is nothing of the project, see `ComponentContext`; `secrets`: values that came from the driver
 */
export async function openStepHost(snapshot: StackSnapshot, dir: string, stateDir: string, scratchDir: string, { elsewhere = false, secrets }: { readonly elsewhere?: boolean | undefined; readonly secrets?: Readonly<Record<string, string>> | undefined } = {}): Promise<StepHost> {
  const stack: Stack = openStack(snapshot, projectPlugins(dir, undefined, { names: Object.keys(snapshot.plugins) }), { projectDir: dir, stateDir, elsewhere }, secrets);
  await stack.knowSecrets();
  const store = await stack.artifactStore();
  const { store: watched, during } = abortable(store);
  const layered = layers(contentSpace(watched), [], scratchDir);
  const { content, artifacts } = layered;
  const plans = new Map<string, Promise<Plan>>();
  const environments = new Map<string, PlanEnvironment>();
  const first = { ...process.env };
  const capture = consoleCapture({ hide: (text) => stack.secrets.redactor.text(text) });
  const plan = (digest: string) => {
    let found = plans.get(digest);
    if (found === undefined) plans.set(digest, (found = content.read(digest).then((bytes) => readPlan(bytes, digest, { foreign: elsewhere }))));
    return found;
  };

  async function find(spec: StepSpec): Promise<{ document: Plan; node: PlanStepNode; step: PlanStep }> {
    const document = await plan(spec.plan);
    const name = spec.node.split("@", 1)[0];
    const node = [...everyPlanNode(document.nodes)].filter(isStepNode).find((n) => n.id === name);
    if (node === undefined) throw new MlstackError("MLS1012", `the plan ${spec.plan} has no step "${spec.node}"`);
    return { document, node, step: document.steps[node.step]! };
  }

  function watchEnvironment(spec: StepSpec, document: Plan, step: PlanStep, how: EnvironmentCheck): LoadCheck | undefined {
    if (how === "ignore") return undefined;
    let environment = environments.get(spec.plan);
    if (environment === undefined) environments.set(spec.plan, environment = planEnvironment(document, dir, stateDir));
    if (how === "refuse") environment.verify(step);
    return environment.watch(step);
  }

  async function taskOf(spec: StepSpec, { definitions, environment, env }: Pick<Parameters<StepHost["run"]>[1], "definitions" | "environment" | "env">): Promise<StepTask> {
    const { document, node, step } = await find(spec);
    // before anything of the step is loaded
    const check = watchEnvironment(spec, document, step, environment);
    const data: Record<string, StepTask["data"][string]> = {};
    for (const [param, pointer] of Object.entries(spec.data)) {
      const opened = await pointedData(pointer, { projectDir: dir, indexPath: join(stateDir, "data.json"), content, store, scratch: scratchDir });
      data[param] = { open: () => opened };
    }
    return {
      spec, ordinal: spec.ordinal, pipeline: document.pipeline.name, node, step, data, liveParams: undefined, definition: await definitions.get(step),
      check, env: Object.fromEntries(step.options.env.map((name) => [name, (env ?? first)[name]])),
      key: stepKey(step, node, spec, (component) => componentFingerprint(snapshot, component)),
    };
  }

  return {
    store, plan, redactor: stack.secrets.redactor,
    async declaredEnv(spec) { const { step } = await find(spec); return step.options.env; },
    async code(digest) { return planCode((await plan(digest)).bundle, content, realpathSync.native(dir)); },
    async run(spec, { journal, signal, onLine, ...options }) {
      const tracker = spec.trackedRun === null ? undefined : await stack.tracker();
      const link = tracker === undefined || spec.trackedRun === null ? undefined : stepTrackerLink(tracker, spec.trackedRun, { open: (sha256) => content.stream(sha256), signal });
      const { os, arch, libc } = platformOf();
      const task = await failing(spec, journal, stack, () => taskOf(spec, options));
      if ("status" in task) return task;
      const io: StepIo = {
        content, artifacts, during, capture, journal, redactor: stack.secrets.redactor, actions: spec.cache.store ? actionSpace(store, spec.cache.domain) : null, scratchDir, filesDir: dir,
        async track(events) {
          if (link !== undefined) return link.send(events);
          journal.tracked?.(events);
          return 0;
        },
        component: (name) => stack.component(name), onLog: (_node, _attempt, line) => onLine?.(line), faults: { at: () => undefined }, now: Date.now, platform: [os, arch, ...(libc === null ? [] : [libc])].join("-"),
      };
      try { return await runStep(task, io, signal); } finally {
        for (const text of link?.end() ?? []) journal.log(spec.runId, spec.node, spec.attempt, { time: Date.now(), stream: "stderr", text: stack.secrets.redactor.text(text) });
        await journal.flush();
      }
    },
    async close() {
      capture.close();
      await stack.dispose();
    },
  };
}

/** What prevents a step from being started is that step's failure, and has to reach its journal. */
async function failing<T>(spec: StepSpec, journal: Journal, { secrets }: Pick<Stack, "secrets">, work: () => Promise<T>): Promise<T | StepOutcome> {
  const time = Date.now();
  try { return await work(); } catch (e) {
    const base = { run: spec.runId, ordinal: spec.ordinal, node: spec.node, attempt: spec.attempt } as const;
    const error = secrets.redactor.data(serializeError(e));
    journal.append({ kind: "step-started", ...base, time, spec: withoutStack(spec) });
    journal.append({ kind: "step-ended", ...base, startedAt: time, time: Date.now(), status: "failed", key: null, parts: null, cache: { state: "none" }, outputs: {}, error, tracker: [], ...(spec.willRetry && { retried: true }) });
    await journal.flush();
    return { status: "failed", error };
  }
}
