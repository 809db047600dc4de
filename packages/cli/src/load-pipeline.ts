import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { didYouMean, MlstackError, nameList } from "@mlstack/core";
import { isPipeline, type PipelineDefinition } from "@mlstack/pipeline";
import { installSourceHooks } from "@mlstack/pipeline/compile";
import { loadError } from "./load-error.ts";

/**
 * Imports a user's module as it comes and returns its pipeline.
 *
 * @param target `pipelines/train.ts`, or `pipelines/all.ts#NAME` where NAME is an export or a pipeline's name
 * @throws MLS7002 no such file; MLS1011 no pipeline, or several and none picked; MLS1013, MLS1014, MLS1017 source that can't be read or
 * linked; MLS1015 with what the module threw as cause
 */
export async function loadPipeline(target: string, cwd: string): Promise<PipelineDefinition> {
  const { file, path, wanted } = locate(target, cwd);
  installSourceHooks();
  let module: Record<string, unknown>;
  try { module = (await import(pathToFileURL(path).href)) as Record<string, unknown>; } catch (e) { throw await loadError(e, file); }
  const found = Object.entries(module).filter((entry): entry is [string, PipelineDefinition] => isPipeline(entry[1]));
  if (found.length === 0) {
    const names = Object.keys(module);
    throw new MlstackError("MLS1011", `${file} exports no pipeline`, { why: names.length === 0 ? "it exports nothing" : `it exports ${nameList(names)}`, fix: "add: export const train = pipeline({ … })" });
  }
  const names = [...new Set(found.flatMap(([name, p]) => [name, p.name]))];
  if (wanted !== undefined && wanted !== "") {
    const picked = found.find(([name, p]) => name === wanted || p.name === wanted);
    if (picked !== undefined) return picked[1];
    const near = didYouMean(wanted, names);
    throw new MlstackError("MLS1011", `${file} exports no pipeline "${wanted}"`, { why: `it exports ${nameList(names)}`, fix: `mlstack run ${file}#${near ?? found[0]![1].name}` });
  }
  const distinct = [...new Set(found.map(([, p]) => p))];
  if (distinct.length > 1) throw new MlstackError("MLS1011", `${file} exports ${distinct.length} pipelines: ${nameList(distinct.map((p) => p.name))}`, { fix: `pick one: mlstack run ${file}#${distinct[0]!.name}` });
  return distinct[0]!;
}

/** File and pipeline of `FILE#NAME`. A path may hold a number sign itself: what is there as a whole is a file. */
function locate(target: string, cwd: string): { readonly file: string; readonly path: string; readonly wanted: string | undefined } {
  const at = target.lastIndexOf("#");
  const isWhole = at < 0 || existsSync(resolve(cwd, target));
  const [file, wanted] = isWhole ? [target, undefined] : [target.slice(0, at), target.slice(at + 1)];
  const path = resolve(cwd, file);
  if (existsSync(path) && !statSync(path).isDirectory()) return { file, path, wanted };
  const isFolder = existsSync(path);
  const near = didYouMean(basename(path), filesOf(dirname(path)));
  throw new MlstackError("MLS7002", isFolder ? `${JSON.stringify(file)} is a folder` : `there is no file ${JSON.stringify(file)}`, {
    why: isFolder ? undefined : `looked at ${path}`, fix: near === undefined || isFolder ? "name the module that exports the pipeline: mlstack run pipelines/train.ts" : `mlstack run ${join(dirname(file), near)}${wanted === undefined ? "" : `#${wanted}`}`,
  });
}

function filesOf(folder: string): string[] {
  try { return readdirSync(folder).filter((name) => /\.[cm]?[jt]sx?$/.test(name)); } catch { return []; }
}
