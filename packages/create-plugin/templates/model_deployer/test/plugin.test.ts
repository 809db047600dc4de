import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pluginConformance } from "@mlstack/testkit/conformance";
import { afterEach, beforeEach, expect, test } from "vitest";
import targets from "../conformance.ts";
import { acmeDeployer } from "../src/deployer.ts";
import { records } from "../src/records.ts";

// every promise of the contract
pluginConformance(test, join(import.meta.dirname, ".."), targets);

// and what is this deployer's own
let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "acme-")); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });

test("where nothing was deployed there is nothing", async () => {
  const deployer = acmeDeployer({ folder: dir, path: "none" });
  const all = [];
  for await (const one of deployer.list()) all.push(one);
  expect([all, await deployer.get("flights")]).toEqual([[], undefined]);
  await expect(deployer.stop("flights")).rejects.toMatchObject({ code: "MLS6003", details: { reason: "not-found" } });
});

test("what a process has locked that is gone is locked no more", async () => {
  const root = join(dir, "models");
  mkdirSync(root);
  writeFileSync(join(root, ".flights.lock"), String(spawnSync(process.execPath, ["-e", ""]).pid));
  expect(await records(root).locked("flights", undefined, async () => "done")).toBe("done");
  expect(readdirSync(root)).toEqual([]);
});
