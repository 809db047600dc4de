import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { contractRegistry, parseContractId } from "../contracts/registry.ts";
import { KNOWN_PLUGINS, PLANNED_TYPES } from "./known-plugins.ts";
import type { PluginManifest } from "./manifest.ts";

const packages = join(import.meta.dirname, "..", "..", "..");

test("known are the flavors of the workspace's plugins, with the packages that offer them", () => {
  const offered = readdirSync(packages).filter((name) => name.startsWith("plugin-")).flatMap((folder) => {
    const { name, mlstack } = JSON.parse(readFileSync(join(packages, folder, "package.json"), "utf8")) as { name: string; mlstack?: PluginManifest };
    return (mlstack?.components ?? []).flatMap((c) => [c.flavor, ...c.aliases].map((flavor) => `${parseContractId(c.contract)!.type}/${flavor} ${name}`));
  });
  expect(Object.entries(KNOWN_PLUGINS).flatMap(([type, of]) => Object.entries(of).map(([flavor, name]) => `${type}/${flavor} ${name}`)).toSorted()).toEqual(offered.toSorted());
});

test("a planned type has no contract", () => { for (const type of PLANNED_TYPES) expect(contractRegistry().has(type)).toBe(false); });
