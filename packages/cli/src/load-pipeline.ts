import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { didYouMean, isDataParam, MlstackError, nameList } from "@mlstack/core";
import { isPipeline, type PipelineDefinition } from "@mlstack/pipeline";
import { installSourceHooks } from "@mlstack/pipeline/compile";

/**
 * Imports a user's module as it comes and returns its pipeline.
 *
 * @param target `pipelines/train.ts`, or `pipelines/all.ts#NAME` where NAME is an export or a pipeline's name
 * @throws MLS7002 no such file; MLS1011 no pipeline, or several and none picked; MLS1013, MLS1014 source that can't be read;
 * MLS1015 the module's own code failed
 */
export async function loadPipeline(target: string, cwd: string): Promise<PipelineDefinition> {
  const [file = "", wanted] = target.split("#", 2);
  if (!existsSync(cwd)) throw new MlstackError("MLS7002", `there is no folder ${JSON.stringify(cwd)}`, { fix: "name an existing folder: --cwd FOLDER" });
  const path = resolve(cwd, file);
  if (!existsSync(path) || statSync(path).isDirectory()) {
    throw new MlstackError("MLS7002", `there is no file ${JSON.stringify(file)}`, { why: `looked at ${path}`, fix: "name the module that exports the pipeline: mlstack run pipelines/train.ts" });
  }
  installSourceHooks();
  const module = await imported(path, file);
  const found = Object.entries(module).filter((entry): entry is [string, PipelineDefinition] => isPipeline(entry[1]));
  if (found.length === 0) throw new MlstackError("MLS1011", `${file} exports no pipeline`, { why: `it exports ${nameList(Object.keys(module))}`, fix: "add: export const train = pipeline({ … })" });
  const names = [...new Set(found.flatMap(([name, p]) => [name, p.name]))];
  if (wanted !== undefined && wanted !== "") {
    const picked = found.find(([name, p]) => name === wanted || p.name === wanted);
    if (picked !== undefined) return picked[1];
    const near = didYouMean(wanted, names);
    throw new MlstackError("MLS1011", `${file} exports no pipeline "${wanted}"`, { why: `it exports ${nameList(names)}`, fix: near === undefined ? "pick one of these" : `mlstack run ${file}#${near}` });
  }
  const distinct = [...new Set(found.map(([, p]) => p))];
  if (distinct.length > 1) throw new MlstackError("MLS1011", `${file} exports ${distinct.length} pipelines: ${nameList(distinct.map((p) => p.name))}`, { fix: `pick one: mlstack run ${file}#${distinct[0]!.name}` });
  return distinct[0]!;
}

async function imported(path: string, file: string): Promise<Record<string, unknown>> {
  try { return (await import(pathToFileURL(path).href)) as Record<string, unknown>; } catch (e) {
    if (MlstackError.is(e)) throw e;
    throw new MlstackError("MLS1015", `${file} failed while it was imported: ${e instanceof Error ? e.message : String(e)}`, { why: "what stands at the top of a module runs before there is a pipeline", fix: "mend it there, or move it into a step", cause: e });
  }
}

/**
 * Reads `--param name=value` for a pipeline: the value as JSON where its schema takes that, else as text.
 *
 * @throws MLS7001 when there is no `=` or a name is given twice; MLS1005 for an unknown parameter
 */
export function readParams(pairs: readonly string[], pipeline: PipelineDefinition): Record<string, unknown> {
  const params: Record<string, unknown> = {};
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at < 1) throw new MlstackError("MLS7001", `--param ${JSON.stringify(pair)} has no value`, { fix: "write --param name=value" });
    const [name, text] = [pair.slice(0, at), pair.slice(at + 1)];
    if (Object.hasOwn(params, name)) throw new MlstackError("MLS7001", `the parameter "${name}" is given twice`, { fix: "give it once" });
    params[name] = readValue(pipeline, name, text);
  }
  return params;
}

/** A schema whose own code fails is told when the pipeline is compiled. */
function fits(schema: { safeParse(value: unknown): { readonly success: boolean } }, value: unknown): boolean {
  try { return schema.safeParse(value).success; } catch { return false; }
}

function readValue(pipeline: PipelineDefinition, name: string, text: string): unknown {
  const spec = pipeline.params[name];
  if (spec === undefined || isDataParam(spec)) return text;
  let value: unknown;
  try { value = JSON.parse(text); } catch { return text; }
  // a schema that takes both, such as z.string() for the text 5, decides by what it was declared as
  return fits(spec, value) ? value : fits(spec, text) ? text : value;
}
