import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { experimentTrackerSuite, runCase, runSuite, type ExperimentTrackerSubject } from "@mlstack/testkit/conformance";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { badTrackers } from "./bad-trackers.ts";
import { failingTracker, localTracker } from "./trackers.ts";

let dir: string;
beforeAll(() => { dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-tracker-"))); });
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });

const all = (projectDir: string): ExperimentTrackerSubject => ({ ...localTracker(projectDir), openDenied: async () => failingTracker("MLS6002"), openUnreachable: async () => failingTracker("MLS6001") });

describe("the suite", () => {
  test("passes a tracker that can all that a tracker may, and leaves nothing but what is not its own", async () => {
    const { open } = localTracker(dir);
    await (await open()).startRun({ runId: "of-a-user", pipeline: "p", params: {}, tags: {}, startedAt: new Date(0) });
    const outcomes = await runSuite(experimentTrackerSuite, all(dir));
    expect(outcomes.filter(({ status }) => status !== "passed")).toEqual([]);
    expect(readdirSync(join(dir, ".mlstack", "tracking"))).toEqual(["of-a-user"]);
  }, 120_000);

  test("has cases with ids of their own, and a bad tracker for each", () => {
    const ids = experimentTrackerSuite.cases.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...new Set(badTrackers.flatMap(({ killers }) => killers))].toSorted()).toEqual(ids.toSorted());
  });

  describe("sees a tracker that", () => {
    test.for(badTrackers.flatMap((one) => one.killers.map((killer) => [one.fault, killer, one] as const)))("%s (%s)", { timeout: 120_000 }, async ([, killer, { bad, subject, limitMs }]) => {
      const good = all(mkdtempSync(join(dir, "bad-")));
      const open = async () => { const tracker = await good.open(); return { ...tracker, ...bad(tracker) }; };
      const outcome = await runCase(experimentTrackerSuite, experimentTrackerSuite.cases.find(({ id }) => id === killer)!, { ...good, open, ...subject }, { limitMs });
      expect(outcome.status).toBe("failed");
    });
  });
});
