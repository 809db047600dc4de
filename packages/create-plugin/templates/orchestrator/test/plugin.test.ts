import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StepSpec } from "@mlstack/core";
import { pluginConformance } from "@mlstack/testkit/conformance";
import { afterEach, beforeEach, expect, test } from "vitest";
import targets from "../conformance.ts";
import { acmeOrchestrator } from "../src/orchestrator.ts";

// every promise of the contract
pluginConformance(test, join(import.meta.dirname, ".."), targets);

// and what is this orchestrator's own
let dir: string;
beforeEach(() => { dir = realpathSync(mkdtempSync(join(tmpdir(), "acme-"))); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });

test("a step prints what it is, and its tail has it", { timeout: 60_000 }, async () => {
  const bin = join(dir, "node_modules", "mlstack", "bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "mlstack.js"), `const { node } = JSON.parse(require("node:fs").readFileSync("spec.json", "utf8"));\nconsole.log(process.argv.slice(2).join(" "), node);\n`);
  const { launch } = acmeOrchestrator({ concurrency: 1, packagesFrom: "." }, dir);
  const step = await launch!.start({ spec: { runId: "r", node: "train", ordinal: 0, attempt: 1 } as StepSpec, command: ["step", "run"], env: {} });
  expect(await step.ended).toEqual({ status: "exited", exitCode: 0 });
  expect(await step.tail!()).toBe("step run train\n");
});

test("without mlstack in reach its check says so", async () => {
  expect(await acmeOrchestrator({ concurrency: 1, packagesFrom: "." }, dir).check!()).toMatchObject([{ name: "packages in reach", ok: false }]);
});
