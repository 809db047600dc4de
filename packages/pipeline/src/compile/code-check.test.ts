import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { codeAnalyzer } from "./analyzer.ts";
import { compileModule } from "./compile.ts";
import { noteFile, noteLink, noteSource, processLoads, sourceText } from "./loads.ts";
import { TestProject, type Files } from "./testing/project.ts";
import { settingsFinder } from "./tsconfig.ts";

/*
 * What the hooks note is noted here by hand: processes that really load and change things are in tests/e2e/edited-process.test.ts. Files
 * that are not noted were all written after this process was started.
 */
const open: TestProject[] = [];
afterEach(() => { for (const p of open.splice(0)) p[Symbol.dispose](); });

const FILES: Files = {
  "a.ts": `import { x } from "./barrel"; import data from "./data.json"; export const it = async (): Promise<unknown> => [x, data, await import("./late")];`,
  "barrel.ts": `export * from "./x";`, "x.ts": "export const x: number = 1;", "data.json": `{"k":1}`, "late.ts": "export const late = 1;", "other.ts": "export const other = 1;",
};

/** A project whose files this process has loaded as they are, but for some; and the check of its export. */
function loaded(but: Readonly<Record<string, string | undefined>> = {}, files: Files = FILES) {
  const project = new TestProject(files);
  open.push(project);
  const file = (path: string) => join(project.dir, path);
  const note = (path: string, text: string) => {
    noteSource(file(path), path.endsWith(".ts") ? { text: compileModule(file(path), text, "module", settingsFinder()(project.dir)).code, format: "module" } : { text: sourceText(path, text), format: undefined });
  };
  for (const [path, text] of Object.entries(files)) {
    const as = path in but ? but[path] : text;
    if (typeof as === "string" && /^[^/]+\.(ts|json)$/.test(path)) note(path, as);
  }
  const analyzer = codeAnalyzer({ projectDir: project.dir });
  const check = analyzer.check(analyzer.fingerprint({ module: "a.ts", export: "it" }, { env: [], files: [] }));
  return { project, file, note, message: () => check.changed()?.message };
}

test("what was loaded as it was hashed, types, comments and layout apart, is the same code", () => {
  expect(loaded().message()).toBeUndefined();
  expect(loaded({ "x.ts": "// more\nexport const x =\n  /* a */ 1; export type X = 1;", "data.json": `{ "k": 1 }`, "other.ts": "export const other = 2;" }).message()).toBeUndefined();
});

test.each([
  ["a.ts", `export const it = 1;`], ["barrel.ts", `export { y as x } from "./x";`], ["x.ts", "export const x = 2;"], ["data.json", `{"k":2}`], ["data.json", `{"k":`], ["late.ts", "export const late = 2;"],
])("%s was loaded otherwise", (path, text) => { expect(loaded({ [path]: text }).message()).toMatch(`${path} was changed after this process had loaded it`); });

test("a file that was loaded twice runs in both forms", () => {
  const { note, message } = loaded();
  expect(message()).toBeUndefined();
  note("x.ts", "export const x = 2;");
  expect(message()).toMatch("x.ts was changed");
});

test("what is loaded only when it is asked for is judged when it was", () => {
  const early = loaded();
  early.note("late.ts", "export const late = 3;");
  expect(early.message()).toMatch("late.ts was changed after this process had loaded it");
});

test("another format of the same text is another module", () => {
  const { file, message } = loaded({ "x.ts": undefined });
  expect(message()).toMatch("x.ts was changed after this process was started");
  const other = loaded();
  noteSource(other.file("x.ts"), { text: compileModule(other.file("x.ts"), FILES["x.ts"] as string, "module", settingsFinder()(other.project.dir)).code, format: "commonjs" });
  expect(other.message()).toMatch("x.ts was changed after this process had loaded it");
  expect(file("x.ts")).not.toBe(other.file("x.ts"));
});

test.each([
  ["./x", "other.ts", /"\.\/x" in barrel\.ts leads to x\.ts, and has led to other\.ts in this process/], ["./x", "x.ts", undefined], ["lodash", "node_modules/lodash/index.js", undefined],
  ["lodash", "vendor/node_modules/lodash/index.js", /"lodash" in barrel\.ts leads to node_modules\/lodash/], ["mlstack", "somewhere/mlstack.js", undefined],
])("an import of %s that has led to %s", (specifier, to, expected) => {
  const { file, message } = loaded();
  expect(message()).toBeUndefined();
  noteLink({ parent: file("other.ts"), specifier, mode: "import", file: file("x.ts") });
  noteLink({ parent: file("barrel.ts"), specifier, mode: "import", file: file(to) });
  if (expected === undefined) expect(message()).toBeUndefined(); else expect(message()).toMatch(expected);
});

test("what is asked for again and again is noted once", () => {
  const link = { parent: "/p/a.ts", specifier: "./b", mode: "require", file: "/p/b.ts" } as const;
  const { links, files, sources } = processLoads();
  const before = [links.length, files.length];
  for (let i = 0; i < 3; i++) { noteLink(link); noteFile("/p/node_modules/x/i.js", "state"); noteSource("/p/b.ts", { text: "1", format: "module" }); }
  expect([links.length, files.length]).toEqual(before.map((n) => n + 1));
  noteLink({ ...link, file: "/p/c.ts" });
  noteSource("/p/b.ts", { text: "2", format: "module" });
  expect([links.length - before[0]!, sources.get("/p/b.ts")?.length]).toEqual([2, 2]);
});
