import { testProject, type TestProject } from "./project.ts";

/** Types of components that a stack may have besides those without which nothing runs: built-in ones, and those that the plugin brings. */
export const TYPES = ["model_deployer", "model_registry", "feature_store", "data_validator", "alerter", "acme.vector_index"] as const;
export type ComponentType = (typeof TYPES)[number];
/** As steps name them. */
export const nameOf = (type: string): string => (type.includes(".") ? type : type.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase()));
export const stepOf = (type: string): string => `with_${type.replace(".", "_")}`;

/** Components that write what they are asked to do into a file. */
const PLUGIN = `import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { component, definePlugin } from "@mlstack/core";
import { z } from "zod";
const types = ${JSON.stringify(TYPES)};
export default definePlugin({
  name: "acme-plugin",
  contracts: types.slice(1).map((type) => ({ type, accepts: [1], stability: "experimental" })),
  components: types.map((type) => component({
    type, version: 1, flavor: "acme", description: "Writes into a file", config: z.strictObject({ file: z.string(), maxLevel: z.number().default(1) }),
    create({ file, maxLevel }, { projectDir, name }) {
      const note = (text) => appendFileSync(join(projectDir, file), name + " " + maxLevel + ": " + text + "\\n");
      return { contract: type + "@1", note, accepts: [{ kind: "format", formats: ["json/1"] }], async deploy({ name: as, model }) { note("deployed " + as + " " + model.digest.slice(0, 8)); return { name: as, id: as, url: "file://" + as, digest: model.digest, state: "ready", protocol: "none", versions: [] }; } };
    },
  })),
});
`;

const PIPELINE = `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
export const train = step({ name: "train", output: json(z.array(z.number())), run: () => [1, 2, 3] });
export const deploy = step({ name: "deploy", inputs: { model: json(z.array(z.number())) }, uses: { modelDeployer: "optional" }, output: json(z.string()),
  run: async ({ artifacts, deployer }) => deployer === undefined ? "nowhere" : (await deployer.deploy({ name: "demo", model: artifacts.model, servable: { kind: "format" } })).url });
export const announce = step({ name: "announce", inputs: { url: json(z.string()) }, output: json(z.string()), run: ({ inputs }) => "it is at " + inputs.url });
export const served = pipeline({ name: "served", build: () => ({ text: announce({ url: deploy({ model: train() }) }) }) });

const use = (component, name) => name === "modelDeployer" ? component?.deploy({ name: "x", model: { digest: "00000000" } }).then(() => 1) : component?.note("used");
${TYPES.map((type) => `export const ${stepOf(type)} = step({ name: "${stepOf(type)}", uses: { "${nameOf(type)}": { cache: "by-component" } }, output: json(z.string()), run: async (context) => { const it = context["${type === "model_deployer" ? "deployer" : nameOf(type)}"]; await use(it, "${nameOf(type)}"); return it === undefined ? "none" : "used"; } });`).join("\n")}
export const all = pipeline({ name: "all", build: () => ({ model: train(), ${TYPES.map((type) => `"${stepOf(type)}": ${stepOf(type)}()`).join(", ")} }) });

export const search = step({ name: "search", requires: { "acme.vector_index": true }, output: json(z.string()), run: (context) => { context["acme.vector_index"].note("searched"); return "found"; } });
export const searching = pipeline({ name: "searching", build: () => ({ x: search(), y: train() }) });
`;

/** A stack with these components besides the local ones; of some, another configuration. */
export function stackOf(types: readonly string[], changes: Readonly<Record<string, string>> = {}): string {
  const local = ["artifact_store", "orchestrator", "experiment_tracker"].map((type) => `  ${type}: { type: local, name: local_${type}${changes[type] ?? ""} }\n`);
  return `components:\n${local.join("")}${types.map((type) => `  ${type}: { type: acme, name: my_${type.replace(".", "_")}, configuration: { file: effects.txt${changes[type] ?? ""} } }\n`).join("")}`;
}

/** A project whose own plugin has a component of each type. Its manifest is made as a plugin's build would make it. */
export async function effectsProject(): Promise<TestProject> {
  const p = testProject({
    "package.json": JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", zod: "*", "acme-plugin": "*" } }),
    "node_modules/acme-plugin/index.js": PLUGIN, "node_modules/acme-plugin/package.json": JSON.stringify({ name: "acme-plugin", version: "1.0.0", type: "module", exports: "./index.js" }),
    "pipeline.mjs": PIPELINE,
  });
  const { stdout, stderr } = await p.node(["--input-type=module", "-e", 'import plugin from "acme-plugin"; import { manifestOf } from "@mlstack/core"; console.log(JSON.stringify(manifestOf(plugin, "./index.js", ">=0.1.0 <1")))']);
  if (stdout === "") throw new Error(stderr);
  p.write("node_modules/acme-plugin/package.json", JSON.stringify({ name: "acme-plugin", version: "1.0.0", type: "module", exports: "./index.js", mlstack: JSON.parse(stdout) as unknown }));
  return p;
}
