import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testProject, type TestProject } from "./testing/project.ts";

/** A deployer of a third party, which works wherever a step runs: it notes what it was given. */
const PLUGIN = `import { appendFileSync } from "node:fs";
import { component, definePlugin } from "@mlstack/core";
import { z } from "zod";
export default definePlugin({ name: "acme-plugin", components: [component({
  type: "model_deployer", version: 1, flavor: "acme", description: "Notes what it is given", config: z.strictObject({ file: z.string() }),
  create: ({ file }) => ({ contract: "model_deployer@1", accepts: [{ kind: "predictor" }], async deploy({ name, model, servable }) {
    const dir = await servable.code?.open();
    const files = {};
    for (const f of dir?.files ?? []) files[f.path] = Buffer.from(await dir.read(f.path)).toString("utf8");
    appendFileSync(file, JSON.stringify({ module: servable.module, export: servable.export, entry: servable.code?.entry, code: servable.code?.digest, files, model: Buffer.from(await (await model.open()).read("value.json")).toString("utf8") }) + "\\n");
    return { name, id: name, url: "none", protocol: "none", digest: model.digest, state: "ready", versions: [] };
  } }),
})] });
`;
const FILES = (servable: string) => ({
  "src/pipeline.ts": `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
import { other } from "./unrelated";
import { scale as renamed } from "./serve/predictor";
export const train = step({ name: "train", output: json(z.number()), run: () => 7 });
export const unrelated = step({ name: "unrelated", output: json(z.number()), run: () => other });
export const deploy = step({ name: "deploy", inputs: { model: json(z.number()) }, requires: { modelDeployer: true }, run: async ({ artifacts, deployer }) => { await deployer.deploy({ name: "x", model: artifacts.model, servable: ${servable} }); } });
export const p = pipeline({ name: "p", build() { unrelated(); deploy({ model: train() }); return {}; } });
`,
  "src/unrelated.ts": "export const other: number = 1;\n",
  "src/serve/predictor.ts": `import { json, predictor, tensor } from "mlstack";
import { z } from "zod";
import words from "../words.json";
import { times } from "./times";
enum Sign { Plus = 1 }
export const alias = "not this";
export const scale = predictor({ model: json(z.number()), inputs: { x: tensor("FP64", [-1]) }, outputs: { y: tensor("FP64", [-1]), word: tensor("BYTES", [1]) },
  predict: ({ model, inputs }) => ({ y: inputs.x.data.map((v) => Sign.Plus * times(v, model)), word: [words.word] }) });
`,
  "src/serve/times.ts": "export const times = (a: number, b: number): number => a * b;\n",
  "src/words.json": `{"word":"late"}`,
});
const PACKAGE = { name: "project", private: true, type: "module", dependencies: { mlstack: "*", zod: "*", "acme-plugin": "*", "@mlstack/plugin-process": "*" } };

let p: TestProject;
beforeAll(async () => {
  p = testProject({ ...FILES("renamed"), "package.json": JSON.stringify(PACKAGE), "node_modules/acme-plugin/index.js": PLUGIN });
  const manifest = await p.node(["--input-type=module", "-e", `import { manifestOf } from "@mlstack/core"; import plugin from "acme-plugin/index.js"; console.log(JSON.stringify(manifestOf(plugin, "./index.js", "*")))`].map((a) => a.replace("acme-plugin/index.js", "./node_modules/acme-plugin/index.js")));
  p.write("node_modules/acme-plugin/package.json", JSON.stringify({ name: "acme-plugin", version: "1.0.0", type: "module", exports: "./index.js", peerDependencies: { "@mlstack/core": "*" }, mlstack: JSON.parse(manifest.stdout) as object }));
  const common = `  artifact_store: { type: local, name: shared, configuration: { path: ${p.dir}/bucket } }\n  model_deployer: { type: acme, name: acme, configuration: { file: ${p.dir}/noted.jsonl } }\n`;
  p.write("stacks/here.yaml", `components:\n${common}  orchestrator: { type: local }\n`);
  p.write("stacks/away.yaml", `components:\n${common}  orchestrator: { type: process, name: away, configuration: { work_dir: ${p.dir}/work } }\n`);
});
afterAll(() => p.close());

