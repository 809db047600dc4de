import { modelDeployerSuite, runCase, runSuite } from "@mlstack/testkit/conformance";
import { describe, expect, test } from "vitest";
import { badDeployers } from "./bad-deployers.ts";
import { memoryDeployer, memorySubject } from "./memory-deployer.ts";

describe("the suite", () => {
  test("passes a deployer that can all that one may, and leaves nothing but what is not its own", async () => {
    const subject = memorySubject();
    subject.service.names.set("of-a-user", { url: "http://127.0.0.1/1", versions: [], last: [], log: [] });
    expect((await runSuite(modelDeployerSuite, subject)).filter(({ status }) => status !== "passed")).toEqual([]);
    expect([...subject.service.names.keys()]).toEqual(["of-a-user"]);
  }, 120_000);

  test("skips what a deployer can't, and what there is no model for, and says why", async () => {
    const subject = memorySubject();
    const open = async () => ({ ...memoryDeployer(subject.service), start: undefined as never, logs: undefined as never, accepts: [{ kind: "image" }] as const });
    const outcomes = await runSuite(modelDeployerSuite, { open, model: () => undefined, crash: false });
    expect(outcomes.filter(({ status }) => status === "failed")).toEqual([]);
    const reasons = outcomes.flatMap((one) => (one.status === "skipped" ? [one.reason] : []));
    expect(reasons).toEqual(expect.arrayContaining([expect.stringContaining("(start)"), expect.stringContaining("(crash)"), expect.stringContaining("the test has no such model")]));
  });

  test("has cases with ids of their own, and a bad deployer for each", () => {
    const ids = modelDeployerSuite.cases.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...new Set(badDeployers.flatMap(({ killers }) => killers))].toSorted()).toEqual(ids.toSorted());
  });

  describe("sees a deployer that", () => {
    test.concurrent.for(badDeployers.flatMap((one) => one.killers.map((killer) => [one.fault, killer, one] as const)))("%s (%s)", { timeout: 60_000 }, async ([, killer, { bad, subject, limitMs }], { expect: see }) => {
      const good = memorySubject();
      const open = async () => { const deployer = await good.open(); return { ...deployer, ...bad(deployer, good.service) } as typeof deployer; };
      const outcome = await runCase(modelDeployerSuite, modelDeployerSuite.cases.find(({ id }) => id === killer)!, { ...good, waitMs: 3000, open, ...subject }, { limitMs });
      see(outcome).toMatchObject({ status: "failed", error: see.not.objectContaining({ name: "TypeError" }) as unknown });
    });
  });
});
