// npm run site [-- FOLDER]: writes the marketplace's pages, by default into .site. They need no server of their own: any that serves files does.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { root } from "../bootstrap/install.mjs";
import { catalogIn } from "../catalog/generated.ts";
import { siteFiles } from "./site.ts";

/** Writes the site beside what is there, and puts it in its place at the end. */
export function writeSite(folder: string): number {
  const files = Object.entries(siteFiles(catalogIn(root)));
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

if (process.argv[1] === import.meta.filename) {
  const folder = resolve(process.argv[2] ?? join(root, ".site"));
  console.log(`${writeSite(folder)} files in ${relative(process.cwd(), folder) || "."}`);
}