interface Noted { readonly module: string; readonly export: string; readonly entry: string; readonly code: string; readonly files: Readonly<Record<string, string>>; readonly model: string }
async function deployed(...args: string[]): Promise<Noted> {
  rmSync(join(p.dir, "noted.jsonl"), { force: true });
  const { code, stdout, stderr } = await p.mlstack(["run", "src/pipeline.ts", ...args]);
  expect(code, stdout + stderr).toBe(0);
  return JSON.parse(readFileSync(join(p.dir, "noted.jsonl"), "utf8").trim()) as Noted;
}

test("a deployer gets the code that a predictor reaches, the same wherever the step runs, and nothing else", { timeout: 240_000 }, async () => {
  const here = await deployed("--stack", "here");
  expect(here).toMatchObject({ module: "src/serve/predictor.ts", export: "scale", entry: "src/serve/predictor.mjs", model: "7" });
  expect(Object.keys(here.files).toSorted()).toEqual(["src/serve/predictor.mjs", "src/serve/times.mjs", "src/words.json"].flatMap((f) => Object.keys(here.files).filter((g) => g === f || g === `${f}.mjs`)).toSorted());
  expect(Object.keys(here.files)).toEqual(expect.arrayContaining(["src/serve/predictor.mjs", "src/serve/times.mjs"]));
  expect(here.code).toMatch(/^[0-9a-f]{64}$/);
  expect(await deployed("--stack", "here", "--inline")).toEqual(here);
  expect(await deployed("--stack", "away")).toEqual(here);
  // another step's code is no part of it, its own is
  p.write("src/unrelated.ts", "export const other: number = 2;\n");
  expect(await deployed("--stack", "here")).toEqual(here);
  p.write("src/serve/times.ts", "export const times = (a: number, b: number): number => b * a;\n");
  const edited = await deployed("--stack", "here");
  expect(edited.code).not.toBe(here.code);
  // named by module and export it is the same
  p.write("src/pipeline.ts", FILES(`{ kind: "predictor", module: "src/serve/predictor.ts", export: renamed === undefined ? "" : "scale" }`)["src/pipeline.ts"]);
  expect(await deployed("--stack", "here")).toEqual(edited);
  expect(createHash("sha256").update(edited.files["src/serve/times.mjs"]!).digest("hex")).not.toBe(createHash("sha256").update(here.files["src/serve/times.mjs"]!).digest("hex"));
});

test.each([
  ["of a module that no step imports", 2, `{ kind: "predictor", module: "src/nowhere.ts", export: "x" }`, /MLS4011.*"src\/nowhere\.ts" of the predictor is not in the plan/],
  ["made inside of a function", 2, `(await import("mlstack")).predictor({ model: renamed.model, inputs: renamed.inputs, outputs: renamed.outputs, predict: () => ({}) } as never)`, /MLS4011.*can't be found by another process[^]*does not export it/],
  ["that reads another format", 1, `(await import("./serve/predictor")).alias === "" ? renamed : { ...renamed, model: { ...renamed.model, codec: { ...renamed.model.codec, reads: ["other/1"] } } }`, /MLS6003.*reads other\/1, and the model is json\/1/],
])("a predictor %s is refused with a reason", { timeout: 120_000 }, async (_, exit, servable, says) => {
  p.write("src/pipeline.ts", FILES(servable)["src/pipeline.ts"]);
  const { code, stderr } = await p.mlstack(["run", "src/pipeline.ts", "--stack", "here", "--verbose"]);
  expect([code, stderr]).toEqual([exit, expect.stringMatching(says)]);
});
