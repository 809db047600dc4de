import { expect, test } from "vitest";
import { silence } from "./silence.ts";

const lookedAt = (...seen: (string | undefined)[]): boolean[] => { const s = silence(); return seen.map((one) => s.look(one)); };

test("a driver is gone when six looks after one have seen no change", () => {
  expect(lookedAt("a", "a", "a", "a", "a", "a", "a")).toEqual([false, false, false, false, false, false, true]);
  expect(lookedAt("a", "a", "a", "a", "a", "a", "b", "b", "b").at(-1)).toBe(false);
});

test("one that has never said anything is silent, too", () => {
  expect(lookedAt("", "", "", "", "", "", "").at(-1)).toBe(true);
});

test("a store out of reach says nothing of the driver", () => {
  expect(lookedAt("a", "a", "a", "a", "a", undefined, "a", "a", "a", "a", "a", "a", "a")).toEqual([...Array.from({ length: 12 }, () => false), true]);
});
