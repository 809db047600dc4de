// npm run catalog [-- --check]: writes what is made from the integrations, their manifests and each other, or compares it.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../bootstrap/install.mjs";
import { generated } from "./generated.ts";

const check = process.argv.includes("--check");
for (const [path, text] of Object.entries(generated(root))) {
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
