// A component type of a third party, by the example packages that bring and implement it: from a registry and from folders, in stacks, runs, keys and elsewhere.
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hubCli, type HubCli } from "./testing/hub-cli.ts";
import { jsonOf } from "./testing/project.ts";
import { copySearch, FLAT, INDEX, linkMlstack, packageOf, publish } from "./testing/types-project.ts";

let hub: HubCli;
beforeEach(async () => {
  hub = await hubCli();
  linkMlstack(hub);
  copySearch(hub);
});
afterEach(async () => { await hub.close(); });

const TYPE = "acme.vector_index";
async function said(...args: readonly string[]): Promise<{ readonly code: number | null; readonly data: unknown; readonly error: ReturnType<typeof jsonOf>["error"] }> {
  const outcome = await hub.mlstack(...args, "--json");
  const { data, error } = jsonOf(outcome);
  return { code: outcome.code, data, error };
}
const statuses = async (run: string): Promise<Record<string, string>> => {
  const { data } = await said("run", "show", run);
  return Object.fromEntries((data as { steps: { step: string; status: string }[] }).steps.map((s) => [s.step, s.status]));
};
async function runs(...more: readonly string[]): Promise<Record<string, string>> {
  const outcome = await hub.mlstack("run", "pipeline.ts", ...more);
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  return statuses("last");
}

test("from a registry: refused alone, installed together, found, described, run, verified, and not taken apart", async () => {
  publish(hub, INDEX);
  publish(hub, FLAT);
  // whoever installs the flavor alone is told what else it takes, and can do just that
  const alone = await said("integration", "install", FLAT, "-y");
  expect(alone).toMatchObject({ code: 4, error: { code: "MLS2002", message: expect.stringContaining(INDEX) as string, fix: `mlstack integration install ${INDEX} ${FLAT}` } });
  expect(hub.read("project/mlstack.lock")).toBeUndefined();
  expect(await hub.data("install", INDEX, FLAT, "-y")).toMatchObject({ done: true, changes: [{ package: FLAT }, { package: INDEX }] });
  expect(JSON.parse(hub.read("project/mlstack.lock")!)).toMatchObject({ plugins: { [FLAT]: { contracts: [`${TYPE}@1`] }, [INDEX]: { contracts: [] } } });
  expect(await hub.data("info", INDEX)).toMatchObject([{ types: [TYPE], contracts: [{ type: TYPE, accepts: [1], stability: "experimental" }], components: [] }]);
  expect(await hub.data("info", FLAT)).toMatchObject([{ types: [TYPE], components: [{ type: TYPE, flavor: "flat", contractPackage: INDEX }] }]);
  expect((await hub.mlstack("integration", "info", FLAT)).stdout).toContain(`goes with ${INDEX}  which brings ${TYPE}@1`);
  expect(await hub.data("search", "acme", "--type", TYPE)).toHaveLength(2);

  expect(await said("stack", "describe")).toMatchObject({ code: 0, data: { components: expect.arrayContaining([expect.objectContaining({ type: TYPE, flavor: "flat", used: true, error: null })]) as unknown } });
  expect((await hub.mlstack("stack", "verify")).stdout).toContain(`✓ ${TYPE}  sentences (flat)`);
  expect((await hub.mlstack("component", "register", "other", "--type", TYPE, "--flavor", "flat", "--config", "metric=manhattan")).code).toBe(2);
  expect((await hub.mlstack("component", "register", "other", "--type", TYPE, "--flavor", "flat", "--config", "metric=euclidean")).code).toBe(0);
  expect((await hub.mlstack("stack", "register", "second", "--artifact-store", "local_artifact_store", "--orchestrator", "local_orchestrator", "--component", `${TYPE}=other`)).code).toBe(0);

  expect(await runs()).toEqual({ collect: "completed", index: "completed", search: "completed" });
  expect((await hub.mlstack("artifact", "preview", "last/search.output")).stdout).toContain("the train leaves the station late");
  // a step that is handed the index always runs, the others are served
  expect(await runs()).toEqual({ collect: "cached", index: "completed", search: "completed" });
  expect((await hub.mlstack("why", "last/index")).stdout).toContain(`uses: { "${TYPE}": { cache: "by-component" } }`);
  // a stack without one is refused before anything runs
  expect(await said("run", "pipeline.ts", "--stack", "local")).toMatchObject({ code: 2, error: { code: "MLS4020", why: expect.stringContaining(`MLS4004 the step "index" requires ${TYPE}, the stack "local" has none`) as string } });

  const gone = await said("integration", "uninstall", INDEX, "-y");
  expect(gone).toMatchObject({ code: 4, error: { code: "MLS8410", message: expect.stringContaining(`${FLAT}@1.0.0 implements`) as string } });
  appendFileSync(join(hub.dir, "node_modules", INDEX, "dist", "index.js"), "// edited");
  expect((await hub.mlstack("integration", "verify")).stdout).toContain(`MLS8204  ${INDEX}`);
}, 240_000);

test("from folders of the workspace: installed, told of, run", async () => {
  hub.write("project/package.json", JSON.stringify({ name: "project", private: true, type: "module", workspaces: ["packages/*"] }));
  for (const name of [INDEX, FLAT]) {
    const { json, files } = packageOf(name);
    hub.write(`project/packages/${name.split("/")[1]!}/package.json`, JSON.stringify({ ...json, private: true }));
    for (const [path, text] of Object.entries(files)) hub.write(`project/packages/${name.split("/")[1]!}/${path}`, text);
  }
  expect(await hub.data("install", "./packages/mlstack-plugin-flat-index", "./packages/mlstack-vector-index", "-y")).toMatchObject({ done: true });
  const asked = hub.server.asked.length;
  expect(await hub.data("info", FLAT)).toMatchObject([{ version: "1.0.0", components: [{ contractPackage: INDEX }] }]);
  expect(hub.server.asked).toHaveLength(asked);
  expect(await runs()).toEqual({ collect: "completed", index: "completed", search: "completed" });
}, 240_000);

