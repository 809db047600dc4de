// npm run test:site [-- vitest arguments]: the marketplace's pages in the Chromium that is on this machine. It installs nothing: npm run browser does.
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./bootstrap/install.mjs";
import { tallyOf, type Tally } from "./report/tally.ts";
import { chromiumPath, HOW_TO_INSTALL } from "../tests/site/testing/chromium.ts";

function runTests(args: readonly string[]): Tally {
  const folder = mkdtempSync(join(tmpdir(), "mlstack-site-report-"));
  const report = join(folder, "report.json");
  const all = [join(root, "node_modules", "vitest", "vitest.mjs"), "run", "--root", join(root, "tests", "site"), "--reporter=dot", "--reporter=json", `--outputFile.json=${report}`, "--maxWorkers=2", ...args];
  const { status } = spawnSync(process.execPath, all, { cwd: root, env: { ...process.env, MLSTACK_BROWSER: "1", MLSTACK_SKIP_TYPES: "1" }, stdio: ["ignore", "inherit", "inherit"] });
  const tally = tallyOf(status, report);
  rmSync(folder, { recursive: true, force: true });
  return tally;
}

let line: string;
if (chromiumPath() === undefined) {
  console.log(`site: ${HOW_TO_INSTALL}`);
  // Where nobody looks, what was not tested must not look as if it had been.
  const inCi = process.env["CI"] === "true";
  line = inCi ? "site: 0 passed, 1 failed" : "site: 0 passed, 0 failed, 1 skipped";
  process.exitCode = inCi ? 1 : 0;
} else {
  const { passed, failed, skipped } = runTests(process.argv.slice(2));
  line = `site: ${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
  process.exitCode = failed === 0 ? 0 : 1;
}
console.log(line);
const summary = process.env["MLSTACK_SUMMARY"];
if (summary !== undefined) appendFileSync(summary, `${line}\n`);
