import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { keptReports } from "./kept.ts";
import { packageDigest, reportOf } from "./report.ts";
import { wrongStability } from "./stability.ts";
import { SUITES, type Suite } from "./suites.ts";

const suite: Suite = { package: "@acme/x", folder: "x", contract: "artifact_store@1", flavor: "x", suite: "suites/store", test: "x.test.ts", cases: async () => ["a", "b", "c", "d"] };
const about = { version: "1.0.0", core: "0.1.0", files: "sha256:1" };
const run = (...results: readonly (readonly [title: string, status: string, skipped?: string])[]) => ({ testResults: [{ assertionResults: results.map(([title, status, skipped]) => ({ title, status, meta: skipped === undefined ? {} : { skipped } })) }] });

describe("reportOf", () => {
  test("counts the suite's cases, and no other test of the file", () => {
    expect(reportOf(suite, ["a", "b", "c"], run(["a", "passed"], ["b", "failed"], ["c", "skipped", "not declared"], ["another test", "passed"]), about))
      .toEqual({ package: "@acme/x", contract: "artifact_store@1", flavor: "x", suite: "suites/store", ...about, passed: 1, failed: 1, skipped: [{ id: "c", reason: "not declared" }] });
  });
  test("knows a case by its id, where its test has a sentence for a title, and in its own file only", () => {
    const result = (id: string, status: string) => ({ title: `${id}: a sentence`, status, meta: { conformance: id } });
    const files = { testResults: [{ name: "/clone/x.test.ts", assertionResults: [result("a", "passed")] }, { name: "/clone/y.test.ts", assertionResults: [result("a", "failed"), result("b", "passed")] }] };
    expect(reportOf(suite, ["a", "b"], files, about)).toMatchObject({ passed: 1, failed: 1 });
  });
  test("a case that was not run has failed, and so have all where nothing ran", () => {
    expect(reportOf(suite, ["a", "b"], run(["a", "passed"]), about)).toMatchObject({ passed: 1, failed: 1 });
    expect(reportOf(suite, ["a", "b"], { testResults: [] }, about)).toMatchObject({ passed: 0, failed: 2 });
    // a server that did not start
    expect(reportOf(suite, ["a", "b"], run(["a", "skipped"], ["b", "pending"]), about)).toMatchObject({ passed: 0, failed: 2, skipped: [] });
  });
});

describe("kept reports", () => {
  let dir: string;
  beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-evidence-")); });
  afterEach(() => { rmSync(dir, { recursive: true, force: true }); });
  const report = reportOf(suite, ["a"], run(["a", "passed"]), about);
  const keep = (name: string, value: unknown): void => { mkdirSync(join(dir, ".evidence"), { recursive: true }); writeFileSync(join(dir, ".evidence", name), JSON.stringify(value)); };

  test("count while their package's files are those that they are about", async () => {
    keep("x.json", report);
    expect(await keptReports(dir, [suite], async (folder) => { expect(folder).toBe(join(dir, "x")); return "sha256:1"; })).toEqual({ reports: [report], stale: [] });
    expect(await keptReports(dir, [suite], async () => "sha256:2")).toEqual({ reports: [], stale: [expect.stringContaining("artifact_store@1 by @acme/x is about other files")] });
  });
  test("of a suite that is gone they count no longer; where there are none, there are none", async () => {
    keep("x.json", { ...report, flavor: "y" });
    expect((await keptReports(dir, [suite], async () => "sha256:1")).reports).toEqual([]);
    expect(await keptReports(join(dir, "nowhere"), [suite])).toEqual({ reports: [], stale: [] });
  });
  test("the digest is that of the files that would be published, and changes with each of them", async () => {
    writeFileSync(join(dir, "package.json"), JSON.stringify({ name: "x", version: "1.0.0", files: ["a.js"] }));
    writeFileSync(join(dir, "a.js"), "1");
    const first = await packageDigest(dir);
    writeFileSync(join(dir, "not-published.js"), "1");
    expect(await packageDigest(dir)).toBe(first);
    writeFileSync(join(dir, "a.js"), "2");
    expect(await packageDigest(dir)).not.toBe(first);
  }, 60_000);
});

test("a contract is stable once its suite is run on two flavors, and not before", () => {
  expect(wrongStability()).toEqual([]);
  expect(wrongStability(SUITES.filter(({ flavor }) => flavor !== "s3"))).toEqual(["artifact_store@1 is stable, and its suite is run on local"]);
});

test("the suites that are named have cases", async () => { for (const one of SUITES) expect((await one.cases()).length).toBeGreaterThan(5); });
