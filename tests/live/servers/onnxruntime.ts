import { npmFolder } from "./tools.ts";

/** onnxruntime-node, which runs ONNX models: its package carries its binaries, and its script only fetches those for GPUs. */
export async function install(): Promise<string> {
  return npmFolder("onnxruntime-node@1.30.0");
}
