import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { jsonOf, testProject, type TestProject } from "./testing/project.ts";

/**
 * A process that lives long, as a service does: it loads a pipeline, then somebody changes what it was loaded from, and then it runs the
 * pipeline for the first time. What it gives must never be served to a process that finds what is there now.
 */
const FLOW = (imports: string, use: string) => `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
${imports}
export const s = step({ name: "s", params: { n: z.number() }, output: json(z.number()), run: async ({ params }) => params.n * (${use}) });
export const f = pipeline({ name: "f", params: { n: z.number() }, build: (p) => ({ x: s({ n: p.n }) }) });
`;
const SERVICE = (flow: string) => `import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { f } from "./${flow}";
for (const [path, text] of Object.entries(JSON.parse(process.argv[2]))) {
  rmSync(path, { force: true, recursive: typeof text !== "string" });
  mkdirSync(dirname(path), { recursive: true });
  if (typeof text === "string") writeFileSync(path, text); else if (text !== null) symlinkSync(text.link, path, "junction");
}
const run = await f.run({ n: 100 }, { quiet: true });
console.log(await run.outputs.x.load());
process.exit(0);
`;

type Edits = Readonly<Record<string, string | null | { readonly link: string }>>;
type Files = Readonly<Record<string, string | { readonly link: string }>>;

const open: TestProject[] = [];
afterAll(() => { for (const p of open) p.close(); });

function project(files: Files): TestProject {
  const p = testProject(Object.fromEntries(Object.entries(files).filter((entry): entry is [string, string] => typeof entry[1] === "string")));
  for (const [path, text] of Object.entries(files)) {
    if (typeof text === "string") continue;
    mkdirSync(join(p.dir, path, ".."), { recursive: true });
    symlinkSync(join(p.dir, text.link), join(p.dir, path), "junction");
  }
  open.push(p);
  return p;
}

/** What is served now, and what a run without any cache gives. */
const NOW = (flow: string) => `import { f } from "./${flow}";
const run = async (cache) => { const r = await f.run({ n: 100 }, { quiet: true, concurrency: 1, cache }); return { status: r.steps.s.status, value: await r.outputs.x.load() }; };
const { status, value: served } = await run("use");
console.log(JSON.stringify({ status, served, fresh: (await run("off")).value }));
process.exit(0);
`;

async function afterwards(flow: string, files: Files, edits: Edits): Promise<{ lived: number; status: string; served: number; fresh: number; why: string }> {
  const [service, now] = flow.endsWith(".ts") ? ["service.ts", "now.ts"] : ["service.mjs", "now.mjs"];
  const flags = flow.endsWith(".ts") ? ["--import", "mlstack/register"] : [];
  const p = project({ [service]: SERVICE(flow), [now]: NOW(flow), ...files });
  const absolute = Object.fromEntries(Object.entries(edits).map(([path, to]) => [path, typeof to === "object" && to !== null ? { link: join(p.dir, to.link) } : to]));
  const lived = await p.node([...flags, service, JSON.stringify(absolute)]);
  expect(lived.stdout, lived.stderr).toMatch(/^\d+\n$/);
  const why = (await p.mlstack(["why", "last/s"])).stdout;
  const after = await p.node([...flags, now]);
  return { lived: Number(lived.stdout), why, ...(JSON.parse(after.stdout || JSON.stringify(after.stderr)) as { status: string; served: number; fresh: number }) };
}

const k = (n: number) => `export const k = ${n};\n`;
const paths = (of: Record<string, string[]>) => JSON.stringify({ compilerOptions: { paths: of } });
const lib = (at: string, version: number, index = k(version), more: Record<string, unknown> = {}) => ({
  [`${at}/package.json`]: JSON.stringify({ name: at.slice(at.lastIndexOf("/") + 1), version: `${version}.0.0`, type: "module", exports: "./index.js", ...more }), [`${at}/index.js`]: index,
});
const outer = lib("node_modules/outer", 1, `export { k } from "lib";\n`, { dependencies: { lib: "*" } });

