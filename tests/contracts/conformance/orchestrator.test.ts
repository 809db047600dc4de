import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Launcher } from "@mlstack/core";
import { orchestratorSuite, runCase, runSuite, type OrchestratorSubject } from "@mlstack/testkit/conformance";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { badOrchestrators } from "./bad-orchestrators.ts";
import { failingOrchestrator, inlineSubject, openProcesses, processSubject } from "./orchestrators.ts";

let dir: string;
beforeAll(() => { dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-orchestrator-"))); });
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });
const fresh = () => mkdtempSync(join(dir, "case-"));

/** What it can't be as well: an orchestrator that asks, and one whose steps end with it. */
const OTHERWISE = ["cancel.asks", "client.bound"];
/** Keeps traces of what has ended. */
const all = (at: string, first?: string): OrchestratorSubject => ({
  ...processSubject(at, first), open: () => openProcesses(at, { keepFolders: true }), openDenied: async () => failingOrchestrator("MLS6002"), openUnreachable: async () => failingOrchestrator("MLS6001"),
});

describe.skipIf(process.platform === "win32")("the suite", () => {
  test("passes an orchestrator that can all that one may", async () => {
    const outcomes = await runSuite(orchestratorSuite, all(fresh()));
    expect(outcomes.filter(({ status }) => status !== "passed")).toEqual(OTHERWISE.map((id) => ({ id, status: "skipped", reason: expect.any(String) })));
  }, 240_000);

  test("passes one of the driver's own process where that is another matter", async () => {
    const subject = inlineSubject(fresh());
    for (const one of orchestratorSuite.cases.filter(({ id }) => OTHERWISE.includes(id))) expect(await runCase(orchestratorSuite, one, subject)).toEqual({ id: one.id, status: "passed" });
  }, 120_000);

  test("leaves nothing behind, also where a case fails", async () => {
    const at = fresh();
    const subject = { ...processSubject(at), open: async () => { const o = await openProcesses(at); return { ...o, launch: { ...o.launch!, start: async (...args: Parameters<NonNullable<typeof o.launch>["start"]>) => ({ ...(await o.launch!.start(...args)), id: "" }) } }; } };
    expect((await runCase(orchestratorSuite, orchestratorSuite.cases.find(({ id }) => id === "start.handle")!, subject)).status).toBe("failed");
    expect(readdirSync(join(at, "work"))).toEqual([]);
  }, 120_000);

  test("has cases with ids of their own, and a bad orchestrator for each", () => {
    const ids = orchestratorSuite.cases.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...new Set(badOrchestrators.flatMap(({ killers }) => killers))].toSorted()).toEqual(ids.toSorted());
  });

  describe("sees an orchestrator that", () => {
    test.for(badOrchestrators.flatMap((one) => one.killers.map((killer) => [one.fault, killer, one] as const)))("%s (%s)", { timeout: 240_000 }, async ([, killer, { bad, more, subject, first, limitMs }]) => {
      const good = all(fresh(), first);
      const open = async () => { const o = await good.open(); return { ...o, launch: { ...o.launch!, ...bad(o.launch!) } as Launcher, ...more }; };
      const outcome = await runCase(orchestratorSuite, orchestratorSuite.cases.find(({ id }) => id === killer)!, { ...good, open, ...subject }, { limitMs });
      expect(outcome.status).toBe("failed");
      // by what the case sees, not by its limit, where anything is to be seen
      if (limitMs === undefined && outcome.status === "failed") expect(String(outcome.error)).not.toContain("has not ended within");
    });
  });
});
