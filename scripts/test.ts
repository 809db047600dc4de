// npm test [-- vitest arguments]: the suite on every supported Node, one line per version.
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { install, nodeIn, root, withPath } from "./bootstrap/install.mjs";
import { tallyOf, type Tally } from "./report/tally.ts";

const MAJORS = [24, 22, 26];

function versionOf(node: string): string {
  return spawnSync(node, ["-p", "process.versions.node"], { encoding: "utf8" }).stdout.trim();
}

/** The program for one major version: this process's own where it fits, else the one in tools/. */
function nodeFor(major: number): string | undefined {
  const own = Number(process.versions.node.split(".")[0]);
  if (own === major) return process.execPath;
  const folder = join(root, "tools", major === 24 ? "node" : `node${major}`);
  install(folder, `Node ${major}`, process.execPath, process.env);
  const node = nodeIn(folder);
  return node !== undefined && versionOf(node).startsWith(`${major}.`) ? node : undefined;
}

function runSuite(node: string, args: readonly string[], checkTypes: boolean): Tally {
  const folder = mkdtempSync(join(tmpdir(), "mlstack-test-"));
  const report = join(folder, "report.json");
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const env = withPath({ ...process.env, ...(checkTypes ? {} : { MLSTACK_SKIP_TYPES: "1" }) }, dirname(node));
  const all = [vitest, "run", "--reporter=dot", "--reporter=json", `--outputFile.json=${report}`, ...args];
  const { status } = spawnSync(node, all, { cwd: root, env, stdio: ["ignore", "inherit", "inherit"] });
  const tally = tallyOf(status, report);
  rmSync(folder, { recursive: true, force: true });
  return tally;
}

const lines: string[] = [];
const notes: string[] = [];
let failures = 0;
let typesChecked = false;
for (const major of MAJORS) {
  const node = nodeFor(major);
  if (node === undefined) {
    lines.push(`node ${major}: not run, npm has no binary of it for ${process.platform}-${process.arch}`);
    continue;
  }
  const { passed, failed, skipped, reasons } = runSuite(node, process.argv.slice(2), !typesChecked);
  typesChecked = true;
  failures += failed;
  lines.push(`node ${versionOf(node)}: ${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`);
  for (const reason of reasons) notes.push(`node ${major}, skipped: ${reason}`);
}
console.log([...notes, ...lines].join("\n"));
const summary = process.env["MLSTACK_SUMMARY"];
if (summary !== undefined) appendFileSync(summary, lines.map((line) => `${line}\n`).join(""));
process.exitCode = failures === 0 ? 0 : 1;
