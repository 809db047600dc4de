import { testProject, type TestProject } from "./project.ts";

/** A project with a plugin of somebody else's, `acme-plugin`, whose manifest is written from its code as its build would. */
export async function acmeProject(plugin: string, pipeline: string): Promise<TestProject> {
  const manifest = { name: "acme-plugin", version: "1.0.0", type: "module", exports: "./index.js" };
  const p = testProject({
    "package.json": JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", zod: "*", "acme-plugin": "*", "@mlstack/plugin-process": "*" } }),
    "node_modules/acme-plugin/index.js": plugin, "node_modules/acme-plugin/package.json": JSON.stringify(manifest), "pipeline.mjs": pipeline,
  });
  const { stdout, stderr } = await p.node(["--input-type=module", "-e", 'import plugin from "acme-plugin"; import { manifestOf } from "@mlstack/core"; console.log(JSON.stringify(manifestOf(plugin, "./index.js", ">=0.1.0 <1")))']);
  if (stdout === "") { p.close(); throw new Error(stderr); }
  p.write("node_modules/acme-plugin/package.json", JSON.stringify({ ...manifest, mlstack: JSON.parse(stdout) as unknown }));
  return p;
}
