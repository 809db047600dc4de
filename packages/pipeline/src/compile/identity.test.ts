import { afterEach, describe, expect, test } from "vitest";
import { codeAnalyzer } from "./analyzer.ts";
import { TestProject, type Files } from "./testing/project.ts";

let project: TestProject | undefined;
afterEach(() => { project?.[Symbol.dispose](); project = undefined; });

/** What the analyzer says of the call that is marked with a bar, as V8 would report it: at the last name of its callee. */
function identify(source: string, name = "a", files: Files = {}, shift = 0) {
  const at = source.indexOf("|");
  const before = source.slice(0, at).split("\n");
  project = new TestProject({ "src/steps.ts": source.replace("|", ""), ...files });
  return codeAnalyzer({ projectDir: project.dir }).identify({ file: `${project.dir}/src/steps.ts`, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 + shift }, name);
}

const IMPORT = `import { step, pipeline } from "mlstack";\n`;
const found = (name: string) => ({ module: "src/steps.ts", export: name });
const refused = (text: string) => ({ rule: "run-time-step", message: expect.stringContaining(text), fix: expect.any(String) as string });

describe("steps that have an identity", () => {
  test.each([
    ["a named export", `${IMPORT}export const train = |step({ name: "a" });`, "train"],
    ["the second of two in a line", `${IMPORT}export const x = step({ name: "x" }), train = |step({ name: "a" });`, "train"],
    ["the default export", `${IMPORT}export default |step({ name: "a" });`, "default"],
    ["an export list", `${IMPORT}const train = |step({ name: "a" });\nexport { train };`, "train"],
    ["an export under another name", `${IMPORT}const train = |step({ name: "a" });\nexport { train as fit };`, "fit"],
    ["a namespace import", `import * as ml from "mlstack";\nexport const train = ml.|step({ name: "a" });`, "train"],
    ["an import under another name", `import { step as define } from "@mlstack/pipeline";\nexport const train = |define({ name: "a" });`, "train"],
    ["a re-export of the project's own", `import { step } from "./ml";\nexport const train = |step({ name: "a" });`, "train"],
    ["a plugin's maker", `import { pythonStep } from "frames";\nexport const train = |pythonStep({ name: "a" });`, "train"],
    ["types around it", `${IMPORT}export const train = (|step<{}>({ name: "a" }) satisfies unknown) as unknown;`, "train"],
    ["a name that is not a literal", `${IMPORT}const n = "a";\nexport const train = |step({ name: n });`, "train"],
    ["several lines", `${IMPORT}export const train =\n  |step({\n    name: "a",\n    run() { return other(() => 1); },\n  });`, "train"],
  ])("%s", (_, source, name) => {
    expect(identify(source, "a", { "src/ml.ts": `export { step } from "mlstack";` })).toEqual(found(name));
  });

  test("columns may be off by a few", () => {
    expect(identify(`${IMPORT}export const train = |step({ name: "a", run() { return f(1); } });`, "a", {}, -5)).toEqual(found("train"));
  });
});

describe("steps that have none", () => {
  test.each([
    ["made inside of a function", `${IMPORT}export function make() {\n  return |step({ name: "a" });\n}`, "inside of a function"],
    ["made by a function of the project", `${IMPORT}const make = (n: number) =>\n  |step({ name: "a", run: () => n });\nexport const train = make(3);`, "inside of a function"],
    ["made in a loop", `${IMPORT}export const all = [1, 2].map((n) =>\n  |step({ name: "a", run: () => n }));`, "inside of a function"],
    ["made in a statement", `${IMPORT}for (const n of [1]) {\n  |step({ name: "a", run: () => n });\n}`, "not just the call"],
    ["one of two", `${IMPORT}export const train = Math.random() > 0.5 ? |step({ name: "a" }) : null;`, "not just the call"],
    ["held by an object", `${IMPORT}export const steps = { train: |step({ name: "a" }) };`, "not just the call"],
    ["held by a list", `${IMPORT}export const [train] = [|step({ name: "a" })];`, "not just the call"],
    ["handed on", `${IMPORT}const wrap = <T>(x: T) => x;\nexport const train = wrap(|step({ name: "a" }));`, "not just the call"],
    ["not exported", `${IMPORT}const train = |step({ name: "a" });`, "not exported"],
    ["under another name in the source", `${IMPORT}export const train = |step({ name: "b" });`, "not just the call"],
    ["assigned again", `${IMPORT}export let train = |step({ name: "a" });\ntrain = step({ name: "c" });`, "assigned more than once"],
    ["made by a function called step", `const step = (x: object) => x;\nexport const train = |step({ name: "a" });`, "not just the call"],
    ["made by a step that hides mlstack's", `${IMPORT}{\n  const step = (x: object) => x;\n  |step({ name: "a" });\n}`, "not just the call"],
    ["in a namespace", `${IMPORT}export namespace N {\n  export const train = |step({ name: "a" });\n}`, "not just the call"],
    ["in a class", `${IMPORT}export class C {\n  static train = |step({ name: "a" });\n}`, "inside of a function"],
  ])("%s", (_, source, text) => {
    expect(identify(source)).toMatchObject(refused(text));
  });

  test("in a line that holds no call", () => { expect(identify(`${IMPORT}\n|\nexport const train = step({ name: "a" });`)).toMatchObject(refused("not found")); });
  test("without a place", () => { expect(codeAnalyzer({ projectDir: "/" }).identify(undefined, "a")).toMatchObject(refused("not known")); });
  test("outside of the project's code", () => {
    project = new TestProject({});
    expect(codeAnalyzer({ projectDir: project.dir }).identify({ file: `${project.dir}/node_modules/zod/index.js`, line: 1, column: 1 }, "a")).toMatchObject(refused("outside"));
  });
  test("where the file cannot be parsed", () => { expect(identify(`${IMPORT}export const = |step({ name: "a" });`)).toMatchObject({ rule: "unreadable-module", at: expect.stringMatching(/^src\/steps\.ts:2:\d+$/) as string }); });
});