describe("by hand, where no lock is in the way", () => {
  const put = (name: string, edit: (json: Record<string, unknown>) => object = (json) => json): void => {
    const { json, files } = packageOf(name);
    const edited = edit(json) as { readonly name: string };
    hub.write(`project/node_modules/${edited.name}/package.json`, JSON.stringify(edited));
    for (const [path, text] of Object.entries(files)) hub.write(`project/node_modules/${edited.name}/${path}`, text);
  };
  const needs = (...names: readonly string[]): void => { hub.write("project/package.json", JSON.stringify({ name: "project", private: true, type: "module", dependencies: Object.fromEntries(names.map((name) => [name, "*"])) })); };

  test("a flavor whose type's package is missing names it, wherever it is looked at", async () => {
    put(FLAT);
    needs(FLAT);
    const error = { code: "MLS2002", message: `${FLAT}@1.0.0 offers "flat" for ${TYPE}@1, and ${INDEX}, which brings that component type, is not among this project's integrations`, fix: `npm install ${INDEX}` };
    expect(await said("run", "pipeline.ts")).toMatchObject({ code: 4, error });
    expect(await said("stack", "describe")).toMatchObject({ data: { components: expect.arrayContaining([expect.objectContaining({ type: TYPE, error: expect.objectContaining(error) as unknown })]) as unknown } });
    // stacks that have nothing of it go on
    hub.write("project/plain.ts", 'import { json, pipeline, step } from "mlstack"; import { z } from "zod";\nexport const one = step({ name: "one", output: json(z.number()), run: () => 1 });\nexport const plain = pipeline({ name: "plain", build: () => one() });\n');
    expect((await hub.mlstack("run", "plain.ts", "--stack", "local")).code).toBe(0);
  }, 60_000);

  test("two packages that bring the type are both named", async () => {
    put(INDEX);
    put(INDEX, (json) => ({ ...json, name: "@copy/mlstack-vector-index", version: "3.0.0" }));
    put(FLAT);
    needs(INDEX, FLAT, "@copy/mlstack-vector-index");
    expect(await said("run", "pipeline.ts")).toMatchObject({ code: 4, error: { code: "MLS2011", message: `${INDEX}@1.0.0 and @copy/mlstack-vector-index@3.0.0 both bring the component type ${TYPE}` } });
  }, 60_000);

  test("a step elsewhere is handed it as well, wrapped by the package that brings the type; cached by component, it is run anew for another configuration", async () => {
    // the type's package is at its second version, and the flavor was built for the first
    put(INDEX, (json) => ({ ...json, version: "2.0.0", mlstack: { ...(json["mlstack"] as object), contracts: [{ type: TYPE, accepts: [1, 2], stability: "experimental" }] } }));
    hub.write(`project/node_modules/${INDEX}/dist/index.js`, `import { definePlugin } from "@mlstack/core";
export default definePlugin({ name: "${INDEX}", contracts: [{ type: "${TYPE}", accepts: [1, 2], stability: "experimental", upgrade: { 1: (old) => ({ contract: "${TYPE}@2", closest: async (collection, vector) => (await old.nearest(collection, vector, 1))[0]?.id ?? "none", add: (collection, id, vector) => old.upsert(collection, [{ id, vector }]) }) } }] });\n`);
    put(FLAT);
    needs(INDEX, FLAT, "@mlstack/plugin-process");
    hub.write("project/second.mjs", `import { json, pipeline, step } from "mlstack"; import { z } from "zod";
export const add = step({ name: "add", requires: { "${TYPE}": true }, output: json(z.number()), async run(context) { await context["${TYPE}"].add("c", "x", [1, 0]); return 1; } });
export const find = step({ name: "find", inputs: { n: json(z.number()) }, uses: { "${TYPE}": { cache: "by-component" } }, output: json(z.string()), run: (context) => context["${TYPE}"].closest("c", [1, 0]) });
export const second = pipeline({ name: "second", build: () => find({ n: add() }) });
`);
    const stack = (metric: string): string => `components:\n  artifact_store: { type: local, configuration: { path: ${join(hub.folder, "objects")} } }\n  orchestrator: { type: process }\n  ${TYPE}: { type: flat, configuration: { path: ${join(hub.folder, "vectors")}, metric: ${metric} } }\n`;
    hub.write("project/stacks/far.yaml", stack("cosine"));
    const go = async (): Promise<Record<string, string>> => {
      const outcome = await hub.mlstack("run", "second.mjs", "--stack", "far");
      expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
      return statuses("last");
    };
    expect(await go()).toEqual({ add: "completed", find: "completed" });
    expect(await go()).toEqual({ add: "completed", find: "cached" });
    hub.write("project/stacks/far.yaml", stack("euclidean"));
    expect(await go()).toEqual({ add: "completed", find: "completed" });
  }, 120_000);
});

test("completion offers the types that the project's integrations bring", async () => {
  hub.write("project/package.json", JSON.stringify({ name: "project", private: true, type: "module", dependencies: { [INDEX]: "*" } }));
  const { json, files } = packageOf(INDEX);
  hub.write(`project/node_modules/${INDEX}/package.json`, JSON.stringify(json));
  for (const [path, text] of Object.entries(files)) hub.write(`project/node_modules/${INDEX}/${path}`, text);
  const { stdout } = await hub.mlstack("__complete", "4", "--", "mlstack", "component", "list", "--type", "");
  expect(stdout).toContain(TYPE);
}, 60_000);