describe.each([["plain Node", "flow.mjs", "mjs"], ["mlstack/register", "flow.ts", "ts"]])("%s", (_, flow, x) => {
  const ts = x === "ts" ? "" : ".mjs";
  test.concurrent.each<[string, Files, Edits]>([
    ["a module", { [flow]: FLOW(`import { k } from "./k${ts}";`, "k"), [`k.${x}`]: k(2) }, { [`k.${x}`]: k(5) }],
    ["a barrel", { [flow]: FLOW(`import { k } from "./barrel${ts}";`, "k"), [`barrel.${x}`]: `export { k } from "./a${ts}";\n`, [`a.${x}`]: k(2), [`b.${x}`]: k(5) }, { [`barrel.${x}`]: `export { k } from "./b${ts}";\n` }],
    ["a module that only has effects", { [flow]: FLOW(`import "./patch${ts}";`, "globalThis.k ?? 2"), [`patch.${x}`]: "globalThis.k = 2;\n" }, { [`patch.${x}`]: "globalThis.k = 5;\n" }],
    ["JSON", { [flow]: FLOW(`import data from "./data.json" with { type: "json" };`, "data.k"), "data.json": `{"k":2}` }, { "data.json": `{"k":5}` }],
    ["an import map of package.json", { [flow]: FLOW(`import { k } from "#k";`, "k"), [`a.${x}`]: k(2), [`b.${x}`]: k(5), "package.json": JSON.stringify({ type: "module", imports: { "#k": `./a.${x}` }, dependencies: { mlstack: "*" } }) }, { "package.json": JSON.stringify({ type: "module", imports: { "#k": `./b.${x}` }, dependencies: { mlstack: "*" } }) }],
    ["a package that is installed again", { [flow]: FLOW(`import { k } from "lib";`, "k"), ...lib("node_modules/lib", 2) }, lib("node_modules/lib", 5)],
    ["a package of a package", { [flow]: FLOW(`import { k } from "outer";`, "k"), ...outer, ...lib("node_modules/lib", 2) }, lib("node_modules/lib", 5)],
    ["a link to another copy of a package that was there before", { [flow]: FLOW(`import { k } from "lib";`, "k"), ...lib("store/2/node_modules/lib", 2), ...lib("store/5/node_modules/lib", 5), "node_modules/lib": { link: "store/2/node_modules/lib" } }, { "node_modules/lib": { link: "store/5/node_modules/lib" } }],
    ["a package that gets a copy of its own", { [flow]: FLOW(`import { k } from "outer";`, "k"), ...outer, ...lib("node_modules/lib", 2), ...lib("store/lib", 5) }, lib("node_modules/outer/node_modules/lib", 5)],
    ["a package that loses its copy", { [flow]: FLOW(`import { k } from "outer";`, "k"), ...outer, ...lib("node_modules/lib", 5), ...lib("node_modules/outer/node_modules/lib", 2) }, { "node_modules/outer/node_modules": null }],
  ])("%s is changed: nothing of what was loaded is kept under the new key", async (__, files, edits) => {
    expect(await afterwards(flow, files, edits)).toMatchObject({ lived: 200, status: "completed", served: 500, fresh: 500, why: expect.stringMatching(/never cached[^]*(was changed|has led to)/) });
  });

  test.concurrent.each<[string, Files, Edits]>([
    ["a module that the step does not reach", { [flow]: FLOW(`import { k } from "./k${ts}";`, "k"), [`k.${x}`]: k(2), [`other.${x}`]: k(1) }, { [`other.${x}`]: k(3) }],
    ["a package that the step does not reach", { [flow]: FLOW(`import { k } from "lib";`, "k"), ...lib("node_modules/lib", 2), ...lib("node_modules/lib/node_modules/own", 1) }, lib("node_modules/lib/node_modules/own", 3)],
    ["data that nobody declares", { [flow]: FLOW("", "2") }, { "notes.txt": "1" }],
  ])("%s is changed: what was loaded is what is there, and is kept", async (__, files, edits) => {
    expect(await afterwards(flow, files, edits)).toMatchObject({ lived: 200, status: "cached", served: 200, fresh: 200 });
  });
});

test.each([["plain Node", "flow.mjs", []], ["mlstack/register", "flow.ts", ["--import", "mlstack/register"]]] as const)("%s: a module that is changed, and imported, while a step runs", async (_, flow, flags) => {
  const late = flow.replace("flow", "late");
  const edit = `writeFileSync(${JSON.stringify(late)}, "export const k = 5;\\n")`;
  const service = flow.replace("flow", "service");
  const p = project({ [service]: SERVICE(flow), [flow]: FLOW(`import { writeFileSync } from "node:fs";`, `(${edit}, (await import("./${late}")).k)`), [late]: k(2) });
  expect((await p.node([...flags, service, "{}"])).stdout).toBe("500\n");
  p.write(late, k(2));
  // workers are given the code of the plan
  expect((jsonOf(await p.mlstack(["run", flow, "-p", "n=100", "--json"])).data["steps"] as [{ status: string }])[0].status).toBe("completed");
  expect((await p.mlstack(["artifact", "preview", "last/s"])).stdout).toBe("200\n");
});

test("plain Node: a module that is changed while a step runs, and was imported before, is what was hashed", async () => {
  const p = project({ "service.mjs": SERVICE("flow.mjs"), "flow.mjs": FLOW(`import { writeFileSync } from "node:fs";\nimport { k } from "./k.mjs";`, `(writeFileSync("k.mjs", "export const k = 5;\\n"), k)`), "k.mjs": k(2) });
  expect((await p.node(["service.mjs", "{}"])).stdout).toBe("200\n");
  p.write("k.mjs", k(2));
  expect((jsonOf(await p.mlstack(["run", "flow.mjs", "-p", "n=100", "--json"])).data["steps"] as [{ status: string }])[0].status).toBe("cached");
});

