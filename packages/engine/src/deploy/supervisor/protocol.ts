import { flatData, TENSOR_TYPES, type Tensor, type TensorType } from "@mlstack/core";
import { z } from "zod";

/*
 * Documents of the Open Inference Protocol v2 over HTTP and JSON:
 * https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
 */

const parameters = z.record(z.string(), z.unknown()).optional();

/** What is asked. Keys that the protocol does not have are left alone, as it wants. */
const requestSchema = z.looseObject({
  id: z.string().optional(), parameters,
  inputs: z.array(z.looseObject({ name: z.string(), shape: z.array(z.int().min(0)), datatype: z.enum(TENSOR_TYPES as [TensorType, ...TensorType[]]), parameters, data: z.unknown() })).min(1),
  outputs: z.array(z.looseObject({ name: z.string(), parameters })).optional(),
});

export interface ParsedRequest {
  readonly id: string | undefined;
  /** Data flat. */
  readonly inputs: readonly Tensor[];
  /** Names; undefined for all. */
  readonly outputs: readonly string[] | undefined;
}

/** Text that is not UTF-8 would be another text. */
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** A request, or why it is none. */
export function parseRequest(body: Uint8Array): ParsedRequest | { readonly error: string } {
  let text: string;
  try { text = utf8.decode(body); } catch { return { error: "the request is not JSON: it is no text in UTF-8" }; }
  let json: unknown;
  try { json = JSON.parse(text); } catch (e) { return { error: `the request is not JSON: ${(e as Error).message}` }; }
  const parsed = requestSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const at = issue!.path.map((p) => (typeof p === "number" ? `[${p}]` : `.${String(p)}`)).join("").replace(/^\./, "");
    return { error: `the request is none of the protocol: ${at === "" ? "" : `${at}: `}${issue!.message}` };
  }
  const { id, inputs, outputs } = parsed.data;
  const tensors: Tensor[] = [];
  for (const { name, shape, datatype, parameters: given, data } of inputs) {
    if (given?.["binary_data_size"] !== undefined) return { error: `the input ${JSON.stringify(name)} is sent as binary data, which is not served here; send it as JSON` };
    if (!Array.isArray(data)) return { error: `the request is none of the protocol: the data of the input ${JSON.stringify(name)} is no array` };
    const flat = flatData(data as unknown[], shape);
    if (flat === undefined) return { error: `the data of the input ${JSON.stringify(name)} is nested in another way than its shape [${shape.join(", ")}]` };
    if (!flat.every((v) => typeof v === "number" || typeof v === "boolean" || typeof v === "string")) return { error: `the data of the input ${JSON.stringify(name)} holds what is no number, boolean or text` };
    tensors.push({ name, shape, datatype, data: flat });
  }
  return { id, inputs: tensors, outputs: outputs?.map((o) => o.name) };
}
