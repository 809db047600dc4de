import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { packageFolders } from "../presets/workspaces.ts";
import { catalogSchema, type Catalog } from "../../packages/hub/dist/index.js";
import { buildCatalog, type Conformance, type PackageJson, type Sources } from "./build-catalog.ts";
import { ALIASES, INTEGRATIONS } from "./integrations.ts";
import { knownPlugins } from "./known-plugins.ts";

/** What this repository says. */
export function sourcesIn(root: string): Sources {
  const read = (folder: string): PackageJson => JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as PackageJson;
  const builtIn = new Set(Object.values(INTEGRATIONS).map((d) => d.builtIn));
  const all = packageFolders(root).map((folder) => ({ folder, pkg: read(folder) }));
  return {
    definitions: INTEGRATIONS, aliases: ALIASES, core: read("packages/core").version,
    packages: all.filter(({ folder, pkg }) => folder.startsWith("packages/plugin-") || builtIn.has(pkg.name)).map(({ pkg }) => pkg),
    read: (file) => (existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : undefined),
  };
}

/** The catalog of this repository; reports of suites are about one build, so none is in what is committed. */
export const catalogIn = (root: string, reports: readonly Conformance[] = []): Catalog => buildCatalog({ ...sourcesIn(root), reports });

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Files from the root, with their text. */
export function generated(root: string, reports: readonly Conformance[] = []): Readonly<Record<string, string>> {
  const catalog = catalogIn(root, reports);
  return {
    "packages/catalog/catalog.json": json(catalog),
    "packages/catalog/catalog.schema.json": json(z.toJSONSchema(catalogSchema)),
    "packages/core/src/plugin/known-plugins.ts": knownPlugins(catalog),
  };
}
