// Conventions that no other tool checks. Prints one line per rule and fails if any rule finds a problem.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "../bootstrap/install.mjs";
import { pluginProblems } from "./plugins.ts";
import { openRepo } from "./repo.ts";
import { rules } from "./rules/index.ts";

/** What is generated from the built packages, and the program that compares it with what was committed. */
const GENERATED: readonly (readonly [what: string, script: string])[] = [
  ["plugin manifests equal what the built plugins describe", "manifest.ts"],
  ["docs/plugins/contracts is what doc comments and suites say", "contract-docs/main.ts"],
  ["the catalog is what the manifests say", "catalog/main.ts"],
  ["docs/plugins/clauses.md is what suites, known-bads and contracts say", "clauses/main.ts"],
];

const matches = (script: string): boolean => spawnSync(process.execPath, [join(root, "scripts", script), "--check"], { cwd: root, stdio: "inherit" }).status === 0;

const repo = openRepo(root);
let failed = false;
for (const rule of rules) {
  const problems = rule.check(repo);
  failed ||= problems.length > 0;
  console.log([`${problems.length === 0 ? "ok  " : "FAIL"} ${rule.name}`, ...problems.map((problem) => `     ${problem}`)].join("\n"));
}
for (const [what, script] of GENERATED) {
  const same = matches(script);
  failed ||= !same;
  console.log(`${same ? "ok  " : "FAIL"} ${what}`);
}
const { errors, warnings } = await pluginProblems(root);
failed ||= errors.length > 0;
console.log([`${errors.length === 0 ? "ok  " : "FAIL"} plugins keep the conventions of plugins`, ...errors.map((problem) => `     ${problem}`), ...warnings.map((problem) => `     (warning) ${problem}`)].join("\n"));
process.exitCode = failed ? 1 : 0;
