// npm run test:live [-- vitest arguments]: the tests against real servers, on Node 24. Installs the servers first, which takes minutes once.
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { install, nodeIn, root, withPath } from "./bootstrap/install.mjs";
import { tallyOf, type Tally } from "./report/tally.ts";

const MAJOR = 24;
const inCi = process.env["CI"] === "true";

function nodeProgram(): string {
  if (process.versions.node.startsWith(`${MAJOR}.`)) return process.execPath;
  const folder = join(root, "tools", "node");
  install(folder, `Node ${MAJOR}`, process.execPath, process.env);
  const node = nodeIn(folder);
  if (node === undefined) throw new Error(`npm has no Node ${MAJOR} for ${process.platform}-${process.arch}: please run this with one`);
  return node;
}

/** Every module in tests/live/servers that exports `install` names a program of its own. */
async function installServers(): Promise<void> {
  const folder = join(root, "tests", "live", "servers");
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts")).sort()) {
    const module = (await import(pathToFileURL(join(folder, file)).href)) as { install?: () => Promise<string> };
    if (module.install === undefined) continue;
    const started = performance.now();
    process.stdout.write(`live: ${file.slice(0, -3)} … `);
    await module.install();
    console.log(`ready (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  }
}

function runTests(node: string, args: readonly string[]): Tally {
  const folder = mkdtempSync(join(tmpdir(), "mlstack-live-report-"));
  const report = join(folder, "report.json");
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const env = withPath({ ...process.env, MLSTACK_LIVE: "1", MLSTACK_SKIP_TYPES: "1" }, dirname(node));
  // what these tests print are measurements, so they are not silent; they wait for servers more than they compute
  const all = [vitest, "run", "--root", join(root, "tests", "live"), "--reporter=dot", "--reporter=json", `--outputFile.json=${report}`, `--maxWorkers=${Math.max(2, availableParallelism())}`, ...args];
  const { status } = spawnSync(node, all, { cwd: root, env, stdio: ["ignore", "inherit", "inherit"] });
  const tally = tallyOf(status, report);
  rmSync(folder, { recursive: true, force: true });
  return tally;
}

const node = nodeProgram();
await installServers();
const { passed, failed, skipped } = runTests(node, process.argv.slice(2));
// A live test that is skipped has proved nothing, and nobody would notice in CI.
const failures = failed + (inCi ? skipped : 0);
const line = `live: ${passed} passed, ${failures} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
console.log(line);
const summary = process.env["MLSTACK_SUMMARY"];
if (summary !== undefined) appendFileSync(summary, `${line}\n`);
process.exitCode = failures === 0 ? 0 : 1;
