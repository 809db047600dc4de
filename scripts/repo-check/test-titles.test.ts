import { expect, it } from "vitest";
import { testTitlesOf } from "./test-titles.ts";

const titles = (text: string): string[] => testTitlesOf("a.test.ts", text);

it("finds tests however they are written, within their groups", () => {
  expect(titles(`
    test("plain", () => {});
    describe("group", () => {
      it.each([["a", "b"]])("of %s", async () => { expect(f("no title")).toBe(1); });
      describe.each(all.map((one) => [one.id, one] as const))("%s", () => { test.skipIf(isWindows)("sometimes", { timeout: 1 }, () => {}); });
      describe.skipIf(isWindows)("inner", () => { it(\`has \${a ? "b" : "c"} and "quotes"\`, () => {}); });
    });
    it.each\`a\`("tagged", () => {});
    test("after", () => {});
  `)).toEqual(["plain", "group › of %s", "group › %s › sometimes", 'group › inner › has ${…} and "quotes"', "tagged", "after"]);
});

it("leaves out what is switched off, what has no title, and what only looks like a test", () => {
  expect(titles(`
    test.skip("off", () => {}); it.todo("later"); describe.skip("group", () => { test("in it", () => {}); });
    test(title, () => {}); pattern.test("text"); /x/.test("y"); other.it("z"); // test("comment", () => {})
    const text = 'test("string")';
    test("on", () => {});
  `)).toEqual(["on"]);
});
