import { isAbsolute, relative, resolve } from "node:path";
import { isDataParam, MlstackError, type ParamSpec } from "@mlstack/core";
import { findProject } from "@mlstack/engine";
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
  const rest = [value, text, ...(/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(Date.parse(text)) ? [new Date(text)] : []), ...(/^-?\d+n?$/.test(text) ? [BigInt(text.replace("n", ""))] : [])];
  return rest.find(takes) ?? value;
}

/** A path as it is named from the project; outside of it absolute. A URI stays as it is. */
function fromProject(text: string, cwd: string): string {
  if (/^[A-Za-z][A-Za-z0-9+.-]+:/.test(text) || text === "") return text;
  const path = resolve(cwd, text);
  const short = relative(findProject(cwd).dir, path);
  return short.startsWith("..") || isAbsolute(short) ? path : short === "" ? "." : short.replaceAll("\\", "/");
}

/** The error for a parameter, with the fix as it is typed on a command line. */
export function forCommandLine(e: unknown, { name, params }: PipelineDefinition): unknown {
  if (!MlstackError.is(e, "MLS1005") || e.details?.["owner"] !== `the pipeline "${name}"`) return e;
  const { parameter, expected } = e.details;
  const known = typeof parameter === "string" && Object.hasOwn(params, parameter.split(".", 1)[0]!);
  const kind = typeof expected !== "string" ? "VALUE" : ({ number: "NUMBER", int: "NUMBER", string: "TEXT", boolean: "true|false", date: "YYYY-MM-DD", path: "PATH" } as Record<string, string>)[expected] ?? (expected.includes("|") ? expected : "JSON");
  return new MlstackError("MLS1005", e.message, { why: e.why, fix: known ? `--param ${parameter.split(".", 1)[0]}=${parameter.includes(".") ? "JSON" : kind}` : (e.fix ?? "").replace(/^write /, "--param ").concat(e.fix?.startsWith("write ") === true ? "=VALUE" : ""), details: e.details, cause: e });
}
