import { SourceMap } from "node:module";
import { expect, test } from "vitest";
import { transformTool } from "./oxc.ts";
import { shiftColumns } from "./source-map.ts";
import { rewrite } from "./specifiers.ts";

test("positions stay right when specifiers are replaced by longer and shorter ones", () => {
  const source = `import { a } from "./a";\nconst x: number = 1;\nexport const y = [await import("./some/long/name"), a(), import("./b"), a(x)] as unknown;\nexport { z } from "./z";\n`;
  const { code, map } = transformTool().transformSync("a.ts", source, { sourcemap: true });
  const { code: linked, edits } = rewrite("a.ts", code, "module", ({ specifier }) => JSON.stringify(specifier === "./b" ? "./a/much/longer/one.mjs" : "./s"));
  expect(linked).toContain(`import("./s"), a(), import("./a/much/longer/one.mjs"), a(x)`.replaceAll(", ", linked.includes(",\n") ? ",\n\t" : ", "));
  const moved = new SourceMap({ ...map!, file: "a.mjs", sourceRoot: "", mappings: shiftColumns(map!.mappings, edits) } as never);
  for (const mark of ["a()", "a(x)", "y ="]) {
    const at = linked.indexOf(mark);
    const line = linked.slice(0, at).split("\n").length;
    const column = at - linked.lastIndexOf("\n", at - 1);
    const found = moved.findOrigin(line, column) as { lineNumber: number; columnNumber: number };
    const want = source.indexOf(mark);
    expect([found.lineNumber, found.columnNumber], mark).toEqual([source.slice(0, want).split("\n").length, want - source.lastIndexOf("\n", want - 1)]);
  }
});
