import { realpathSync } from "node:fs";
import { relative, sep } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { MlstackError, predictorDefinitionOf, type InputDir, type PredictorDefinition, type Servable, type ServableCode, type StepDeployRequest } from "@mlstack/core";
import { readPlan } from "@mlstack/pipeline";
import { CODE, type CodeIndex } from "@mlstack/pipeline/compile";
import { InputFolder } from "../artifacts/input-folder.ts";
import { BUNDLE_INDEX } from "../step/load-definition.ts";
import { encodeManifest, makeManifest, sha256, type Manifest } from "../store/manifest.ts";
import { deployFault } from "./deploy-fault.ts";
import type { StepPlace } from "./step-deployer.ts";

/** What a deployer gets for what a step names: a predictor with its code, out of the plan; anything else as it is. */
export async function planServable({ servable, model }: StepDeployRequest, place: StepPlace): Promise<Servable> {
  const predictor = predictorDefinitionOf(servable);
  // handed on as it is: what is no servable is for the deployer to refuse
  if (predictor === undefined && (servable as Partial<Servable> | undefined)?.kind !== "predictor") return servable as Servable;
  if (predictor !== undefined && !predictor.model.codec.reads.includes(model.format)) throw deployFault("unsupported", `the predictor reads ${predictor.model.codec.reads.join(", ")}, and the model is ${model.format}`, { fix: "declare the predictor's model as the step's input is declared" });
  const bundle = await bundleOf(place);
  const named = predictor === undefined ? (servable as { readonly module: string; readonly export: string }) : await placeOf(predictor, place.dir, bundle);
  return { kind: "predictor", module: named.module, export: named.export, code: codeOf(named.module, bundle, place) };
}

interface Bundle {
  readonly manifest: Manifest;
  /** Where each module of the project lies in the bundle. */
  readonly modules: Readonly<Record<string, string>>;
  readonly index: CodeIndex;
}

async function bundleOf({ plan, content }: StepPlace): Promise<Bundle> {
  const { bundle } = readPlan(await content.read(plan), plan);
  if (bundle === null) throw new MlstackError("MLS4011", "the plan has no code that could be deployed", { why: "none of its steps is an exported constant", fix: "export const deploy = step({ … }) at the top of a module" });
  const manifest = await content.readManifest(bundle);
  const read = async <T>(path: string): Promise<T> => JSON.parse(Buffer.from(await content.read(manifest.files.find((f) => f.path === path)!.sha256)).toString("utf8")) as T;
  return { manifest, modules: await read(BUNDLE_INDEX), index: await read(CODE) };
}

/** The files of the bundle that a module reaches: the same code has the same digest, whatever else is in the plan. */
function codeOf(module: string, { manifest, modules, index }: Bundle, { content, scratch }: StepPlace): ServableCode {
  const entry = modules[module];
  if (entry === undefined) {
    throw new MlstackError("MLS4011", `the module ${JSON.stringify(module)} of the predictor is not in the plan`, { why: `a plan holds what its steps import: ${Object.keys(modules).join(", ")}`, fix: "import the predictor in the module of the step that deploys it: servable: delays" });
  }
  const reached = new Set([module]);
  const files = new Set<string>();
  for (const path of reached) {
    // a module as it was compiled; data as it is, and as a module where code imports it so
    for (const file of modules[path] === undefined ? [path, `${path}.mjs`] : [modules[path]]) files.add(file);
    for (const link of Object.values(index.modules[path]?.links ?? {})) if (typeof link === "string") reached.add(link);
  }
  const isHelper = (path: string) => /^_mlstack\/[^/]+\.[cm]js$/.test(path);
  const kept = makeManifest(manifest.files.filter((f) => files.has(f.path) || isHelper(f.path)));
  return { digest: sha256(encodeManifest(kept)), entry, open: async (): Promise<InputDir> => new InputFolder(kept, content, scratch) };
}

/** A module that is being evaluated never comes; one that is there comes at once. In milliseconds. */
const LOADED_MS = 10_000;

/** The module and export of a predictor, found by the place where it was made. */
async function placeOf({ site, ...predictor }: PredictorDefinition, dir: string, { modules }: Bundle): Promise<{ module: string; export: string }> {
  if (site === undefined) throw unnamed("where it was made is not known");
  const path = relative(realpathSync.native(dir), realpathSync.native(site.file)).split(sep).join("/");
  const module = modules[path] === undefined ? Object.keys(modules).find((m) => modules[m] === path) : path;
  if (module === undefined) throw unnamed(`it was made in ${path}, which is no module of the project that the plan holds`);
  const loaded = await Promise.race([import(pathToFileURL(site.file).href) as Promise<Record<string, unknown>>, sleep(LOADED_MS, undefined, { ref: false })]);
  if (loaded === undefined) throw unnamed(`its module ${module} is still being loaded: it runs the pipeline itself`);
  const isIt = (found: PredictorDefinition | undefined) => found !== undefined && (found.invoke === predictor.invoke || (found.site?.file === site.file && found.site.line === site.line && found.site.column === site.column));
  const exported = Object.keys(loaded).toSorted().find((name) => isIt(predictorDefinitionOf(loaded[name])));
  if (exported === undefined) throw unnamed(`${module} does not export it`);
  return { module, export: exported };
}

const unnamed = (why: string) => new MlstackError("MLS4011", "the predictor that is to be deployed can't be found by another process", { why, fix: "export const delays = predictor({ … }) at the top of a module of its own" });
