// npm run catalog [-- --check]: writes what is made from the integrations, their manifests and each other, or compares it. `--evidence`, before a release:
// with the reports that npm run evidence has kept.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../bootstrap/install.mjs";
import { keptReports } from "../evidence/kept.ts";
import { generated } from "./generated.ts";

const check = process.argv.includes("--check");
const { reports, stale } = process.argv.includes("--evidence") ? await keptReports(root) : { reports: [], stale: [] };
for (const one of stale) console.warn(one);
for (const [path, text] of Object.entries(generated(root, reports))) {
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
  if (check) {
    console.error(`${path} is not what scripts/catalog and the manifests say; run npm run catalog`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, text);
    console.log(`${path} written`);
  }
}