describe("mlstack/register", () => {
  test.concurrent.each<[string, Files, Edits]>([
    ["a path of tsconfig.json", { "flow.ts": FLOW(`import { k } from "@k";`, "k"), "a.ts": k(2), "b.ts": k(5), "tsconfig.json": paths({ "@k": ["./a.ts"] }) }, { "tsconfig.json": paths({ "@k": ["./b.ts"] }) }],
    ["a path with the name of a package", { "flow.ts": FLOW(`import { k } from "lib";`, "k"), "b.ts": k(5), ...lib("node_modules/lib", 2) }, { "tsconfig.json": paths({ lib: ["./b.ts"] }) }],
    ["a file that takes the place of another", { "flow.ts": FLOW(`import { k } from "./k.js";`, "k"), "k.ts": k(2) }, { "k.js": k(5) }],
    ["a compiler setting", { "flow.ts": FLOW(`import { k } from "./k";`, "k"), "k.ts": "let seen = 5;\nclass A { set x(v: number) { seen = v; } }\nclass B extends A { x = 2; }\nnew B();\nexport const k = seen;\n", "tsconfig.json": JSON.stringify({ compilerOptions: { target: "es2020" } }) }, { "tsconfig.json": "{}" }],
  ])("%s is changed: nothing of what was loaded is kept under the new key", async (_, files, edits) => {
    expect(await afterwards("flow.ts", files, edits)).toMatchObject({ lived: 200, status: "completed", served: 500, fresh: 500 });
  });

  test.concurrent.each<[string, Files, Edits]>([
    ["a type, and a comment,", { "flow.ts": FLOW(`import { k } from "./k";`, "k"), "k.ts": k(2) }, { "k.ts": `export type K = number;\n\n// twice\nexport const k: K =\n  2; // no more\n` }],
    ["a setting that changes nothing", { "flow.ts": FLOW(`import { k } from "./k";`, "k"), "k.ts": k(2), "tsconfig.json": "{}" }, { "tsconfig.json": `{ "compilerOptions": { "strict": true, "target": "es2024" } }` }],
  ])("%s is changed: what was compiled is the same, and is kept", async (_, files, edits) => {
    expect(await afterwards("flow.ts", files, edits)).toMatchObject({ lived: 200, status: "cached", served: 200 });
  });
});

test("a path of tsconfig.json that plain Node does not know: what it loads in its place is kept under no key", async () => {
  const p = project({ "flow.mts": FLOW(`import { k } from "lib";`, "k"), "service.mjs": SERVICE("flow.mts"), "own.ts": k(5), ...lib("node_modules/lib", 2), "tsconfig.json": paths({ lib: ["./own.ts"] }) });
  expect((await p.node(["service.mjs", "{}"])).stdout).toBe("200\n");
  expect((await p.mlstack(["why", "last/s"])).stdout).toMatch(/"lib" in flow\.mts is own\.ts by a path of tsconfig\.json[^]*mlstack\/register/);
  // where the path is known it comes before the package, as it does for TypeScript
  for (const args of [[], ["--inline", "--no-cache"]]) {
    await p.mlstack(["run", "flow.mts", "-p", "n=100", ...args]);
    expect((await p.mlstack(["artifact", "preview", "last/s"])).stdout.trim()).toBe("500");
  }
});

test("a build that is older than its sources: what runs is what is hashed, though its source maps lead to the sources", async () => {
  const flow = (n: number) => `import { json, pipeline, step } from "mlstack";\nimport { z } from "zod";\nexport const s = step({ name: "s", output: json(z.number()), run: () => ${n} });\nexport const f = pipeline({ name: "f", build: () => ({ x: s() }) });\nconst run = await f.run({}, { quiet: true });\nconsole.log(run.steps.s.status, await run.outputs.x.load());\n`;
  const p = project({});
  const mapped = { version: 3, sources: ["../src/run.ts"], names: [], mappings: "AAAA;AACA;AACA;AACA;AACA;AACA" };
  const build = (n: number) => { p.write("dist/run.js", `${flow(n)}//# sourceMappingURL=run.js.map\n`); p.write("dist/run.js.map", JSON.stringify(mapped)); };
  const run = async () => (await p.node(["--enable-source-maps", "dist/run.js"])).stdout.trim();
  p.write("src/run.ts", flow(2));
  build(2);
  expect(await run()).toBe("completed 2");
  p.write("src/run.ts", flow(5));
  expect(await run()).toBe("cached 2");
  build(5);
  expect(await run()).toBe("completed 5");
  rmSync(join(p.dir, "src"), { recursive: true });
  expect(await run()).toBe("cached 5");
});
