import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileDigests, filesDigest, readTarball } from "../../packages/hub/dist/index.js";
import { isWindows } from "../bootstrap/install.mjs";
import type { Conformance } from "../catalog/build-catalog.ts";
import type { Suite } from "./suites.ts";

/** What is read of vitest's JSON report. */
export interface TestRun {
  readonly testResults: readonly { /** Path of the test file. */ readonly name?: string; readonly assertionResults: readonly { readonly title: string; readonly status: string; readonly meta?: { readonly conformance?: string; readonly skipped?: string } }[] }[];
}

/**
 * What a run of a suite has found. A case that was not run counts as failed: nothing is known of it, and it was to be known. So does one that was skipped
 * without a reason, as all are where what they need did not start.
 */
export function reportOf({ package: pkg, contract, flavor, suite, test }: Suite, cases: readonly string[], run: TestRun, about: { readonly version: string; readonly core: string; readonly files: string }): Conformance {
  // a suite of the kit names its cases in `meta`; their tests have sentences for titles
  const results = new Map(run.testResults.filter(({ name = test }) => name.replaceAll("\\", "/").endsWith(test)).flatMap((file) => file.assertionResults).map((one) => [one.meta?.conformance ?? one.title, one]));
  const passed = cases.filter((id) => results.get(id)?.status === "passed");
  const skipped = cases.flatMap((id) => {
    const { status = "missing", meta } = results.get(id) ?? {};
    return (status === "skipped" || status === "pending") && meta?.skipped !== undefined ? [{ id, reason: meta.skipped }] : [];
  });
  return { package: pkg, contract, flavor, suite, ...about, passed: passed.length, failed: cases.length - passed.length - skipped.length, skipped };
}

/** The digest of a package's files as they would be published now: that of `files` in mlstack.lock. */
export async function packageDigest(folder: string): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), "mlstack-pack-"));
  try {
    const packed = JSON.parse(execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", dir], { cwd: folder, encoding: "utf8", shell: isWindows, stdio: ["ignore", "pipe", "ignore"] })) as readonly { readonly filename: string }[];
    return filesDigest(fileDigests(await readTarball(readFileSync(join(dir, packed[0]!.filename)), folder)));
  } finally { rmSync(dir, { recursive: true, force: true }); }
}
