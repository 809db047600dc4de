import { MlstackError, STEP, type ArtifactType, type StepCallOptions, type StepDefinition, type StepHooks, type StepInvocation, type StepOptions, type StepServes, CONTEXT_NAMES } from "@mlstack/core";
import { announce } from "./announce.ts";
import { describe, stepArguments } from "./arguments.ts";
import { currentGraph } from "./build-scope.ts";
import { callOptions, presetOptions } from "./call-options.ts";
import { callSite } from "./call-site.ts";
import { checkComponents, checkKeys, checkHooks, checkOptions, checkParams, checkPorts, checkServes, STEP_KEYS, type Invalid } from "./check-definition.ts";
import { guardComponents } from "./guard-components.ts";
import type { CallResult, None, OneForm, Params, Ports, Requires, Step, StepSpec, Uses } from "./types.ts";

/**
 * Defines a step: typed inputs and outputs, parameters, and the code that runs.
 *
 * Give it a top-level export of its own (`export const train = step({ … })`): that export is its identity, by which it is found
 * elsewhere and cached.
 *
 * @throws MLS1008 when the definition is invalid
 * @example
 * export const square = step({ name: "square", params: { n: z.number() }, output: json(z.number()), run: ({ params }) => params.n ** 2 });
 */
export function step<
  const I extends Ports = None, const P extends Params = None, const O extends Ports = None, const A extends ArtifactType<unknown> | undefined = undefined,
  const R extends Requires = None, const U extends Uses = None,
>(spec: StepSpec<I, P, O, A, R, U> & OneForm<A>): Step<I, P, CallResult<O, A>> {
  // from here on the step is data: the types above have done their work
  return callable(announce(defineStep(spec as unknown as LooseSpec, callSite()))) as unknown as Step<I, P, CallResult<O, A>>;
}

interface LooseSpec extends StepOptions {
  readonly name: string;
  readonly inputs?: Ports; readonly params?: Params; readonly outputs?: Ports; readonly output?: ArtifactType<unknown>;
  readonly requires?: Requires; readonly uses?: Uses; readonly serves?: Readonly<Record<string, StepServes>>; readonly hooks?: StepHooks | undefined;
  run(context: never): unknown;
}

function defineStep(spec: LooseSpec, site: StepDefinition["site"]): StepDefinition {
  const named = (typeof spec === "object" && spec !== null ? (spec.name as unknown) : undefined) === undefined ? "a step" : `the step ${describe(spec.name)}`;
  const invalid: Invalid = (message, fix) => new MlstackError("MLS1008", `${named} is invalid: ${message}`, { fix });
  if (typeof spec !== "object" || spec === null) throw invalid(`step() was called with ${spec === undefined ? "nothing" : describe(spec)}`, 'write step({ name: "train", output: json(z.number()), run() { … } })');
  checkKeys("it", spec, STEP_KEYS, invalid);
  if (typeof spec.name !== "string" || !/^[A-Za-z][A-Za-z0-9_-]{0,127}$/.test(spec.name)) throw invalid("its name must begin with a letter and hold letters, digits, _ and - only", 'give it a plain name: name: "train"');
  if (typeof spec.run !== "function") throw invalid("it has no run function", "add run({ inputs, params }) { … }");
  if (spec.output !== undefined && spec.outputs !== undefined) throw invalid("it has both output and outputs", "use output for a single result, outputs for several");
  const { name, inputs = {}, params = {}, requires = {}, uses = {}, run } = spec;
  const outputs = spec.output === undefined ? (spec.outputs ?? {}) : { output: spec.output };
  checkPorts("inputs", inputs, invalid);
  checkPorts("outputs", outputs, invalid);
  checkParams(params, invalid);
  checkComponents(requires, uses, invalid);
  checkServes(spec.serves, inputs, { ...requires, ...uses }, invalid);
  checkOptions(spec, invalid);
  checkHooks(spec.hooks, invalid);
  for (const [name, type] of Object.entries(outputs)) if (type.optional) throw invalid(`its output "${name}" is optional`, "leave optional(…) to inputs: a step returns all that it declares, and whether it runs is said by when()");
  for (const key of Object.keys(params)) if (Object.hasOwn(inputs, key)) throw invalid(`"${key}" is both an input and a parameter`, "rename one of them");
  const single = spec.output !== undefined;
  const { cache, cacheVersion, retry, timeoutMs, resources, env, files, settings, tags, hooks, serves } = spec;
  return {
    [STEP]: 1, name, language: "node", inputs, params, outputs, single, requires, uses, site, ...(serves !== undefined && { serves: { ...serves } }), ...(hooks !== undefined && { hooks: { ...hooks } }),
    options: { cache, cacheVersion, retry, timeoutMs, resources, env, files, settings, tags },
    invoke: async (context) => results(name, outputs, single, await (run as (c: unknown) => unknown)(userContext(context, requires, uses, name))),
  };
}

/** The context in the form in which authors get it: components under their own names. */
function userContext({ components, ...context }: StepInvocation, requires: Requires, uses: Uses, name: string): unknown {
  const handles: Record<string, unknown> = {};
  for (const key of [...Object.keys(requires), ...Object.keys(uses)]) {
    if (key === "experimentTracker") continue;
    handles[(CONTEXT_NAMES as Record<string, string>)[key] ?? key] = components[key];
  }
  return guardComponents({ ...context, ...handles }, name);
}

function results(name: string, outputs: Ports, single: boolean, result: unknown): Record<string, unknown> {
  if (single) return { output: result };
  const declared = Object.keys(outputs);
  const bad = (message: string, fix: string) => new MlstackError("MLS1009", `the step "${name}" ${message}`, { why: "what run returns must match the declared outputs", fix, details: { step: name, outputs: declared } });
  if (declared.length === 0) {
    if (result !== undefined && result !== null) throw bad("returned a result, but declares no output", "declare output: or outputs:, or return nothing");
    return {};
  }
  if (typeof result !== "object" || result === null) throw bad(`returned ${result === null ? "null" : typeof result}`, `return { ${declared.join(", ")} }`);
  const missing = declared.filter((o) => (result as Record<string, unknown>)[o] === undefined && !Object.hasOwn(result, o));
  if (missing.length > 0) throw bad(`did not return ${missing.join(", ")}`, `return { ${declared.join(", ")} }`);
  const extra = Object.keys(result).filter((o) => !Object.hasOwn(outputs, o));
  if (extra.length > 0) throw bad(`returned ${extra.join(", ")}, which it does not declare`, `declare outputs: { ${extra.join(", ")} }, or leave it out`);
  return { ...(result as Record<string, unknown>) };
}

/**
 * The function that a build calls, from a definition; also for steps of other languages.
 *
 * @param preset what calls are made with, where they do not say otherwise
 */
export function callable(definition: StepDefinition, preset: StepCallOptions = {}): Step<Ports, Params, unknown> {
  const call = (args: unknown = {}, options: unknown = {}, ...more: readonly unknown[]) => currentGraph(`the step "${definition.name}"`).call(definition, stepArguments(definition, args, more), callOptions(definition, preset, options));
  return Object.assign(call, { stepName: definition.name, definition, with: (options: StepCallOptions) => callable(definition, presetOptions(definition, preset, options)) });
}
