import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { tallyOf } from "./tally.ts";

const folder = mkdtempSync(join(tmpdir(), "mlstack-tally-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const reported = (text: string): string => { const file = join(folder, "report.json"); writeFileSync(file, text); return file; };
const report = (passed: number, failed: number, skipped = 0) => reported(JSON.stringify({ numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped, numTodoTests: 0 }));

test("what the report says is what came of it", () => {
  expect(tallyOf(0, report(7, 0, 1))).toEqual({ passed: 7, failed: 0, skipped: 1, reasons: [] });
  expect(tallyOf(1, report(7, 2))).toEqual({ passed: 7, failed: 2, skipped: 0, reasons: [] });
});

test("tests that did not run are named, with their reasons", () => {
  const assertionResults = [{ status: "passed", fullName: "a" }, { status: "skipped", fullName: "b", meta: { skipped: "no disk" } }, { status: "pending", fullName: "c" }];
  const file = reported(JSON.stringify({ numPassedTests: 1, numFailedTests: 0, numPendingTests: 2, numTodoTests: 0, testResults: [{ assertionResults }] }));
  expect(tallyOf(0, file)).toEqual({ passed: 1, failed: 0, skipped: 2, reasons: ["b: no disk", "c"] });
});

test.each<[string, number | null, () => string]>([
  ["no report", 0, () => join(folder, "none.json")], ["half a report", 0, () => reported('{"numPassedTests": 7, "numFai')], ["another document", 0, () => reported("{}")],
  ["an error outside of any test", 1, () => report(7, 0)], ["a process that was killed", null, () => report(7, 0)], ["nothing that passed", 0, () => report(0, 0, 3)],
])("%s is a failure", (_, status, file) => {
  expect(tallyOf(status, file()).failed).toBe(1);
});
