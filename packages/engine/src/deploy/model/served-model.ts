import { join } from "node:path";
import type { Tensor } from "@mlstack/core";
import type { VersionRecord } from "../deployment-folder.ts";
import type { ModelMetadata } from "./messages.ts";

/** A model in memory that answers. */
export interface ServedModel {
  readonly metadata: ModelMetadata;
  /** @throws what the model throws; `invalid` in `details.reason` where the request is to blame */
  infer(inputs: readonly Tensor[]): Promise<readonly Tensor[]>;
}

/**
 * Loads a version into this process.
 *
 * @param dir the version's folder
 * @param projectDir where packages are found
 */
export async function loadModel(record: VersionRecord, dir: string, projectDir: string): Promise<ServedModel> {
  const model = join(dir, "model");
  if (record.servable.kind === "format") return (await import("./onnx-model.ts")).onnxModel(model, record.model, projectDir);
  return (await import("./predictor-model.ts")).predictorModel(record, record.servable, model, join(dir, "code"), projectDir);
}
