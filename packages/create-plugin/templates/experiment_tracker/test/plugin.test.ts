import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pluginConformance } from "@mlstack/testkit/conformance";
import { afterEach, beforeEach, expect, test } from "vitest";
import targets from "../conformance.ts";
import { acmeTracker } from "../src/tracker.ts";

// every promise of the contract
pluginConformance(test, join(import.meta.dirname, ".."), targets);

// and what is this tracker's own
let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "acme-")); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });

test("each event is a line of JSON", async () => {
  const tracker = acmeTracker("tracked", dir);
  const { externalId } = await tracker.startRun({ runId: "r1", pipeline: "p", params: {}, tags: {}, startedAt: new Date(0) });
  await tracker.log(externalId, [{ kind: "metric", key: "loss", value: Number.NaN, step: 0, id: "train/0.1/0", node: "train", attempt: 1, time: 0 }]);
  expect(readFileSync(join(dir, "tracked", "r1", "events.jsonl"), "utf8").trim()).toBe(`{"kind":"metric","key":"loss","value":"NaN","step":0,"id":"train/0.1/0","node":"train","attempt":1,"time":0}`);
});

test("a folder that can't be is what its check finds", async () => {
  writeFileSync(join(dir, "file"), "");
  expect(await acmeTracker("file/below", dir).check!()).toMatchObject([{ name: "folder writable", ok: false }]);
});
