// npm run evidence [-- --check]: runs the contracts' suites and keeps what they found, with the digest of the files that it was about. The site and the
// catalog that is published have these reports; `--check` runs the suites again and compares. Servers that they need are installed first, once.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../bootstrap/install.mjs";
import { EVIDENCE } from "./kept.ts";
import { packageDigest, reportOf, type TestRun } from "./report.ts";
import { SUITES, type Suite } from "./suites.ts";

const versionIn = (folder: string): string => (JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as { version: string }).version;

async function installServers(): Promise<void> {
  for (const name of new Set(SUITES.flatMap(({ servers = [] }) => servers))) {
    const { install } = (await import(pathToFileURL(join(root, "tests", "live", "servers", `${name}.ts`)).href)) as { install(): Promise<string> };
    await install();
  }
}

/** All at once: they wait for servers and processes more than they compute. */
function runTests(tests: readonly string[]): TestRun {
  const dir = mkdtempSync(join(tmpdir(), "mlstack-evidence-"));
  const file = join(dir, "report.json");
  try {
    spawnSync(process.execPath, [join(root, "node_modules", "vitest", "vitest.mjs"), "run", ...tests, "--reporter=dot", "--reporter=json", `--outputFile.json=${file}`], { cwd: root, env: { ...process.env, MLSTACK_SKIP_TYPES: "1", MLSTACK_LIVE: "conformance" }, stdio: ["ignore", "ignore", "inherit"] });
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as TestRun) : { testResults: [] };
  } finally { rmSync(dir, { recursive: true, force: true }); }
}

async function measured(suite: Suite, run: TestRun): Promise<string> {
  const files = await packageDigest(join(root, suite.folder));
  const report = reportOf(suite, await suite.cases(), run, { version: versionIn(suite.folder), core: versionIn("packages/core"), files });
  console.log(`${suite.contract} by ${suite.package} (${suite.flavor}): ${report.passed} passed, ${report.failed} failed, ${report.skipped.length} skipped`);
  for (const { id, reason } of report.skipped) console.log(`  skipped: ${id}: ${reason}`);
  if (report.failed > 0) process.exitCode = 1;
  return `${JSON.stringify(report, null, 2)}\n`;
}

mkdirSync(join(root, EVIDENCE), { recursive: true });
await installServers();
const run = runTests(SUITES.map(({ test }) => test));
for (const suite of SUITES) {
  const file = join(root, EVIDENCE, `${suite.package.replace(/^@/, "").replace("/", "-")}-${suite.contract.replace("@", "-")}-${suite.flavor}.json`);
  const text = await measured(suite, run);
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
    console.error(`${file} says something else`);
    process.exitCode = 1;
  }
}
