import { describe, expect, test } from "vitest";
import { TestProject, type Files } from "./testing/project.ts";

/** A table that is made at the top of a module, by a function of which it matters what is known. */
function rules(imports: string, call: string, more: Files = {}): string[] {
  using project = new TestProject({ "a.ts": `${imports}\nconst TABLE = ${call};\nexport const it = () => TABLE;`, ...more });
  return [...new Set(project.fingerprint("a.ts", "it").uncached.map((r) => r.rule))];
}
const READER = `import { readFileSync } from "node:fs"; export const load = () => readFileSync("t.txt", "utf8"); export const format = () => ({});`;
const linked = (manifest: string): Files => ({ "plugin/package.json": `{"name":"plugin","type":"module","exports":"./index.ts"${manifest}}`, "plugin/index.ts": READER, "node_modules/plugin": { link: "../plugin" } });

describe("a plugin", () => {
  test("is trusted as far as its manifest lists pure exports", () => {
    expect(rules(`import { dataframe } from "frames";`, "dataframe()")).toEqual([]);
    expect(rules(`import * as frames from "frames";`, "frames.dataframe()")).toEqual([]);
    for (const [imports, call] of [[`import { load } from "frames";`, "load()"], [`import * as frames from "frames";`, "frames.load()"], [`import frames from "frames";`, "frames.dataframe()"], [`import { dataframe } from "frames";`, "dataframe.from()"]] as const) expect(rules(imports, call)).toEqual(["module-level-read"]);
  });
  test("that says nothing of it is a package like others", () => {
    for (const manifest of ["{}", `{"manifestVersion":1}`, `{"pure":true}`]) {
      const files = { "node_modules/plug/package.json": `{"name":"plug","type":"module","exports":"./index.js","mlstack":${manifest}}`, "node_modules/plug/index.js": "" };
      expect(rules(`import { load } from "plug";`, "load()", files)).toEqual(["module-level-read"]);
    }
  });
  test("that is linked is the project's own code, but for its pure exports", () => {
    const files = linked(`,"mlstack":{"manifestVersion":1,"pure":["format"]}`);
    expect(rules(`import { format } from "plugin";`, "format()", files)).toEqual([]);
    expect(rules(`import { load } from "plugin";`, "load()", files)).toEqual(["module-level-read"]);
    expect(rules(`import { load } from "plugin";`, "load()", linked(""))).toEqual(["module-level-read"]);
  });
});

test("what a project says of itself grants no trust, by whatever name it is imported", () => {
  const own = (name: string): Files => ({
    "package.json": `{"name":"${name}","type":"module","mlstack":{"manifestVersion":1,"pure":["load"]},"imports":{"#lib/*":"./lib/*.ts"},"exports":{"./*":"./lib/*.ts"}}`, "lib/cfg.ts": READER,
    "tsconfig.json": `{"compilerOptions":{"paths":{"@/*":["./lib/*"]}}}`,
  });
  for (const name of ["project", "mlstack"]) {
    for (const specifier of ["#lib/cfg", "./lib/cfg", "@/cfg", ...(name === "project" ? [`${name}/cfg`] : [])]) expect(rules(`import { load } from ${JSON.stringify(specifier)};`, "load()", own(name))).toEqual(["module-level-read"]);
  }
});

test("zod's own registry is nobody's, and may only be written to", () => {
  const reads = (code: string) => { using project = new TestProject({ "a.ts": `import { z } from "zod"; const S = z.string(); ${code}` }); return project.fingerprint("a.ts", "it").uncached.map((r) => r.rule); };
  expect(reads("export const it = () => z.globalRegistry.get(S);")).toEqual(["reassigned-binding"]);
  expect(reads("export const it = () => z.toJSONSchema(z.globalRegistry);")).toEqual(["reassigned-binding"]);
  expect(reads("z.globalRegistry.add(S, { title: 'x' }); export const it = () => S;")).toEqual([]);
  expect(reads("export const it = () => z.toJSONSchema(S);")).toEqual([]);
});
