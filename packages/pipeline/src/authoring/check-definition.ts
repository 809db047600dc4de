import { didYouMean, isDataParam, nameList, predictorDefinitionOf, type ArtifactType, type MlstackError, type StepOptions } from "@mlstack/core";
import { describe } from "./arguments.ts";

/** Makes the error for something that an author wrote. */
export type Invalid = (message: string, fix: string) => MlstackError;

/** What a step and, as defaults, a pipeline may set. */
const OPTION_NAMES = ["cache", "cacheVersion", "retry", "timeoutMs", "resources", "env", "files", "settings", "tags"] as const satisfies readonly (keyof StepOptions)[];
export const STEP_KEYS: readonly string[] = ["name", "description", "inputs", "params", "outputs", "output", "requires", "uses", "serves", "hooks", "run", ...OPTION_NAMES];
export const PIPELINE_KEYS: readonly string[] = ["name", "description", "params", "hooks", "schedule", "runName", "build", ...OPTION_NAMES];

const isRecord = (v: unknown): v is Readonly<Record<string, unknown>> => typeof v === "object" && v !== null && !Array.isArray(v);
const isNumber = (v: unknown): v is number => typeof v === "number" && Number.isFinite(v);

/** @throws what `invalid` makes, for what is no plain object or has a key that nobody reads: a typo would be a setting that is not heeded */
export function checkKeys(what: string, value: unknown, known: readonly string[], invalid: Invalid): void {
  if (!isRecord(value)) throw invalid(`${what} is ${describe(value)}`, `write it as an object with ${nameList(known)}`);
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const near = didYouMean(key, known);
    throw invalid(`${what} has ${JSON.stringify(key)}, which is not known`, near === undefined ? `leave it out; known are ${nameList(known, 20)}` : `write ${near}`);
  }
}

/** @throws what `invalid` makes, when a declared name does not hold an artifact type */
export function checkPorts(what: string, ports: unknown, invalid: Invalid): void {
  if (!isRecord(ports)) throw invalid(`${what} is ${describe(ports)}`, `write ${what}: { name: json(z.number()) }`);
  for (const [name, type] of Object.entries(ports)) {
    const { format, codec } = (type ?? {}) as Partial<ArtifactType<unknown>>;
    if (typeof format === "string" && typeof codec?.save === "function") continue;
    throw invalid(`"${name}" of ${what} is ${describe(type)}, not an artifact type`, `declare it like ${name}: json(z.number())`);
  }
}

/** @throws what `invalid` makes, when a parameter is declared by its value or its type's name */
export function checkParams(params: unknown, invalid: Invalid): void {
  if (!isRecord(params)) throw invalid(`params is ${describe(params)}`, "write params: { n: z.number() }");
  for (const [name, spec] of Object.entries(params)) {
    if (isDataParam(spec) || typeof (spec as { safeParse?: unknown } | null | undefined)?.safeParse === "function") continue;
    throw invalid(`the parameter "${name}" is declared as ${describe(spec)}, which is no schema`, `write ${name}: ${schemaFor(spec)}`);
  }
}

function schemaFor(given: unknown): string {
  const word = typeof given === "string" && ["number", "string", "boolean"].includes(given) ? given : undefined;
  if (word !== undefined) return `z.${word}()`;
  if (typeof given === "number" || typeof given === "boolean" || typeof given === "string") return `z.${typeof given}().default(${JSON.stringify(given)})`;
  return "z.number(), or another schema of zod";
}

/** @throws what `invalid` makes, for an option whose value does not mean what its author thinks */
export function checkOptions(options: StepOptions, invalid: Invalid): void {
  const { cache, cacheVersion, retry, timeoutMs, resources, env, files, settings, tags } = options as Readonly<Record<keyof StepOptions, unknown>>;
  const wrong = (name: string, value: unknown, fix: string) => invalid(`${name} is ${describe(value)}`, fix);
  if (cache !== undefined && typeof cache !== "boolean") throw wrong("cache", cache, "write cache: false, or leave it out");
  if (cacheVersion !== undefined && typeof cacheVersion !== "string") throw wrong("cacheVersion", cacheVersion, 'write cacheVersion: "2"');
  if (timeoutMs !== undefined && !(isNumber(timeoutMs) && timeoutMs > 0)) throw wrong("timeoutMs", timeoutMs, "write milliseconds, such as timeoutMs: 5000");
  if (retry !== undefined) checkRetry(retry, invalid);
  if (resources !== undefined) checkResources(resources, invalid);
  for (const [name, value] of Object.entries({ env, files, tags })) {
    if (value !== undefined && !(Array.isArray(value) && value.every((v) => typeof v === "string" && v !== ""))) throw wrong(name, value, `write ${name}: ["…"]`);
  }
  if (settings !== undefined && !(isRecord(settings) && Object.values(settings).every(isRecord))) throw wrong("settings", settings, "write settings: { flavor: { … } }");
}

const HOOK_NAMES = ["onStart", "onSuccess", "onFailure"];

