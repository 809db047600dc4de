import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../bootstrap/install.mjs";
import { clausesOf, problemsOf } from "./clauses.ts";
import { KITS, type Kit } from "./kits.ts";
import { LEFT_OUT } from "./left-out.ts";
import { CLAUSES_PAGE, clausesPage, sourceOf } from "./page.ts";
import { quotes, sentencesOf } from "./sentences.ts";

describe("each contract", () => {
  test.each(KITS.map((kit) => [kit.suite.contract, kit] as const))("%s: each clause has a known-bad, and each sentence a case or a reason", (contract, kit) => {
    expect(problemsOf(kit, sourceOf(kit), LEFT_OUT[contract] ?? [])).toEqual([]);
  });
  test("docs/plugins/clauses.md is what they say: npm run clauses", () => { expect(readFileSync(join(root, CLAUSES_PAGE), "utf8")).toBe(clausesPage()); });
});

const kit: Kit = {
  suite: { contract: "acme.index@1", cases: [{ id: "a", title: "", clause: "Finds what is nearest" }, { id: "b", title: "", clause: "Finds what is nearest" }, { id: "c", title: "", clause: "Counts" }] },
  noun: "an index", files: [], bads: [{ fault: "finds nothing", killers: ["a"] }, { fault: "miscounts", killers: ["c"] }],
};
const source = "/**\n * Finds what is nearest.\n * Counts.\n */\n/** For nobody in particular. */";

describe("a map of clauses", () => {
  test("has the cases of a clause together, and what any of them refuses", () => {
    expect(clausesOf(kit).map(({ text, cases, faults }) => [text, cases.map(({ id }) => id), faults])).toEqual([["Finds what is nearest", ["a", "b"], ["finds nothing"]], ["Counts", ["c"], ["miscounts"]]]);
  });
  test("sees a clause that nothing breaks, a killer that is no case, a sentence that nobody has thought of, and one that is gone", () => {
    const why = [{ why: "it is so", sentences: ["For nobody"] }];
    expect(problemsOf(kit, source, why)).toEqual([]);
    expect(problemsOf({ ...kit, bads: kit.bads.slice(0, 1) }, source, why)).toEqual([expect.stringContaining('no known-bad breaks "Counts"')]);
    expect(problemsOf({ ...kit, bads: [...kit.bads, { fault: "lies", killers: ["d"] }] }, source, why)).toEqual([expect.stringContaining("d, which is to refuse one that lies")]);
    expect(problemsOf(kit, source, [])).toEqual([expect.stringContaining('no case quotes "For nobody in particular."')]);
    expect(problemsOf(kit, source, [...why, { why: "", sentences: ["Forgets"] }])).toEqual([expect.stringContaining('names "Forgets"')]);
  });
});

test("sentences are those of doc comments, and are quoted by four words in a row", () => {
  expect(sentencesOf("/** One `a.b`. Two; @throws X1 when it fails */\n// not this.\n/**\n * Three\n * goes on.\n *\n * - four\n */")).toEqual([
    { text: "One `a.b`.", line: 1 }, { text: "Two;", line: 1 }, { text: "@throws X1 when it fails", line: 1 }, { text: "Three goes on.", line: 3 }, { text: "- four", line: 3 },
  ]);
  expect(quotes("whatever, it opens an OBJECT for reading now", "Opens an object for reading, or not at all.")).toBe(true);
  expect(quotes("opens an object", "Opens an object for reading.")).toBe(false);
  expect(quotes("it is of none", "None.")).toBe(true);
  expect(quotes("it is nonesuch", "None.")).toBe(false);
});
