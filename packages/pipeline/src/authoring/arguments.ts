import { didYouMean, isDataParam, MlstackError, nameList, type DataParam, type DataRef, type ParamSpec, type StepDefinition } from "@mlstack/core";
import { refTarget } from "./refs.ts";

/** Parses parameters and fills in defaults; external data becomes a `DataRef`. */
export function parseParams(specs: Readonly<Record<string, ParamSpec>>, given: Readonly<Record<string, unknown>>, owner: string, otherNames: readonly string[] = []): Record<string, unknown> {
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(specs, key) || otherNames.includes(key)) continue;
    const near = didYouMean(key, Object.keys(specs));
    throw new MlstackError("MLS1005", `${owner} has no parameter "${key}"`, {
      why: Object.keys(specs).length === 0 ? "it has no parameters" : `its parameters are ${nameList(Object.keys(specs))}`, fix: near === undefined ? `leave ${key} out` : `write ${near}`, details: { owner, parameter: key, known: Object.keys(specs) },
    });
  }
  const parsed: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(specs)) {
    refuseRefs(given[name], name, owner);
    parsed[name] = isDataParam(spec) ? dataRef(spec, given[name], name, owner) : parseOne(spec, given[name], name, owner);
  }
  return parsed;
}

/** A schema such as z.any() would take an output for a value. */
function refuseRefs(value: unknown, name: string, owner: string, seen = new Set<unknown>()): void {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  const target = refTarget(value);
  if (target === undefined) {
    if (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype) for (const part of Object.values(value)) refuseRefs(part, name, owner, seen);
    return;
  }
  throw new MlstackError("MLS1004", `the parameter "${name}" of ${owner} was given the output "${target.node}.${target.output}"`, {
    why: "a parameter is known before the run, an output is not", fix: `declare ${name} under inputs`, details: { parameter: name, node: target.node, output: target.output },
  });
}

function parseOne(spec: Exclude<ParamSpec, DataParam>, value: unknown, name: string, owner: string): unknown {
  const result = runs(`the schema of the parameter "${name}" of ${owner}`, () => spec.safeParse(value));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = [name, ...(issue?.path ?? [])].join(".");
  throw new MlstackError("MLS1005", `the parameter "${path}" of ${owner} is ${describe(value)}: ${issue?.message ?? "not accepted"}`, {
    why: "it must satisfy the schema that it is declared with", fix: value === undefined ? `give ${name}, or declare a default` : `give another value for ${name}`,
    details: { owner, parameter: path, ...expectedOf(issue as Readonly<Record<string, unknown>> | undefined), issues: result.error.issues.map((i) => `${i.path.join(".")}: ${i.message}`) },
  });
}

/** Runs an author's code. What it throws is no fault of ours: it is said whose code failed, and the cause has the place. */
export function runs<T>(what: string, work: () => T): T {
  try { return work(); } catch (e) {
    if (MlstackError.is(e)) throw e;
    throw new MlstackError("MLS1016", `${what} failed: ${e instanceof Error ? `${e.name}: ${e.message}` : describe(e)}`, { why: "it runs whenever the pipeline is compiled, before any step", fix: "mend it there, or do the work in a step", cause: e });
  }
}

/** What would have been taken, in a word: a type's name, or the values with `|` between. */
function expectedOf(issue: Readonly<Record<string, unknown>> | undefined): { expected?: string } {
  const { expected, values } = (issue ?? {}) as { expected?: unknown; values?: unknown };
  return typeof expected === "string" ? { expected } : Array.isArray(values) ? { expected: values.map(String).join("|") } : {};
}

function dataRef(spec: DataParam, value: unknown, name: string, owner: string): DataRef {
  const uri = value === undefined ? spec.defaultUri : value instanceof URL ? value.href : typeof value === "object" && value !== null ? (value as Partial<DataRef>).uri : value;
  if (typeof uri === "string" && uri !== "") return { uri };
  throw new MlstackError("MLS1005", `the parameter "${name}" of ${owner} is ${describe(value)}: expected a path or URI`, { fix: `give ${name} as a path or URI, or declare a default`, details: { owner, parameter: name, expected: "path" } });
}

/** The error for an argument that a step does not declare. */
export function unknownArgument(step: StepDefinition, key: string): MlstackError {
  const known = [...Object.keys(step.inputs), ...Object.keys(step.params)];
  const near = didYouMean(key, known);
  return new MlstackError("MLS1002", `the step "${step.name}" has no input or parameter "${key}"`, {
    why: `it takes ${nameList(known)}`, fix: near === undefined ? `leave ${key} out, or declare it` : `write ${near}`, details: { step: step.name, argument: key, known },
  });
}

/** What a step was called with, if it is an object of arguments. */
export function stepArguments(step: StepDefinition, args: unknown, more: readonly unknown[]): Readonly<Record<string, unknown>> {
  const fix = `write ${step.name}({ ${[...Object.keys(step.inputs), ...Object.keys(step.params)].map((name) => `${name}: …`).join(", ")} })`.replace("({  })", "()");
  if (more.length > 0) throw new MlstackError("MLS1002", `the step "${step.name}" was called with ${more.length + 2} arguments`, { why: "it takes its inputs and parameters as one object, and options as a second", fix });
  const isPlain = typeof args === "object" && args !== null && !Array.isArray(args) && refTarget(args) === undefined;
  if (isPlain) return args as Readonly<Record<string, unknown>>;
  throw new MlstackError("MLS1002", `the step "${step.name}" was called with ${describe(args)}`, { why: "it takes its inputs and parameters as one object", fix });
}

/** A value in a few words. */
export function describe(v: unknown): string {
  if (v === undefined) return "missing";
  if (v === null || typeof v === "number" || typeof v === "boolean" || typeof v === "bigint") return String(v);
  if (typeof v === "string") return JSON.stringify(v.length > 60 ? `${v.slice(0, 57)}...` : v);
  if (Array.isArray(v)) return `an array of ${v.length}`;
  if (refTarget(v) !== undefined) return "the output of a step";
  return typeof v === "object" ? `an object of class ${v.constructor?.name ?? "none"}` : `a ${typeof v}`;
}
