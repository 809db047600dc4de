import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MlstackError, nameList, stepDefinitionOf, type ArtifactHandle, type ArtifactType, type ComponentTypes, type JsonObject, type StepComponents, type StepDefinition } from "@mlstack/core";
import type { ParamInputs, Params, Ports, PortValues, Ref, Step } from "@mlstack/pipeline";
import type { ComponentSource } from "./memory/memory-stack.ts";
import { testComponents, type TestStackSpec } from "./test-components.ts";
import { testFiles, type StoredValue } from "./files/stored-value.ts";
import { testParams } from "./test-params.ts";
import { testTracker, type TestTracker } from "./test-tracker.ts";

/** The values of a step's inputs. */
export type InputsOf<S> = S extends Step<infer I extends Ports, infer _P, infer _R> ? PortValues<I> : never;
/** A step's parameters as a caller gives them. */
export type ParamsOf<S> = S extends Step<infer _I, infer P extends Params, infer _R> ? ParamInputs<P> : never;
type ResultOf<S> = S extends Step<infer _I, infer _P, infer R> ? R : never;
/** The values of a step's outputs by name; `output` for the short form. */
export type OutputsOf<S> = ResultOf<S> extends Ref<infer T> ? { readonly output: T } : { readonly [K in keyof ResultOf<S>]: ResultOf<S>[K] extends Ref<infer T> ? T : never };

/** Components of types that packages bring. */
type NamespacedComponents = { readonly [T in keyof ComponentTypes as T extends `${string}.${string}` ? T : never]: ComponentTypes[T] };

/** What a step is tested with. */
export type StepTest<S> = {
  /**
   * Where the components come from that the step requires or uses: `memoryStack()`, or a stack of the project that the tests run in, by its name, its file or its spec,
   * whose components are then made by their plugins.
   */
  readonly stack?: string | TestStackSpec | ComponentSource | undefined;
  /** Stand-ins of yours, by the components' names in the step. They go before the stack's. */
  readonly components?: (Readonly<Partial<StepComponents & NamespacedComponents>> & Readonly<Record<string, object | undefined>>) | undefined;
  /** Aborted, where the step is to be told to stop. */
  readonly signal?: AbortSignal | undefined;
} & Given<"inputs", InputsOf<S>> & Given<"params", ParamsOf<S>>;

type Nothing = { readonly [K in string]?: never };
type Given<K extends string, T> = Nothing extends T ? { readonly [N in K]?: T } : { readonly [N in K]: T };
type Args<S> = StepTest<S> extends infer T ? (object extends T ? [test?: T] : [test: T]) : never;

/** What a step has done. */
export interface StepTestResult<S> {
  /** As the next step would get them: saved and read back by their codecs. */
  readonly outputs: OutputsOf<S>;
  /** What it said by `log`. */
  readonly logs: readonly string[];
  /** What it said by `tracker`. */
  readonly tracked: TestTracker;
  /** Of each output: what its codec tells of the value, and what the step has added. */
  readonly metadata: Readonly<Record<keyof OutputsOf<S> & string, JsonObject>>;
}

/**
 * Runs a step once, by itself: no cache, no records, no stack but the one that is given for its components. Inputs are values; they are saved and read back by their codecs before the step
 * gets them, and so are its outputs afterwards, so what a format can't hold fails here as it would in a run.
 *
 * Parameters are parsed by their schemas, defaults included. Of external data give a path, from the working folder.
 *
 * @throws what the step throws, as it is; MLS1003 for a missing input, MLS1005 for a bad parameter, MLS1009 for outputs other than declared,
 * MLS3006, MLS3007 for values that their format can't hold, MLS4004 for a required component that nobody gives; what opening a stack throws
 * @example
 * const { outputs, tracked } = await testStep(summarize, { inputs: { values: [0, 1, 4] } });
 * expect(outputs.largest).toBe(4);
 */
