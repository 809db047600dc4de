import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lastLines, logWriter } from "./deployment-log.ts";

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-log-")); });
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("the last lines, over files that are put aside, and no more than four of them", () => {
  for (let n = 0; n < 500; n += 100) {
    // a writer that is started again goes on
    const write = logWriter(dir, 2000);
    for (let i = n; i < n + 100; i++) write({ time: i, version: "v", text: `line ${i}` });
  }
  expect(readdirSync(dir).toSorted()).toEqual(["log.1.jsonl", "log.2.jsonl", "log.3.jsonl", "log.jsonl"]);
  for (const name of readdirSync(dir)) expect(statSync(join(dir, name)).size).toBeLessThanOrEqual(2000);
  expect(lastLines(dir, 90)).toEqual(Array.from({ length: 90 }, (_, i) => ({ time: 410 + i, version: "v", text: `line ${410 + i}` })));
  expect(lastLines(dir, 10_000).length).toBeLessThan(500);
  expect(lastLines(dir, 0)).toEqual([]);
});

test("a line that is half written, or in no folder, is no reason to fail", () => {
  logWriter(dir)({ time: 1, text: "whole" });
  appendFileSync(join(dir, "log.jsonl"), '{"time":2,"te');
  expect(lastLines(dir, 5)).toEqual([{ time: 1, text: "whole" }]);
  logWriter(join(dir, "nowhere"))({ time: 1, text: "lost" });
  expect(lastLines(join(dir, "nowhere"), 5)).toEqual([]);
});
