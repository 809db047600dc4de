// A contract goes on from version 1 to 3, and plugins that were built for one of them are used by the project: by the real loader and the command line.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hubCli, type HubCli } from "./testing/hub-cli.ts";
import { jsonOf } from "./testing/project.ts";
import { linkMlstack } from "./testing/types-project.ts";

const [TYPE, OWNER, FLAVOR] = ["acme.counter", "@acme/mlstack-counter", "@other/mlstack-plugin-steps"];

/**
 * The package that brings the type. Version 1 counts by `next()`, version 2 by `add(n)` and from then on gives what it was before, version 3 gives both.
 * The components of older versions have private fields, and are wrapped method by method.
 */
const owner = (accepts: readonly number[]): Record<string, string> => ({ "index.js": `import { definePlugin } from "@mlstack/core";
const upgrade = {
  1: (old) => ({ contract: "${TYPE}@2", async add(n) { let before = old.value; for (let i = 0; i < n; i++) await old.next(); return before; }, dispose: () => old.dispose?.() }),
  2: (old) => ({ contract: "${TYPE}@3", async count(n) { const before = await old.add(n); return { before, after: before + n }; }, dispose: () => old.dispose?.() }),
};
export default definePlugin({ name: "${OWNER}", contracts: [{ type: "${TYPE}", accepts: ${JSON.stringify(accepts)}, stability: "stable", upgrade: Object.fromEntries(Object.entries(upgrade).filter(([v]) => ${JSON.stringify(accepts)}.includes(Number(v)) && Number(v) < ${accepts.at(-1)!})) }] });
` });
const ownerManifest = (accepts: readonly number[]) => ({ manifestVersion: 1, entry: "./index.js", core: ">=0.1.0 <1", components: [], contracts: [{ type: TYPE, accepts, stability: "stable" }] });

/** What a flavor's class has, at each version. */
const METHODS: Readonly<Record<number, string>> = {
  1: "get value() { return this.#n; } async next() { return ++this.#n; }",
  2: "async add(n) { const before = this.#n; this.#n += n; return before; }",
  3: "async count(n) { const before = this.#n; this.#n += n; return { before, after: this.#n }; }",
  4: "async count(n) { return [n]; }",
};
const flavor = (version: number): Record<string, string> => ({ "index.js": `import { component, definePlugin } from "@mlstack/core";
import { z } from "zod";
class Counter { contract = "${TYPE}@${version}"; #n; constructor(start) { this.#n = start; } ${METHODS[version]!} }
export default definePlugin({ name: "${FLAVOR}", components: [component({ type: "${TYPE}", version: ${version}, contractPackage: "${OWNER}", flavor: "steps", description: "Counts", config: z.strictObject({ start: z.number().default(0) }), create: ({ start }) => new Counter(start) })] });
` });
const flavorManifest = (version: number) => ({
  manifestVersion: 1, entry: "./index.js", core: ">=0.1.0 <1",
  components: [{ contract: `${TYPE}@${version}`, contractPackage: OWNER, flavor: "steps", aliases: [], description: "Counts", config: { type: "object", properties: { start: { type: "number", default: 0 } }, additionalProperties: false }, permissions: {} }],
});

/** Steps know the newest version only. */
const PIPELINE = `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
export const counts = step({ name: "counts", requires: { "${TYPE}": true }, output: json(z.object({ before: z.number(), after: z.number() })), run: (context) => context["${TYPE}"].count(3) });
export const counting = pipeline({ name: "counting", build: () => counts() });
`;
const STACK = `components:\n  artifact_store: { type: local }\n  orchestrator: { type: local }\n  ${TYPE}: { type: steps, configuration: { start: 4 } }\n`;

let hub: HubCli;
beforeAll(async () => {
  hub = await hubCli();
  linkMlstack(hub);
  hub.write("project/pipeline.mjs", PIPELINE);
  hub.write("project/stacks/counting.yaml", STACK);
  hub.write("project/mlstack.yaml", "version: 1\ndefault_stack: counting\n");
});
afterAll(async () => { await hub.close(); });

async function said(...args: readonly string[]): Promise<{ readonly code: number | null; readonly error: ReturnType<typeof jsonOf>["error"]; readonly data: unknown }> {
  const outcome = await hub.mlstack(...args, "--json");
  const { data, error } = jsonOf(outcome);
  return { code: outcome.code, error, data };
}

