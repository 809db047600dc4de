import { expect, test } from "vitest";
import { satisfies } from "./node-range.ts";

test.each([["22.18.0", false], ["22.19.0", true], ["22.30.1", true], ["23.9.0", false], ["24.10.9", false], ["24.11.0", true], ["25.0.0", false], ["26.0.0", true], ["27.1.0", true], ["20.20.2", false], ["26.0.0-nightly", true]])("%s: %s", (version, fits) => {
  expect(satisfies(version, "^22.19 || ^24.11 || >=26")).toBe(fits);
});
test("one version, and nothing", () => { expect([satisfies("1.2.3", "1.2.3"), satisfies("1.2.4", "1.2.3"), satisfies("1.2.3", "")]).toEqual([true, false, false]); });
