// npm run contract-docs [-- --check]: writes docs/plugins/contracts from core's doc comments and the testkit's suites, or compares them.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { contractRegistry } from "../../packages/core/dist/index.js";
import * as kit from "../../packages/testkit/dist/conformance/index.js";
import { root } from "../bootstrap/install.mjs";
import { contractPages, FOLDER, type Suite } from "./pages.ts";

const isSuite = (value: unknown): value is Omit<Suite, "export"> => typeof value === "object" && value !== null && "contract" in value && "cases" in value && Array.isArray(value.cases);
const suites = Object.entries(kit as Readonly<Record<string, unknown>>).flatMap(([name, value]): Suite[] => (isSuite(value) ? [{ contract: value.contract, cases: value.cases, export: name }] : []));

const check = process.argv.includes("--check");
const pages = contractPages(root, suites, contractRegistry());
const folder = join(root, FOLDER);
const surplus = existsSync(folder) ? readdirSync(folder).map((name) => `${FOLDER}/${name}`).filter((path) => !(path in pages)) : [];
const stale = Object.entries(pages).filter(([path, text]) => !existsSync(join(root, path)) || readFileSync(join(root, path), "utf8") !== text);

for (const path of [...stale.map(([one]) => one), ...surplus].filter(() => check)) {
  console.error(`${path} is not what the doc comments and suites say; run npm run contract-docs`);
  process.exitCode = 1;
}
if (!check) {
  mkdirSync(folder, { recursive: true });
  for (const path of surplus) rmSync(join(root, path));
  for (const [path, text] of stale) { writeFileSync(join(root, path), text); console.log(`${path} written`); }
}
