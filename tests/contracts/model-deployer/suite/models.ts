import { createHash } from "node:crypto";
import type { ArtifactHandle, InputDir, Servable } from "@mlstack/core";

/** What every case deploys: `y = x * factor`, for `x` and `y` of FP64 with one dimension. */
export interface TestModel {
  readonly model: ArtifactHandle;
  readonly servable: Servable;
}

/** Files in memory as an artifact. */
function filesOf(files: Readonly<Record<string, string>>): { readonly digest: string; open(): Promise<InputDir> } {
  const all = Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.from(text) }));
  const sha = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");
  const listed = all.map(({ path, bytes }) => ({ path, size: bytes.length, sha256: sha(bytes) }));
  const find = (name: string) => all.find((f) => f.path === name)!.bytes;
  const inMemory = () => { throw new Error("these files lie in memory"); };
  return { digest: sha(JSON.stringify(listed)), open: async () => ({ files: listed, read: async (name) => find(name), async *stream(name) { yield find(name); }, file: inMemory, path: inMemory }) };
}

/** A predictor without any package: what a bundle of a project's code comes down to. */
const CODE = (note: string) => `// ${note}
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
 * @param value the model: `factor`; `delayMs` that an answer takes, `busyMs` that the process does nothing else meanwhile; `broken` or `exits` for one that never comes up,
 * `exitsWith` for one that does not while that file is there
 * @param note in the code: another one is another code
 */
export function testModel(value: { readonly factor: number; readonly delayMs?: number; readonly busyMs?: number; readonly exitsWith?: string; readonly broken?: true; readonly exits?: true }, note = "as it was"): TestModel {
  const files = filesOf({ "value.json": JSON.stringify(value) });
  const code = filesOf({ "src/scale.mjs": CODE(note) });
  return { model: { ...files, format: "json/1", size: 1 }, servable: { kind: "predictor", module: "src/scale.ts", export: "scale", code: { ...code, entry: "src/scale.mjs" } } };
}

export const request = (...data: number[]) => ({ inputs: [{ name: "x", shape: [data.length], datatype: "FP64" as const, data }] });
