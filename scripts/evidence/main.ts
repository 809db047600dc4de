// npm run evidence [-- --check]: runs the contracts' suites and keeps what they found, with the digest of the files that it was about. The site and the
// catalog that is published have these reports; `--check` runs the suites again and compares.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../bootstrap/install.mjs";
import { EVIDENCE } from "./kept.ts";
import { packageDigest, reportOf, type TestRun } from "./report.ts";
import { SUITES, type Suite } from "./suites.ts";

const versionIn = (folder: string): string => (JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as { version: string }).version;

function runTest(test: string): TestRun {
  const dir = mkdtempSync(join(tmpdir(), "mlstack-evidence-"));
  const file = join(dir, "report.json");
  try {
    spawnSync(process.execPath, [join(root, "node_modules", "vitest", "vitest.mjs"), "run", test, "--reporter=dot", "--reporter=json", `--outputFile.json=${file}`], { cwd: root, env: { ...process.env, MLSTACK_SKIP_TYPES: "1" }, stdio: ["ignore", "ignore", "inherit"] });
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as TestRun) : { testResults: [] };
  } finally { rmSync(dir, { recursive: true, force: true }); }
}

async function measured(suite: Suite): Promise<string> {
  const files = await packageDigest(join(root, suite.folder));
  const report = reportOf(suite, await suite.cases(), runTest(suite.test), { version: versionIn(suite.folder), core: versionIn("packages/core"), files });
  console.log(`${suite.contract} by ${suite.package} (${suite.flavor}): ${report.passed} passed, ${report.failed} failed, ${report.skipped.length} skipped`);
  if (report.failed > 0) process.exitCode = 1;
  return `${JSON.stringify(report, null, 2)}\n`;
}

mkdirSync(join(root, EVIDENCE), { recursive: true });
for (const suite of SUITES) {
  const file = join(root, EVIDENCE, `${suite.package.replace(/^@/, "").replace("/", "-")}-${suite.contract.replace("@", "-")}-${suite.flavor}.json`);
  const text = await measured(suite);
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
    console.error(`${file} says something else`);
    process.exitCode = 1;
  }
}