describe("by the loader", () => {
  const put = (name: string, version: string, manifest: object, files: Readonly<Record<string, string>>): void => {
    hub.write(`project/node_modules/${name}/package.json`, JSON.stringify({ name, version, type: "module", mlstack: manifest }));
    for (const [path, text] of Object.entries(files)) hub.write(`project/node_modules/${name}/${path}`, text);
  };
  beforeEach(() => {
    hub.write("project/package.json", JSON.stringify({ name: "project", private: true, type: "module", dependencies: { [OWNER]: "*", [FLAVOR]: "*" } }));
    put(OWNER, "3.0.0", ownerManifest([1, 2, 3]), owner([1, 2, 3]));
  });

  test.each([1, 2, 3])("a plugin built for version %i runs, and steps see version 3 of it", async (version) => {
    put(FLAVOR, `${version}.0.0`, flavorManifest(version), flavor(version));
    const outcome = await hub.mlstack("run", "pipeline.mjs");
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse((await hub.mlstack("artifact", "preview", "last/counts.output")).stdout)).toEqual({ before: 4, after: 7 });
  }, 60_000);

  test("one that was built for version 4 is refused before anything runs, naming what to upgrade; and by every command that looks at the stack", async () => {
    put(FLAVOR, "4.0.0", flavorManifest(4), flavor(4));
    const error = { code: "MLS2003", message: `${FLAVOR}@4.0.0 implements ${TYPE}@4, ${OWNER}@3.0.0 accepts ${TYPE}@1, ${TYPE}@2, ${TYPE}@3`, fix: `npm install ${OWNER}@latest` };
    expect(await said("run", "pipeline.mjs")).toMatchObject({ code: 4, error });
    expect(await said("stack", "describe")).toMatchObject({ data: { components: expect.arrayContaining([expect.objectContaining({ type: TYPE, error: expect.objectContaining(error) as unknown })]) as unknown } });
    expect((await hub.mlstack("stack", "verify")).code).not.toBe(0);
  }, 60_000);

  test("one that was built for a version that is not accepted any more is refused, naming the plugin", async () => {
    put(OWNER, "4.0.0", ownerManifest([2, 3]), owner([2, 3]));
    put(FLAVOR, "1.0.0", flavorManifest(1), flavor(1));
    expect(await said("run", "pipeline.mjs")).toMatchObject({ code: 4, error: { code: "MLS2003", fix: `npm install ${FLAVOR}@latest` } });
  }, 60_000);
});

test("by installations: the newest that is accepted is taken, the next one is refused until what brings the type is upgraded, and the one before goes on, wrapped", async () => {
  hub.write("project/package.json", JSON.stringify({ name: "project", private: true, type: "module" }));
  const publish = (name: string, version: string, manifest: object, files: Readonly<Record<string, string>>): void => { hub.server.publish({ name, version, files, more: { mlstack: manifest } }); };
  publish(OWNER, "1.0.0", ownerManifest([1]), owner([1]));
  publish(FLAVOR, "1.0.0", flavorManifest(1), flavor(1));
  await hub.data("install", FLAVOR, OWNER, "-y");
  expect([hub.installed(FLAVOR), hub.installed(OWNER)]).toEqual(["1.0.0", "1.0.0"]);

  publish(FLAVOR, "3.0.0", flavorManifest(3), flavor(3));
  const next = await said("integration", "install", `${FLAVOR}@3.0.0`, "-y");
  expect(next).toMatchObject({ code: 4, error: { code: "MLS2003", message: `${FLAVOR}@3.0.0 implements ${TYPE}@3, ${OWNER}@1.0.0 accepts ${TYPE}@1` } });
  expect(hub.installed(FLAVOR)).toBe("1.0.0");

  publish(OWNER, "3.0.0", ownerManifest([1, 2, 3]), owner([1, 2, 3]));
  await hub.data("upgrade", OWNER, "--major", "-y");
  expect([hub.installed(FLAVOR), hub.installed(OWNER)]).toEqual(["1.0.0", "3.0.0"]);
  const wrapped = await hub.mlstack("run", "pipeline.mjs");
  expect(wrapped, wrapped.stderr).toMatchObject({ code: 0 });
  expect(JSON.parse((await hub.mlstack("artifact", "preview", "last/counts.output")).stdout)).toEqual({ before: 4, after: 7 });

  // a version that drops the first one would leave the flavor behind; both together may go
  publish(OWNER, "4.0.0", ownerManifest([2, 3]), owner([2, 3]));
  const alone = await said("integration", "upgrade", OWNER, "--major", "-y");
  expect(alone).toMatchObject({ code: 4, error: { code: "MLS2003", fix: `change them together: mlstack integration upgrade ${OWNER} ${FLAVOR} --major` } });
  await hub.data("upgrade", OWNER, FLAVOR, "--major", "-y");
  expect([hub.installed(FLAVOR), hub.installed(OWNER)]).toEqual(["3.0.0", "4.0.0"]);
  expect((await hub.mlstack("run", "pipeline.mjs")).code).toBe(0);
}, 240_000);
