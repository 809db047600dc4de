import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Conformance } from "../catalog/build-catalog.ts";
import { packageDigest } from "./report.ts";
import { SUITES, type Suite } from "./suites.ts";

export const EVIDENCE = ".evidence";

export interface Kept {
  /** Those that are about what would be published now. */
  readonly reports: readonly Conformance[];
  /** Those that are about other files, in words. */
  readonly stale: readonly string[];
}

/** The reports that `npm run evidence` has left, each compared with the files of its package as they are now. */
export async function keptReports(root: string, suites: readonly Suite[] = SUITES, digestOf: (folder: string) => Promise<string> = packageDigest): Promise<Kept> {
  const folder = join(root, EVIDENCE);
  const all = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")).sort().map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Conformance) : [];
  const reports: Conformance[] = [];
  const stale: string[] = [];
  for (const report of all) {
    const suite = suites.find((s) => s.package === report.package && s.contract === report.contract && s.flavor === report.flavor);
    const now = suite === undefined ? undefined : await digestOf(join(root, suite.folder));
    if (now === report.files) reports.push(report);
    else stale.push(`the report of ${report.contract} by ${report.package} is about other files than those that are there now: npm run evidence`);
  }
  return { reports, stale };
}
