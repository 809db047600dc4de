import { realpathSync } from "node:fs";
import { registerHooks } from "node:module";
import { join, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { MlstackError, predictorDefinitionOf, type PredictorDefinition, type Tensor, type TensorSpec } from "@mlstack/core";
import { enterStepProcess } from "../../step/nested-run.ts";
import type { VersionRecord } from "../deployment-folder.ts";
import { folderInput } from "./folder-input.ts";
import type { TensorMetadata } from "./messages.ts";
import type { ServedModel } from "./served-model.ts";
import { checkRequest } from "./check-request.ts";

type PredictorPart = Extract<VersionRecord["servable"], { kind: "predictor" }>;

/** Loads the predictor's code and its model. Throws what the code throws when it is imported, and MLS3008 for a model that it can't read. */
export async function predictorModel(record: VersionRecord, { module, export: exported, entry }: PredictorPart, modelDir: string, codeDir: string, projectDir: string): Promise<ServedModel> {
  packagesOf(projectDir, codeDir);
  const found = await definitionOf(join(codeDir, entry), module, exported);
  const { codec, format } = found.model;
  if (!codec.reads.includes(record.format)) throw new MlstackError("MLS3008", `the predictor ${exported} of ${module} reads ${codec.reads.join(", ")}, and the model is ${record.format}`, { fix: `declare its model as the step's output is declared; it is ${format}` });
  const model = await codec.load(folderInput(modelDir, record.model), record.format);
  const inputs = metadataOf(found.inputs);
  return {
    metadata: { platform: "mlstack_predictor", inputs, outputs: metadataOf(found.outputs) },
    async infer(given: readonly Tensor[]) {
      checkRequest(given, inputs);
      return found.invoke({ model, inputs: given });
    },
  };
}

async function definitionOf(path: string, module: string, exported: string): Promise<PredictorDefinition> {
  let ran: () => void = () => undefined;
  const nested = new Promise<undefined>((done) => { ran = () => done(undefined); });
  enterStepProcess(() => ran());
  const loaded = await Promise.race([import(pathToFileURL(path).href) as Promise<Record<string, unknown>>, nested]);
  if (loaded === undefined) throw new MlstackError("MLS4011", `the module ${module} runs a pipeline when it is imported`, { why: "a predictor's module is imported where the model is served", fix: "define the predictor in a module of its own" });
  const found = predictorDefinitionOf(loaded[exported]);
  if (found === undefined) throw new MlstackError("MLS4011", `the export ${exported} of ${module} is no predictor`, { fix: `export const ${exported} = predictor({ … })` });
  return found;
}

function metadataOf(tensors: Readonly<Record<string, TensorSpec>>): TensorMetadata[] {
  return Object.entries(tensors).map(([name, { datatype, shape }]) => ({ name, datatype, shape }));
}

/** Lets the code import packages as the project's own modules do, wherever the code lies. */
function packagesOf(projectDir: string, codeDir: string): void {
  const own = realpathSync.native(codeDir) + sep;
  const parentURL = pathToFileURL(join(projectDir, "package.json")).href;
  const installed = pathToFileURL(join(own, "node_modules") + sep).href;
  registerHooks({
    resolve(specifier, context, next) {
      const { parentURL: parent } = context;
      if (parent?.startsWith("file:") !== true || !fileURLToPath(parent).startsWith(own)) return next(specifier, context);
      if (!/^(?:\.{0,2}\/|[a-z]+:)/.test(specifier)) return next(specifier, { ...context, parentURL });
      // a copy of a package that is named by its path in the project
      const { href } = new URL(specifier, parent);
      return next(href.startsWith(installed) ? new URL(href.slice(installed.length), new URL("node_modules/", parentURL)).href : specifier, context);
    },
  });
}
