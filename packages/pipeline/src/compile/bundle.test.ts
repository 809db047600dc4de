import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { codeAnalyzer } from "./analyzer.ts";
import { TestProject, type Files } from "./testing/project.ts";
import { TRAINING } from "./testing/training-project.ts";
import type { CodeBundle } from "./types.ts";

const open: TestProject[] = [];
const make = (files: Files, packages?: Files) => { const p = new TestProject(files, packages); open.push(p); return p; };
afterEach(() => { for (const p of open.splice(0)) p[Symbol.dispose](); });

const digest = (bundle: CodeBundle) => createHash("sha256").update(JSON.stringify([...bundle.files].map(([p, b]) => [p, Buffer.from(b).toString("hex")]))).digest("hex");

/** Writes a bundle into an empty folder and runs code beside it with plain Node. */
function run(bundle: CodeBundle, code: string, packages: Files = {}): string {
  const target = make(packages, {});
  for (const [path, bytes] of bundle.files) {
    mkdirSync(dirname(join(target.dir, path)), { recursive: true });
    writeFileSync(join(target.dir, path), bytes);
  }
  writeFileSync(join(target.dir, "main.mjs"), code);
  return execFileSync(process.execPath, ["--enable-source-maps", "main.mjs"], { cwd: target.dir, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

/** Just enough of the packages to run the steps of the fixture. */
const RUNNABLE: Files = {
  "node_modules/mlstack/package.json": `{"name":"mlstack","type":"module","exports":"./index.js"}`,
  "node_modules/mlstack/index.js": `export const step = (s) => s, json = () => 0, dataset = () => ({ default: () => 0 }); export const pipeline = (s) => ({ run: async () => ({ id: s.name }) });`,
  "node_modules/zod/package.json": `{"name":"zod","type":"module","exports":"./index.js"}`,
  "node_modules/zod/index.js": `const any = new Proxy(() => any, { get: () => any }); export const z = any;`,
  "node_modules/frames/package.json": `{"name":"frames","type":"module","exports":"./index.js","mlstack":{}}`,
  "node_modules/frames/index.js": `export const dataframe = () => 0;`,
};
const TRAIN = `const { train } = await import("./pipelines/training.mjs"); console.log(JSON.stringify(await train.run({ inputs: { raw: [1, 2, 3] }, params: { rate: 1e-9 }, log() {} })));`;

test("a bundle runs by itself, and gives what the project gives", () => {
  const project = make(TRAINING);
  const bundle = codeAnalyzer({ projectDir: project.dir }).bundle(["pipelines/training.ts"]);
  expect(bundle.modules["pipelines/training.ts"]).toBe("pipelines/training.mjs");
  expect(run(bundle, TRAIN, RUNNABLE)).toBe(`finished training\n{"accuracy":1}`);
});

test("the same sources give the same bytes, wherever they lie", () => {
  const bundles = [make(TRAINING), make(TRAINING)].map((p) => codeAnalyzer({ projectDir: p.dir }).bundle(["pipelines/training.ts"]));
  expect(digest(bundles[0]!)).toBe(digest(bundles[1]!));
  const changed = make({ ...TRAINING, "src/format.ts": "export default (x: string) => x;" });
  expect(digest(codeAnalyzer({ projectDir: changed.dir }).bundle(["pipelines/training.ts"]))).not.toBe(digest(bundles[0]!));
});

test("errors show the source's positions", () => {
  const project = make({ "src/a.ts": `import { value } from "./lib/with-a-long-name";\nexport const f = async () => { const { late } = await import("./late"); interface X { a: 1 }\n  return late(value); };`, "src/lib/with-a-long-name.ts": "export const value = 1;", "src/late.ts": "type T = 1;\nexport function late(x: number): never {\n  throw new Error(`late ${x}`);\n}" });
  const bundle = codeAnalyzer({ projectDir: project.dir }).bundle(["src/a.ts"]);
  const out = run(bundle, `const { f } = await import("./src/a.mjs"); await f().catch((e) => console.log(e.stack));`);
  expect(out).toContain("late 1");
  expect(out).toMatch(/src\/late\.ts:3:9\)/);
  expect(out).toMatch(/src\/a\.ts:3:10/);
});

test("JSON, CommonJS, linked packages and what lies outside of the project", () => {
  const project = make({
    "app/package.json": `{"name":"app","type":"module","imports":{"#lodash":"lodash"}}`,
    "app/src/a.ts": `import one, { two } from "./data.json";\nimport * as all from "./list.json";\nimport plain from "./data.json" with { type: "json" };\nimport { slug } from "@acme/shared";\nimport { up } from "../../up";\nimport old from "./old.cts";\nimport legacy = require("./legacy.cjs");\nimport { chunk } from "#lodash";\nexport const out = async () => [one.two, two, all.default, plain["a b"], slug("X"), up, old.v, legacy.l, chunk(1), (await import("./data.json")).default.two];`,
    "app/src/data.json": `{"two":2,"a b":3}`, "app/src/list.json": "[1]", "app/src/old.cts": `import d = require("./legacy.cjs");\nexport = { v: d.l + 1 };`, "app/src/legacy.cjs": "exports.l = require('./deep.cjs').d;", "app/src/deep.cjs": "exports.d = 7;",
    "up.ts": "export const up: number = 5;",
    "shared/package.json": `{"name":"@acme/shared","version":"0.0.0","type":"module","exports":{".":"./src/index.ts"}}`, "shared/src/index.ts": "export enum E { A }\nexport const slug = (s: string) => s + E.A;",
    "app/node_modules/@acme/shared": { link: "../../../shared" },
  });
  const bundle = codeAnalyzer({ projectDir: join(project.dir, "app") }).bundle(["src/a.ts"]);
  expect(Object.keys(bundle.modules)).toEqual(["_linked/@acme/shared/src/index.ts", "_outside/1/up.ts", "src/a.ts", "src/deep.cjs", "src/legacy.cjs", "src/old.cts"]);
  const out = run(bundle, `console.log(JSON.stringify(await (await import("./src/a.mjs")).out()));`, { "node_modules/lodash/package.json": `{"name":"lodash","type":"module","exports":"./index.js"}`, "node_modules/lodash/index.js": "export const chunk = (x) => [x];" });
  expect(JSON.parse(out)).toEqual([2, 2, [1], 3, "X0", 5, 8, 7, [1], 2]);
});

test("a package is the copy that was imported, elsewhere too", () => {
  const lib = (at: string, n: number): Files => ({ [`${at}/package.json`]: `{"name":"lib","type":"module","exports":"./index.js"}`, [`${at}/index.js`]: `export const x = ${n};` });
  const installed = { ...lib("node_modules/lib", 0), ...lib("node_modules/foo/node_modules/lib", 1) };
  const code = `import { x } from "../node_modules/foo/node_modules/lib/index.js";\nimport { x as root } from "../node_modules/lib/index.js";\nimport { x as alias } from "@lib";\nexport const out = [x, root, alias];`;
  const project = make({ "src/a.ts": code, "tsconfig.json": `{"compilerOptions":{"paths":{"@lib":["./node_modules/foo/node_modules/lib/index.js"]}}}`, ...installed }, {});
  const bundle = codeAnalyzer({ projectDir: project.dir }).bundle(["src/a.ts"]);
  expect(run(bundle, `console.log(JSON.stringify((await import("./src/a.mjs")).out));`, installed)).toBe("[1,0,1]");
});

test("what cannot be compiled or found is an error with its place", () => {
  const broken = make({ "a.ts": "export const x = 1;\nexport const = 2;" });
  expect(() => codeAnalyzer({ projectDir: broken.dir }).bundle(["a.ts"])).toThrow(expect.objectContaining({ code: "MLS1013", message: expect.stringContaining("a.ts:2:14") as string }));
  const lost = make({ "a.ts": `export * from "./gone";` });
  expect(() => codeAnalyzer({ projectDir: lost.dir }).bundle(["a.ts"])).toThrow(expect.objectContaining({ code: "MLS1014" }));
  expect(() => codeAnalyzer({ projectDir: lost.dir }).bundle(["b.ts"])).toThrow(expect.objectContaining({ code: "MLS1014" }));
});