export async function testStep<S extends AnyStep>(step: S, ...[test]: Args<S>): Promise<StepTestResult<S>> {
  // from here on it is data: the types above have done their work
  const { inputs = {}, params = {}, components = {}, stack, signal = new AbortController().signal } = (test ?? {}) as unknown as { [K in "inputs" | "params"]?: Readonly<Record<string, unknown>> } & Pick<StepTest<S>, "components" | "signal" | "stack">;
  const definition = stepDefinitionOf(step);
  if (definition === undefined) throw new MlstackError("MLS1008", "testStep was given something that is no step", { fix: "give it what step({ … }) returned" });
  const handed = await testComponents(definition, components, stack);
  const folder = await mkdtemp(join(tmpdir(), "mlstack-test-"));
  try {
    const files = testFiles(folder);
    const tracker = testTracker();
    const logs: string[] = [];
    const added = new Map<string, JsonObject>();
    const loaded = await inputsOf(definition, inputs, files);
    const values = await definition.invoke({
      inputs: Object.fromEntries(Object.entries(loaded).map(([port, { value }]) => [port, value])),
      artifacts: Object.fromEntries(Object.entries(loaded).map(([port, { handle }]): [string, ArtifactHandle] => [port, handle])),
      params: await testParams(definition, params), signal, tracker: tracker.tracker, components: handed.components,
      run: { id: "test", pipeline: "test", node: definition.name, attempt: 1 },
      async scratch() { const own = join(folder, "scratch"); await mkdir(own, { recursive: true }); return own; },
      log: (message) => { logs.push(String(message)); },
      metadata(output, facts) {
        if (!Object.hasOwn(definition.outputs, output)) throw new MlstackError("MLS1009", `metadata was given for "${output}", which is not an output of "${definition.name}"`, { fix: `name one of: ${nameList(Object.keys(definition.outputs))}` });
        added.set(output, { ...added.get(output), ...facts });
      },
    });
    const outputs: Record<string, unknown> = {};
    const metadata: Record<string, JsonObject> = {};
    for (const [name, type] of Object.entries(definition.outputs)) {
      const stored = await through(files, type, values[name], `the output "${name}" of the step "${definition.name}" can't be stored as`);
      outputs[name] = stored.value;
      metadata[name] = { ...stored.metadata, ...added.get(name) };
    }
    return { outputs: outputs as OutputsOf<S>, logs, tracked: tracker.tracked, metadata: metadata as StepTestResult<S>["metadata"] };
  } finally {
    await handed.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Any step: its own types are read from it. */
interface AnyStep { (...args: never[]): unknown; readonly stepName: string; readonly definition: StepDefinition }

type Files = ReturnType<typeof testFiles>;

async function inputsOf(step: StepDefinition, given: Readonly<Record<string, unknown>>, files: Files): Promise<Record<string, StoredValue>> {
  for (const name of Object.keys(given)) if (!Object.hasOwn(step.inputs, name)) throw new MlstackError("MLS1002", `the step "${step.name}" has no input "${name}"`, { why: `its inputs are ${nameList(Object.keys(step.inputs))}`, fix: `leave ${name} out, or give it as a parameter: params: { ${name} }` });
  const loaded: Record<string, StoredValue> = {};
  for (const [port, type] of Object.entries(step.inputs)) {
    const value = given[port];
    if (value === undefined && type.optional === true) continue;
    if (value === undefined) throw new MlstackError("MLS1003", `the input "${port}" of the step "${step.name}" is missing`, { why: `it takes a ${type.format}`, fix: `give a value: inputs: { ${port}: … }` });
    loaded[port] = await through(files, type, value, `the input "${port}" of the step "${step.name}" can't be stored as`);
  }
  return loaded;
}

/** What codecs say of a value, and can't say of which. */
const ABOUT_VALUES: ReadonlySet<string> = new Set(["MLS1009", "MLS3006", "MLS3007", "MLS3008", "MLS3009"]);

async function through(files: Files, type: ArtifactType<unknown>, value: unknown, what: string): Promise<StoredValue> {
  try { return await files.through(type, value); } catch (e) {
    if (!MlstackError.is(e) || !ABOUT_VALUES.has(e.code)) throw e;
    throw new MlstackError(e.code, `${what} ${type.format}: ${e.message}`, { why: e.why, fix: e.fix, details: e.details, cause: e });
  }
}
