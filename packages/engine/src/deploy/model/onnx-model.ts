import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { checkTensor, MlstackError, type ManifestFile, type Tensor, type TensorType } from "@mlstack/core";
import { deployFault } from "../deploy-fault.ts";
import { checkRequest } from "./check-request.ts";
import { folderInput } from "./folder-input.ts";
import type { TensorMetadata } from "./messages.ts";
import type { ServedModel } from "./served-model.ts";

/** As much of onnxruntime-node as is used here; the package is the project's own. */
interface Runtime {
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => RuntimeTensor;
  readonly InferenceSession: { create(path: string): Promise<Session> };
}
interface RuntimeTensor { readonly type: string; readonly dims: readonly number[]; readonly data: ArrayLike<number | bigint | string> }
interface ValueMetadata { readonly name: string; readonly isTensor: boolean; readonly type?: string; readonly shape?: readonly (number | string)[] }
interface Session {
  readonly inputMetadata: readonly ValueMetadata[];
  readonly outputMetadata: readonly ValueMetadata[];
  run(feeds: Readonly<Record<string, RuntimeTensor>>): Promise<Readonly<Record<string, RuntimeTensor>>>;
}

/** How the runtime calls what the protocol calls so, and in which array it wants it. FP16 has no array that all versions of Node know. */
const TYPES: Readonly<Record<string, readonly [type: TensorType, array: (data: readonly unknown[]) => unknown]>> = {
  bool: ["BOOL", (d) => Uint8Array.from(d, Number)], string: ["BYTES", (d) => d],
  int8: ["INT8", (d) => Int8Array.from(d as number[])], int16: ["INT16", (d) => Int16Array.from(d as number[])], int32: ["INT32", (d) => Int32Array.from(d as number[])], int64: ["INT64", (d) => BigInt64Array.from(d as number[], BigInt)],
  uint8: ["UINT8", (d) => Uint8Array.from(d as number[])], uint16: ["UINT16", (d) => Uint16Array.from(d as number[])], uint32: ["UINT32", (d) => Uint32Array.from(d as number[])], uint64: ["UINT64", (d) => BigUint64Array.from(d as number[], BigInt)],
  float32: ["FP32", (d) => Float32Array.from(d as number[])], float64: ["FP64", (d) => Float64Array.from(d as number[])],
};

/**
 * An ONNX model, run by onnxruntime-node, which the project has to have installed.
 *
 * @throws MLS2009 where it is not, MLS3009 where the artifact holds no single .onnx file, and `unsupported` for tensors that the protocol has not
 */
export async function onnxModel(dir: string, files: readonly ManifestFile[], projectDir: string): Promise<ServedModel> {
  const models = files.filter((f) => f.path.endsWith(".onnx"));
  const [only] = models.length === 0 && files.length === 1 ? files : models;
  if (only === undefined || models.length > 1) throw new MlstackError("MLS3009", `the model holds ${models.length} files that end in .onnx`, { why: "one of them is served", fix: "keep one model in the artifact" });
  const runtime = await runtimeOf(projectDir);
  // all files: weights may lie beside the model
  const session = await runtime.InferenceSession.create(join(await folderInput(dir, files).path(), only.path));
  const inputs = session.inputMetadata.map(describe);
  const outputs = session.outputMetadata.map(describe);
  const nameOf = (type: TensorType) => Object.entries(TYPES).find(([, [t]]) => t === type)!;
  return {
    metadata: { platform: "onnx_onnxruntime", inputs, outputs },
    async infer(given) {
      checkRequest(given, inputs);
      const feeds = Object.fromEntries(given.map(({ name, datatype, data, shape }) => { const [type, [, array]] = nameOf(datatype); return [name, new runtime.Tensor(type, array(data), shape)]; }));
      const results = await session.run(feeds);
      return outputs.map(({ name, datatype }): Tensor => {
        const { dims, data } = results[name]!;
        const tensor: Tensor = { name, datatype, shape: [...dims], data: Array.from(data, (v) => (datatype === "BOOL" ? Boolean(v) : typeof v === "bigint" ? Number(v) : v)) };
        const fault = checkTensor(tensor);
        // JSON would make null of what is no number
        if (fault !== undefined) throw deployFault("failed", `the model's answer can't be sent: ${fault}`);
        return tensor;
      });
    },
  };
}

function describe({ name, type = "", shape = [] }: ValueMetadata): TensorMetadata {
  const known = TYPES[type];
  if (known === undefined) throw deployFault("unsupported", `the tensor ${JSON.stringify(name)} of the model is ${type === "" ? "no tensor" : type}, which can't be served`);
  return { name, datatype: known[0], shape: shape.map((n) => (typeof n === "number" && n >= 0 ? n : -1)) };
}

async function runtimeOf(projectDir: string): Promise<Runtime> {
  try {
    const path = createRequire(join(projectDir, "package.json")).resolve("onnxruntime-node");
    const module = (await import(pathToFileURL(path).href)) as Runtime & { readonly default?: Runtime };
    return module.default ?? module;
  } catch (cause) {
    const isMissing = (cause as { code?: string }).code === "MODULE_NOT_FOUND";
    throw new MlstackError("MLS2009", isMissing ? "the project has no onnxruntime-node, which runs ONNX models" : "onnxruntime-node can't be loaded", { fix: isMissing ? "npm install onnxruntime-node" : "install it anew for this machine", cause });
  }
}
