import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pluginConformance } from "@mlstack/testkit/conformance";
import { afterEach, beforeEach, expect, test } from "vitest";
import targets from "../conformance.ts";
import { fileIndex } from "../src/file-index.ts";

// every promise of the contract
pluginConformance(test, join(import.meta.dirname, ".."), targets);

// and what is this flavor's own
let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "acme-")); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });

test("vectors that are kept at once are all in the file", async () => {
  const index = fileIndex("vectors.json", dir);
  await Promise.all(["a", "b", "c"].map((id, n) => index.upsert([{ id, vector: [n, 1] }])));
  expect(JSON.parse(readFileSync(join(dir, "vectors.json"), "utf8"))).toEqual({ a: [0, 1], b: [1, 1], c: [2, 1] });
});

test("a file that is no JSON is refused, and named", async () => {
  writeFileSync(join(dir, "vectors.json"), "{");
  await expect(fileIndex("vectors.json", dir).query([1], 1)).rejects.toMatchObject({ code: "MLS6003", message: expect.stringContaining("vectors.json") as string });
});
