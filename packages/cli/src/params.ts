import { isAbsolute, relative, resolve } from "node:path";
import { didYouMean, isDataParam, MlstackError, nameList, type ParamSpec } from "@mlstack/core";
import { findProject, type RunConfigFile } from "@mlstack/engine";
import type { PipelineDefinition } from "@mlstack/pipeline";

/**
 * Reads `--param name=value` for a pipeline: the value as JSON where its schema takes that, else as text, else as a date. A path of
 * external data is meant from the working folder, as every path on a command line; paths in code are meant from the project.
 *
 * @throws MLS7001 when there is no `=` or a name is given twice; MLS1005 for an unknown parameter
 */
export function readParams(pairs: readonly string[], pipeline: PipelineDefinition, cwd: string): Record<string, unknown> {
  const params: Record<string, unknown> = {};
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at < 1) throw new MlstackError("MLS7001", `--param ${JSON.stringify(pair)} has no value`, { fix: `write --param ${/^\w+$/.test(pair) ? pair : "name"}=VALUE` });
    const [name, text] = [pair.slice(0, at), pair.slice(at + 1)];
    if (Object.hasOwn(params, name)) throw new MlstackError("MLS7001", `the parameter "${name}" is given twice`, { fix: "give it once" });
    const spec = Object.hasOwn(pipeline.params, name) ? pipeline.params[name] : undefined;
    params[name] = spec === undefined ? text : isDataParam(spec) ? fromProject(text, cwd) : readValue(spec, text);
  }
  return params;
}

function readValue(spec: Exclude<ParamSpec, { readonly kind: unknown }>, text: string): unknown {
  // a schema whose own code fails is told when the pipeline is compiled
  const takes = (value: unknown) => { try { return spec.safeParse(value).success; } catch { return false; } };
  let value: unknown;
  try { value = JSON.parse(text); } catch { value = text; }
  // a text in quotes is a text with quotes, where texts are taken
  if (typeof value === "string" && takes(text)) return text;
  // a schema that takes both, such as z.string() for the text 5, decides by what it was declared as
  return [value, text, ...otherForms(text)].find(takes) ?? value;
}

/** What a text may stand for that JSON and YAML have no form for. */
function otherForms(text: string): unknown[] {
  return [...(/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(Date.parse(text)) ? [new Date(text)] : []), ...(/^-?\d+n?$/.test(text) ? [BigInt(text.replace("n", ""))] : [])];
}

/**
 * The parameters of a configuration file: values as they are, and for what YAML has no form of its own (dates, whole numbers of any size) texts
 * that say it. Paths are meant from the project, as in code.
 *
 * @throws MLS7004 for a name that the pipeline does not have, with the place
 */
export function configParams({ params = {}, invalid }: Pick<RunConfigFile, "params" | "invalid">, pipeline: PipelineDefinition): Record<string, unknown> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => {
    const spec = Object.hasOwn(pipeline.params, name) ? pipeline.params[name] : undefined;
    if (spec === undefined) {
      const known = Object.keys(pipeline.params);
      const near = didYouMean(name, known);
      throw invalid(["params", name], `the pipeline "${pipeline.name}" has no parameter "${name}"`, { why: known.length === 0 ? "it has no parameters" : `its parameters are ${nameList(known)}`, fix: near === undefined ? `leave ${name} out` : `write ${near}` });
    }
    return [name, typeof value === "string" && !isDataParam(spec) ? fromText(spec, value) : value];
  }));
}

function fromText(spec: Exclude<ParamSpec, { readonly kind: unknown }>, text: string): unknown {
  const takes = (value: unknown) => { try { return spec.safeParse(value).success; } catch { return false; } };
  return [text, ...otherForms(text)].find(takes) ?? text;
}

/** A path as it is named from the project; outside of it absolute. A URI stays as it is. */
function fromProject(text: string, cwd: string): string {
  if (/^[A-Za-z][A-Za-z0-9+.-]+:/.test(text) || text === "") return text;
  const path = resolve(cwd, text);
  const short = relative(findProject(cwd).dir, path);
  return short.startsWith("..") || isAbsolute(short) ? path : short === "" ? "." : short.replaceAll("\\", "/");
}

/** The error for what a configuration file says, with the place; any other as it is. */
export function forConfig(e: unknown, config: RunConfigFile | undefined, given: Readonly<Record<string, unknown>>): unknown {
  if (config === undefined || !MlstackError.is(e)) return e;
  const { step, parameter, owner } = e.details ?? {};
  if (e.code === "MLS1018" && typeof step === "string" && config.steps !== undefined && Object.hasOwn(config.steps, step)) return config.invalid(["steps", step], e.message, { why: e.why, fix: e.fix });
  if (e.code !== "MLS1005" || typeof owner !== "string" || !owner.startsWith("the pipeline ") || typeof parameter !== "string") return e;
  const [name = "", ...inner] = parameter.split(".");
  if (config.params !== undefined && Object.hasOwn(config.params, name) && !Object.hasOwn(given, name)) return config.invalid(["params", name, ...inner], e.message, { why: e.why });
  return e;
}

/** The error for a parameter, with the fix as it is typed on a command line. */
export function forCommandLine(e: unknown, { name, params }: PipelineDefinition): unknown {
  if (!MlstackError.is(e, "MLS1005") || e.details?.["owner"] !== `the pipeline "${name}"`) return e;
  const { parameter, expected } = e.details;
  const known = typeof parameter === "string" && Object.hasOwn(params, parameter.split(".", 1)[0]!);
  const kind = typeof expected !== "string" ? "VALUE" : ({ number: "NUMBER", int: "NUMBER", bigint: "NUMBER", string: "TEXT", boolean: "true|false", date: "YYYY-MM-DD", path: "PATH" } as Record<string, string>)[expected] ?? (expected.includes("|") ? expected : "JSON");
  if (!known) return new MlstackError("MLS1005", e.message, { why: e.why, fix: (e.fix ?? "").replace(/^write /, "--param ").concat(e.fix?.startsWith("write ") === true ? "=VALUE" : ""), details: e.details, cause: e });
  const [top] = parameter.split(".", 1);
  // without quotes a shell takes those of the JSON away, and zsh looks for files of such a name
  const fix = kind === "JSON" || top !== parameter ? `--param '${top}=JSON', in quotes` : `--param ${top}=${kind}`;
  return new MlstackError("MLS1005", e.message, { why: e.why, fix, details: e.details, cause: e });
}
