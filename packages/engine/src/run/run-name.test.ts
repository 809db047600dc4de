import { MlstackError } from "@mlstack/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runNameOf, type NameFacts } from "./run-name.ts";

const facts: NameFacts = { pipeline: "train", stack: "production", time: Date.UTC(2026, 10, 24, 9, 5, 3), n: () => 12, params: { lr: 0.1, "my.name": "a b/c", big: { x: 1 }, on: true } };
const refused = (template: string) => { try { return runNameOf(template, facts); } catch (e) { if (MlstackError.is(e, "MLS4030")) return `${e.why} | ${e.fix}`; throw e; } };

test("placeholders are filled in, in UTC", () => {
  expect(runNameOf("{pipeline}-{stack}-{date}_{time}-{n}", facts)).toBe("train-production-2026-11-24_09-05-03-12");
  expect(runNameOf("lr={params.lr}-{params.my.name}-{params.on}", facts)).toBe("lr=0.1-a-b-c-true");
  expect(runNameOf("plain", { ...facts, n: () => { throw new Error("nobody asked"); } })).toBe("plain");
});

describe("a name that can't be used is refused", () => {
  test.each([
    ["{dat}", "{dat} is not known; known are {pipeline}, {stack}, {date}, {time}, {n} and {params.NAME} | write {date}"], ["{params.rl}", 'the pipeline has no parameter "rl"; its parameters are "lr", "my.name", "big" and "on" | write {params.lr}'],
    ["{params.big}", 'the parameter "big" is no text, number or boolean | leave {params.big} out'], ["last", "it stands for the newest run | give another name"], ["", expect.stringContaining("begins with a letter")], ["a b", expect.stringContaining("begins with a letter")], ["a/b", expect.stringContaining("begins with a letter")], ["x".repeat(129), expect.stringContaining("at most 128")],
  ])("%s", (template, why) => { expect(refused(template)).toEqual(why); });

  test("and any other text is used as it is or refused with a code", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom("{", "}", "a", "b", ".", "n", "/", " ", "-", "_", "date", "params") })), (template) => {
      let name: string;
      try { name = runNameOf(template, facts); } catch (e) { expect(MlstackError.is(e, "MLS4030")).toBe(true); return; }
      expect(name).toMatch(/^[\w.:+=-]{1,128}$/);
    }));
  });
});
