import { ERROR_CODES } from "@mlstack/core";
import { expect, test } from "vitest";
import { EXPLANATIONS } from "./texts.ts";

test.each(Object.keys(ERROR_CODES))("%s is explained, in sentences, with what mends it", (code) => {
  const text = (EXPLANATIONS as Readonly<Record<string, (typeof EXPLANATIONS)["MLS9001"]>>)[code];
  expect(text?.why).toMatch(/^(?:[A-Z"]|mlstack |build\(\)|file\(\)).*\.$/s);
  expect(text?.mends.length).toBeGreaterThan(0);
  for (const mend of text?.mends ?? []) expect(mend).not.toMatch(/\.$/);
});

test("nothing else is", () => { expect(Object.keys(EXPLANATIONS)).toEqual(Object.keys(ERROR_CODES)); });
