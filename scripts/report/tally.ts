import { readFileSync } from "node:fs";

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** The tests that did not run, each with its reason. */
  readonly reasons: readonly string[];
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults?: readonly { readonly assertionResults: readonly { readonly status: string; readonly fullName: string; readonly meta?: { readonly skipped?: string } }[] }[];
}

/**
 * What a run of vitest came to, by its JSON report. A run without a report that can be read, and one that failed without a failed test (an
 * error outside of any test, a file that does not load, nothing found to test), count as one failure: they have proved nothing.
 *
 * @param status of vitest's process; null when it was killed
 */
export function tallyOf(status: number | null, report: string): Tally {
  const found = read(report);
  if (found === undefined) return { passed: 0, failed: 1, skipped: 0, reasons: [] };
  return (status !== 0 || found.passed === 0) && found.failed === 0 ? { ...found, failed: 1 } : found;
}

function read(report: string): Tally | undefined {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults = [] } = JSON.parse(readFileSync(report, "utf8")) as VitestReport;
    const counts = { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
    if (!Object.values(counts).every((n) => Number.isInteger(n))) return undefined;
    const skipped = testResults.flatMap((file) => file.assertionResults).filter((test) => test.status === "skipped" || test.status === "pending");
    return { ...counts, reasons: skipped.map((test) => [test.fullName, test.meta?.skipped].filter((part) => part !== undefined).join(": ")) };
  } catch { return undefined; }
}
