import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { type Catalog, kindsOf, searchableOf } from "../../packages/hub/dist/index.js";
import { aliasPage } from "./alias-page.ts";
import { fileName } from "./html.ts";
import { MARK } from "./icons.ts";
import { integrationPage } from "./integration-page.ts";
import { listPage } from "./list-page.ts";
import { STATES } from "./words.ts";

const assets = join(import.meta.dirname, "assets");
const MATCH = join(import.meta.dirname, "..", "..", "packages", "hub", "src", "catalog", "match.ts");

/** The pages' script: how the command line matches words with integrations, and what puts that to use. No bundler: neither file needs one. */
export function script(): string {
  const plain = (file: string): string => stripTypeScriptTypes(readFileSync(file, "utf8")).replace(/^import .*$/gm, "").replace(/^export /gm, "").replace(/[ \t]+$/gm, "").replace(/\n{3,}/g, "\n\n");
  return `"use strict";\n(() => {\n${plain(MATCH)}\n${plain(join(import.meta.dirname, "browser", "site.ts"))}})();\n`;
}

/** What programs read of this site, and the page's own search. */
export function indexOf(catalog: Catalog): unknown {
  return {
    indexVersion: 1, core: catalog.core, aliases: catalog.aliases,
    integrations: catalog.integrations.map((i) => ({ ...searchableOf(i, catalog), state: i.state, source: i.source, package: i.package, version: i.version, kinds: kindsOf(i), page: `integrations/${fileName(i.name)}.html` })),
  };
}

/** All files of the site: paths from its root, and their text. The same catalog gives the same bytes. */
export function siteFiles(catalog: Catalog): Readonly<Record<string, string>> {
  const names = catalog.integrations.map((i) => i.name);
  const twice = names.find((name, n) => names.indexOf(name) !== n);
  if (twice !== undefined) throw new Error(`two integrations are called ${twice}: the page of one would take the place of the other's`);
  const kinds = [...new Set(catalog.integrations.flatMap((i) => kindsOf(i)))].sort();
  return {
    "index.html": listPage(catalog),
    "index.json": `${JSON.stringify(indexOf(catalog), null, 1)}\n`,
    "assets/site.css": readFileSync(join(assets, "site.css"), "utf8"),
    "assets/site.js": script(),
    "assets/icon.svg": `${MARK}\n`,
    ...Object.fromEntries(kinds.map((type) => [`types/${fileName(type)}.html`, listPage(catalog, { type })])),
    ...Object.fromEntries(STATES.map((state) => [`states/${state}.html`, listPage(catalog, { state })])),
    ...Object.fromEntries(catalog.integrations.map((i) => [`integrations/${fileName(i.name)}.html`, integrationPage(i, catalog)])),
    ...Object.fromEntries(catalog.aliases.filter((a) => a.integrations.length > 1).map((a) => [`aliases/${fileName(a.name)}.html`, aliasPage(a, catalog)])),
  };
}
