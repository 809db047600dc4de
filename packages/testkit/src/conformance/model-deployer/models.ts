import { createHash } from "node:crypto";
import type { ArtifactHandle, DeployRequest, InferRequest, InputDir, Servable } from "@mlstack/core";

/** What a model of a case has to do: `y = x * factor`, for `x` and `y` of FP64 with one dimension. It throws `the model takes no -1` for -1. */
export interface ModelWish {
  readonly factor: number;
  /** How long an answer takes, in milliseconds. */
  readonly delayMs?: number | undefined;
  /** How long it does nothing else meanwhile, in milliseconds. */
  readonly busyMs?: number | undefined;
  /** It can't be loaded: `this model is broken`. */
  readonly broken?: true | undefined;
  /** Its process ends while it is loaded. */
  readonly exits?: true | undefined;
  /** Its process ends while it is loaded as long as there is such a file on this machine. */
  readonly exitsWith?: string | undefined;
  /** Of its code: another one is another code with the same model. `as it was` by default. */
  readonly note?: string | undefined;
}

/** A model, and how it is to be served. */
export type TestModel = Pick<DeployRequest, "model" | "servable">;

/** Files in memory as an artifact. */
function filesOf(files: Readonly<Record<string, string>>): { readonly digest: string; open(): Promise<InputDir> } {
  const all = Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.from(text) }));
  const sha = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");
  const listed = all.map(({ path, bytes }) => ({ path, size: bytes.length, sha256: sha(bytes) }));
  const find = (name: string): Buffer => all.find((f) => f.path === name)!.bytes;
  const inMemory = (): never => { throw new Error("these files lie in memory"); };
  return { digest: sha(JSON.stringify(listed)), open: async () => ({ files: listed, read: async (name) => find(name), async *stream(name) { yield find(name); }, file: inMemory, path: inMemory }) };
}

/** A predictor without any package: what a bundle of a project's code comes down to. */
const CODE = (note: string): string => `// ${note}
import { existsSync } from "node:fs";
const model = { format: "json/1", kind: "model", codec: { reads: ["json/1"], save() {}, async load(dir) {
  const found = JSON.parse(Buffer.from(await dir.read("value.json")).toString("utf8"));
  console.log("loading " + JSON.stringify(found));
  if (found.broken === true) throw new Error("this model is broken");
  if (found.exits === true || (found.exitsWith !== undefined && existsSync(found.exitsWith))) process.exit(3);
  return found;
} } };
export const scale = { [Symbol.for("mlstack.predictor")]: 1, model, site: undefined,
  inputs: { x: { datatype: "FP64", shape: [-1] } }, outputs: { y: { datatype: "FP64", shape: [-1] } },
  async invoke({ model, inputs: [x] }) {
    console.log("asked");
    if (x.data[0] === -1) throw new RangeError("the model takes no -1");
    if (x.data[0] === -2) process.kill(process.pid, "SIGKILL");
    if (x.data[0] === -3) await new Promise(() => {});
    if (model.busyMs !== undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, model.busyMs);
    if (model.delayMs !== undefined) await new Promise((done) => setTimeout(done, model.delayMs));
    return [{ name: "y", datatype: "FP64", shape: x.shape, data: x.data.map((v) => v * model.factor) }];
  },
};
`;

/**
 * The kit's own model: a predictor of plain JavaScript, which imports no package, with a model of the format `json/1`. It prints `loading` with the model when its
 * process begins, and `asked` for each request. Asked for -2 it ends its process by SIGKILL, for -3 it never answers.
 */
export function testModel({ note = "as it was", ...value }: ModelWish): TestModel & { readonly model: ArtifactHandle; readonly servable: Extract<Servable, { readonly kind: "predictor" }> } {
  const files = filesOf({ "value.json": JSON.stringify(value) });
  const code = filesOf({ "src/scale.mjs": CODE(note) });
  return { model: { ...files, format: "json/1", size: 1 }, servable: { kind: "predictor", module: "src/scale.ts", export: "scale", code: { ...code, entry: "src/scale.mjs" } } };
}

/** A request to a model of a case. */
export const request = (...data: readonly number[]): InferRequest & { readonly inputs: readonly [{ readonly name: string; readonly shape: readonly number[]; readonly datatype: "FP64"; readonly data: readonly number[] }] } =>
  ({ inputs: [{ name: "x", shape: [data.length], datatype: "FP64", data }] });
