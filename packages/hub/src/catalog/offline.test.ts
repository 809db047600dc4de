import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

/** Every module that a module loads at once; packages by their names. */
function loaded(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, types, target = ""] of readFileSync(file, "utf8").matchAll(/^(?:import|export)(?: (type))? [^;]*? from "([^"]+)";/gm)) {
    if (types !== undefined) continue;
    if (target.startsWith(".")) loaded(join(dirname(file), target), seen); else seen.add(target);
  }
  return seen;
}

test("what only lists loads no schemas, no network and no tarballs", () => {
  const packages = [...loaded(join(import.meta.dirname, "offline.ts"))].filter((name) => !name.endsWith(".ts"));
  expect(packages.toSorted()).toEqual(["@mlstack/core/errors", "@mlstack/core/key-case"]);
  expect([...loaded(join(import.meta.dirname, "index.ts"))]).toContain("zod");
});
