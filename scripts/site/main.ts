// npm run site [-- FOLDER] [--registry]: writes the marketplace's pages, by default into .site. They need no server of their own: any that serves files does.
// With --registry what the registry of npm's settings knows is in them, too: versions, times, provenance, and the plugins of others.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { root } from "../bootstrap/install.mjs";
import { catalogIn } from "../catalog/generated.ts";
import type { Catalog } from "../catalog/build-catalog.ts";
import { MlstackError } from "../../packages/core/dist/index.js";
import { openRegistry, withRegistry } from "../../packages/hub/dist/index.js";
import { keptReports } from "../evidence/kept.ts";
import { siteFiles } from "./site.ts";

/** Writes the site beside what is there, and puts it in its place at the end. */
export function writeSite(folder: string, catalog: Catalog = catalogIn(root)): number {
  const files = Object.entries(siteFiles(catalog));
  const fresh = `${folder}.new`;
  // what is there is replaced: that may only be an earlier site
  if (existsSync(folder) && readdirSync(folder).length > 0 && !existsSync(join(folder, "assets", "site.js"))) throw new Error(`${folder} is there and is no site: nothing was written`);
  rmSync(fresh, { recursive: true, force: true });
  for (const [path, text] of files) {
    mkdirSync(dirname(join(fresh, path)), { recursive: true });
    writeFileSync(join(fresh, path), text);
  }
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
  return files.length;
}

async function fromRegistry(catalog: Catalog): Promise<Catalog> {
  const registry = await openRegistry({ projectDir: root, cacheDir: process.env["MLSTACK_SITE_CACHE"] ?? join(root, "node_modules", ".cache", "mlstack-site"), offline: false, env: process.env });
  const found = await withRegistry(catalog, registry);
  for (const one of found.ignored) console.warn(`left out ${one.package}: ${one.why}`);
  return found.catalog;
}

if (process.argv[1] === import.meta.filename) {
  const [given] = process.argv.slice(2).filter((arg) => !arg.startsWith("-"));
  const folder = resolve(given ?? join(root, ".site"));
  const { reports, stale } = await keptReports(root);
  for (const one of stale) console.warn(one);
  const catalog = catalogIn(root, reports);
  try {
    const count = writeSite(folder, process.argv.includes("--registry") ? await fromRegistry(catalog) : catalog);
    const shown = relative(process.cwd(), folder) || ".";
    console.log(`${count} files in ${shown}: open ${join(shown, "index.html")}`);
  } catch (e) {
    console.error(MlstackError.is(e) ? `${e.code}  ${e.message}${e.fix === undefined ? "" : `\n  fix   ${e.fix}`}` : e instanceof Error ? e.message : String(e));
    process.exitCode = 1;
  }
}