/** @throws what `invalid` makes, for a hook that nobody would call */
export function checkHooks(hooks: unknown, invalid: Invalid): void {
  if (hooks === undefined) return;
  checkKeys("hooks", hooks, HOOK_NAMES, invalid);
  for (const [name, hook] of Object.entries(hooks as object)) {
    if (hook !== undefined && typeof hook !== "function") throw invalid(`${name} of hooks is ${describe(hook)}`, `write hooks: { ${name}: ({ run }) => { … } }`);
  }
}

function checkRetry(retry: unknown, invalid: Invalid): void {
  const fix = "write retry: { attempts: 3 }";
  if (!isRecord(retry)) throw invalid(`retry is ${describe(retry)}`, fix);
  checkKeys("retry", retry, ["attempts", "delayMs", "backoff"], invalid);
  const { attempts, delayMs, backoff } = retry;
  if (!Number.isSafeInteger(attempts) || (attempts as number) < 1) throw invalid(`attempts of retry is ${describe(attempts)}`, "write how often it is started at most, the first time included: retry: { attempts: 3 }");
  if (delayMs !== undefined && !(isNumber(delayMs) && delayMs >= 0)) throw invalid(`delayMs of retry is ${describe(delayMs)}`, "write milliseconds, such as delayMs: 1000");
  if (backoff !== undefined && !(isNumber(backoff) && backoff > 0)) throw invalid(`backoff of retry is ${describe(backoff)}`, "write what the delay is multiplied with, such as backoff: 2");
}

function checkResources(resources: unknown, invalid: Invalid): void {
  checkKeys("resources", resources, ["cpu", "memory", "gpu"], invalid);
  const { cpu, memory, gpu } = resources as Readonly<Record<string, unknown>>;
  if (cpu !== undefined && !(isNumber(cpu) && cpu > 0)) throw invalid(`cpu of resources is ${describe(cpu)}`, "write cores, such as cpu: 2");
  if (memory !== undefined && !(isNumber(memory) && memory > 0)) throw invalid(`memory of resources is ${describe(memory)}`, "write bytes, such as memory: 4e9");
  if (gpu === undefined) return;
  checkKeys("gpu of resources", gpu, ["count", "type"], invalid);
  const { count, type } = gpu as Readonly<Record<string, unknown>>;
  if (!Number.isSafeInteger(count) || (count as number) < 0) throw invalid(`count of gpu is ${describe(count)}`, "write gpu: { count: 1 }");
  if (type !== undefined && typeof type !== "string") throw invalid(`type of gpu is ${describe(type)}`, 'write gpu: { count: 1, type: "a100" }');
}

/** @throws what `invalid` makes, for components that are named in a way that nobody reads */
export function checkComponents(requires: unknown, uses: unknown, invalid: Invalid): void {
  if (!isRecord(requires)) throw invalid(`requires is ${describe(requires)}`, "write requires: { modelDeployer: true }");
  for (const [name, wanted] of Object.entries(requires)) {
    if (wanted !== true && (typeof wanted !== "string" || wanted === "")) throw invalid(`"${name}" of requires is ${describe(wanted)}`, `write ${name}: true, or the component's name`);
  }
  if (!isRecord(uses)) throw invalid(`uses is ${describe(uses)}`, 'write uses: { modelDeployer: "optional" }');
  for (const [name, use] of Object.entries(uses)) {
    if (use !== "optional" && !(isRecord(use) && use["cache"] === "by-component" && Object.keys(use).length === 1)) throw invalid(`"${name}" of uses is ${describe(use)}`, `write ${name}: "optional", or ${name}: { cache: "by-component" }`);
  }
}

const SERVABLE_KINDS: readonly unknown[] = ["predictor", "format", "image"];

/** @throws what `invalid` makes, for what is said to be served and can't be */
export function checkServes(serves: unknown, inputs: Readonly<Record<string, ArtifactType<unknown>>>, components: object, invalid: Invalid): void {
  if (serves === undefined) return;
  const fix = 'write serves: { model: delays }, where delays is a predictor(), or serves: { model: "format" }';
  if (!isRecord(serves) || Object.keys(serves).length === 0) throw invalid(`serves is ${describe(serves)}`, fix);
  checkKeys("serves", serves, Object.keys(inputs), invalid);
  for (const [name, served] of Object.entries(serves)) {
    const predictor = predictorDefinitionOf(served);
    if (predictor === undefined && !SERVABLE_KINDS.includes(served)) throw invalid(`"${name}" of serves is ${describe(served)}`, fix);
    const { reads } = inputs[name]!.codec;
    if (predictor !== undefined && !reads.some((format) => predictor.model.codec.reads.includes(format))) throw invalid(`the predictor of serves reads ${predictor.model.codec.reads.join(", ")}, and the input "${name}" is ${reads.join(", ")}`, "declare the predictor's model as the input is declared");
  }
  if (!("modelDeployer" in components)) throw invalid("it says what it serves, and asks for no deployer", 'add uses: { modelDeployer: "optional" }, or requires: { modelDeployer: true }');
}
