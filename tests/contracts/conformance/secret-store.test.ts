import { artifactStoreSuite, experimentTrackerSuite, formatSuite, modelDeployerSuite, orchestratorSuite, runCase, runSuite, secretStoreSuite } from "@mlstack/testkit/conformance";
import { describe, expect, test } from "vitest";
import { badSecretStores } from "./bad-secret-stores.ts";
import { fullSecretStore } from "./secret-stores.ts";

describe("the suite", () => {
  test("passes a store that can all that a store may, and leaves nothing but what is not its own", async () => {
    const full = fullSecretStore();
    await full.outside!.put("of-a-user", "x");
    expect((await runSuite(secretStoreSuite, full)).filter(({ status }) => status !== "passed")).toEqual([]);
    expect([...full.kept.keys()]).toEqual(["of-a-user"]);
  });

  test("skips what a store can't, and says why", async () => {
    const { open, outside } = fullSecretStore();
    const outcomes = await runSuite(secretStoreSuite, { outside, open: async () => ({ contract: "secret_store@1", get: (await open()).get }) });
    expect(outcomes.filter(({ status }) => status === "failed")).toEqual([]);
    expect(outcomes.filter(({ status }) => status === "passed").map(({ id }) => id)).toEqual(["contract", "dispose", "abort.before", "get.value", "get.missing", "get.apart", "get.empty", "set.pair"]);
    expect(outcomes.filter(({ status }) => status === "skipped").every((one) => "reason" in one && one.reason !== "")).toBe(true);
  });

  test("refuses a store of which nothing shows that it gives a value, and says what the test has to give", async () => {
    const outcomes = await runSuite(secretStoreSuite, { open: async () => ({ contract: "secret_store@1", get: async (_name, { signal } = {}) => { signal?.throwIfAborted(); return undefined; } }) });
    expect(outcomes.filter(({ status }) => status === "failed")).toMatchObject([{ id: "get.value", error: { message: expect.stringContaining("the subject no `outside`: give { put, remove }") as string } }]);
    expect(outcomes.filter(({ status }) => status === "passed").map(({ id }) => id)).toEqual(["contract", "dispose", "abort.before", "set.pair"]);
  });

  test("of every contract names cases of its core, which are among its cases", () => {
    for (const { contract, cases, core = [] } of [artifactStoreSuite, experimentTrackerSuite, formatSuite, modelDeployerSuite, orchestratorSuite, secretStoreSuite]) {
      expect([contract, core.length > 0, core.filter((id) => !cases.some((one) => one.id === id))]).toEqual([contract, true, []]);
    }
  });

  test("leaves nothing behind, also where cases fail", async () => {
    const full = fullSecretStore();
    const outcomes = await runSuite(secretStoreSuite, { ...full, open: async () => ({ ...(await full.open()), get: async () => "broken" }) });
    expect(outcomes.filter(({ status }) => status === "failed").length).toBeGreaterThan(10);
    expect([...full.kept.keys()]).toEqual([]);
  });

  test("has cases with ids of their own, and a bad store for each", () => {
    const ids = secretStoreSuite.cases.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...new Set(badSecretStores.flatMap(({ killers }) => killers))].toSorted()).toEqual(ids.toSorted());
  });

  describe("sees a store that", () => {
    test.for(badSecretStores.flatMap((one) => one.killers.map((killer) => [one.fault, killer, one] as const)))("%s (%s)", async ([, killer, { bad, subject }]) => {
      const good = fullSecretStore();
      const open = async () => { const store = await good.open(); return { ...store, ...bad(store) } as typeof store; };
      const outcome = await runCase(secretStoreSuite, secretStoreSuite.cases.find(({ id }) => id === killer)!, { ...good, open, ...subject });
      expect(outcome).toMatchObject({ status: "failed", error: expect.not.objectContaining({ name: "TypeError" }) as unknown });
    });
  });
});
