// Conventions that no other tool checks. Prints one line per rule and fails if any rule finds a problem.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../bootstrap/install.mjs";
import { openRepo } from "./repo.ts";
import { rules } from "./rules/index.ts";

/** The manifests in package.json must be those that the built plugins describe; only a program that loads them can tell. */
function pluginManifestsMatch(): boolean {
  const script = join(root, "scripts", "manifest.ts");
  if (!existsSync(script)) return true;
  return spawnSync(process.execPath, [script, "--check"], { cwd: root, stdio: "inherit" }).status === 0;
}

const repo = openRepo(root);
let failed = false;
for (const rule of rules) {
  const problems = rule.check(repo);
  failed ||= problems.length > 0;
  console.log([`${problems.length === 0 ? "ok  " : "FAIL"} ${rule.name}`, ...problems.map((problem) => `     ${problem}`)].join("\n"));
}
const manifests = pluginManifestsMatch();
console.log(`${manifests ? "ok  " : "FAIL"} plugin manifests equal what the built plugins describe`);
process.exitCode = failed || !manifests ? 1 : 0;
