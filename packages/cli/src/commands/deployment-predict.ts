import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { buffer as readAll } from "node:stream/consumers";
import { flatData, MlstackError, type InferRequest, type Tensor } from "@mlstack/core";
import { stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { folderOf } from "./active-stack.ts";
import { findDeployment } from "./deployment-show.ts";
import { leavable, withDeployer } from "./with-deployer.ts";

interface PredictFlags extends GlobalFlags { readonly file?: string }

/** `mlstack deployment predict NAME`: a request of the Open Inference Protocol v2, from stdin or a file. */
export async function deploymentPredict(name: string, flags: PredictFlags): Promise<void> {
  const request = parse(await input(flags), flags.file ?? "stdin");
  await leavable(flags, async (signal) => {
    const answer = await withDeployer(flags, async (deployer) => {
      await findDeployment(deployer, name);
      return deployer.infer(name, request, { signal });
    });
    const outputs = answer.outputs.map(({ name: output, datatype, shape, data }) => ({ name: output, datatype, shape: [...shape], data: [...data] }));
    if (flags.json === true) writeJson("deployment-predict", { deployment: name, version: answer.version ?? null, id: answer.id ?? null, outputs });
    // the protocol's own document: what the next program reads
    else stdout(flags).line(JSON.stringify({ model_name: name, ...(answer.version !== undefined && { model_version: answer.version }), ...(answer.id !== undefined && { id: answer.id }), outputs }));
  });
}

const SHAPE = '{"inputs":[{"name":"features","shape":[1,2],"datatype":"FP64","data":[0.5,1]}]}';

async function input({ file, ...flags }: PredictFlags): Promise<Uint8Array> {
  if (file !== undefined) {
    const path = resolve(folderOf(flags), file);
    try { return readFileSync(path); } catch (cause) { throw new MlstackError("MLS7002", `the file ${JSON.stringify(file)} can't be read`, { why: (cause as Error).message, fix: "name a file that holds the request", cause }); }
  }
  if (process.stdin.isTTY) throw new MlstackError("MLS7001", "there is no request", { why: "it is read from stdin or from a file", fix: `echo '${SHAPE}' | mlstack deployment predict NAME, or --file FILE` });
  return readAll(process.stdin);
}

/** As much as is needed to send it; the model says what else is wrong. */
function parse(bytes: Uint8Array, from: string): InferRequest {
  const bad = (why: string, cause?: unknown) => new MlstackError("MLS7001", `what ${from} holds is no request`, { why, fix: `write it like ${SHAPE}`, cause });
  let text: string;
  // what is not UTF-8 would be sent as another text
  try { text = new TextDecoder("utf-8", { fatal: true }).decode(bytes); } catch (cause) { throw bad("it is no text in UTF-8", cause); }
  let json: unknown;
  try { json = JSON.parse(text); } catch (cause) { throw bad(text.trim() === "" ? "it is empty" : `it is not JSON: ${(cause as Error).message.replaceAll(/\s+/g, " ")}`, cause); }
  const { id, inputs, outputs } = (typeof json === "object" && json !== null ? json : {}) as { id?: unknown; inputs?: unknown; outputs?: unknown };
  if (id !== undefined && typeof id !== "string") throw bad("its id is no text");
  if (!Array.isArray(inputs) || inputs.length === 0) throw bad("it has no inputs");
  const tensors = (inputs as unknown[]).map((t, i): Tensor => {
    const { name, shape, datatype, data } = (typeof t === "object" && t !== null ? t : {}) as Partial<Tensor>;
    if (typeof name !== "string" || !Array.isArray(shape) || typeof datatype !== "string" || !Array.isArray(data)) throw bad(`inputs[${i}] needs name, shape, datatype and data`);
    if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0)) throw bad(`the shape of inputs[${i}] is no list of whole numbers`);
    const flat = flatData(data, shape);
    if (flat === undefined) throw bad(`the data of inputs[${i}] is nested in another way than its shape`);
    return { name, shape: shape as number[], datatype, data: flat as Tensor["data"] };
  });
  if (outputs !== undefined && (!Array.isArray(outputs) || outputs.some((o) => typeof (o as { name?: unknown } | null)?.name !== "string"))) throw bad('outputs is no list like [{"name":"probability"}]');
  return { ...(id !== undefined && { id }), inputs: tensors, ...(outputs !== undefined && { outputs: (outputs as { name: string }[]).map((o) => o.name) }) };
}
