import { contractRegistry } from "@mlstack/core";
import { describe, expect, test } from "vitest";
import { packageOf } from "../tarball/package-json.ts";
import { madePlugin, type PluginOptions } from "../testing/plugins.ts";
import type { Policy } from "./policy.ts";
import { resolveLocal } from "./resolve-local.ts";

const resolve = (options: PluginOptions, policy: Policy = {}) => resolveLocal(packageOf(madePlugin(options).files["package.json"]!, "x"), { project: { coreVersion: "0.1.0", contracts: contractRegistry(), nodeVersion: "24.11.0" }, policy, now: new Date() });

describe("a tarball or folder of one's own", () => {
  test("fits by what it says of itself; nobody knows its age", () => {
    expect(resolve({}, { minimumAge: 1000 })).toMatchObject({ core: "^0.1.0" });
    expect(resolve({}, { allowed: ["@acme"] })).toMatchObject({ core: "^0.1.0" });
  });

  test.each<[string, PluginOptions, Policy, string]>([
    ["core", { core: "^9.0.0" }, {}, "MLS2004"], ["contract", { contract: "artifact_store@9" }, {}, "MLS2003"], ["Node", { node: ">=99" }, {}, "MLS8403"], ["no manifest", { more: { mlstack: undefined } }, {}, "MLS8407"], ["scope", {}, { allowed: ["@mlstack"] }, "MLS8404"],
    ["a second core", { more: { dependencies: { "@mlstack/core": "^9.0.0" } } }, {}, "MLS2004"],
  ])("is refused for its %s", (_what, options, policy, code) => {
    expect(() => resolve(options, policy)).toThrow(expect.objectContaining({ code }) as Error);
  });
});
