import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryStack } from "@mlstack/testkit";
import { artifactStoreSuite, conformanceTests, runCase, runSuite, type ArtifactStoreSubject } from "@mlstack/testkit/conformance";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { badStores } from "./bad-stores.ts";
import { fullStore, localStore } from "./stores.ts";

let dir: string;
beforeAll(() => { dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-store-"))); });
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });

describe("artifact_store@1 in memory", () => {
  const { store } = memoryStack();
  conformanceTests(test, artifactStoreSuite, () => ({ open: async () => store }));
});

describe("the suite", () => {
  test("passes a store that can all that a store may", async () => {
    const { store, subject } = fullStore();
    const outcomes = await runSuite(artifactStoreSuite, { open: async () => store, ...subject });
    expect(outcomes.filter(({ status }) => status !== "passed")).toEqual([{ id: "local-path", status: "skipped", reason: "the store's objects lie in no files of this machine" }]);
  }, 120_000);

  test("has cases with ids of their own, and a bad store for each", () => {
    const ids = artifactStoreSuite.cases.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...new Set(badStores.flatMap(({ killers }) => killers))].toSorted()).toEqual(ids.toSorted());
  });

  describe("sees a store that", () => {
    test.for(badStores.flatMap((one) => one.killers.map((killer) => [one.fault, killer, one] as const)))("%s (%s)", { timeout: 120_000 }, async ([, killer, { base, bad, subject, limitMs }]) => {
      const projectDir = mkdtempSync(join(dir, "bad-"));
      const good = base === "full" ? fullStore() : { store: await localStore(projectDir), subject: {} };
      const store = { ...good.store, ...bad(good.store) };
      const under: ArtifactStoreSubject = { open: async () => store, ...good.subject, ...subject };
      const one = artifactStoreSuite.cases.find(({ id }) => id === killer)!;
      const outcome = await runCase(artifactStoreSuite, one, under, { limitMs });
      expect(outcome.status).toBe("failed");
    });
  });

  test("touches nothing but what is its own, also where a case fails", async () => {
    const { store, subject } = fullStore();
    await store.put("of/a/user", { kind: "bytes", bytes: Buffer.from("x") });
    const wrong = { ...store, get: async () => { throw new Error("broken"); } };
    const outcomes = await runSuite(artifactStoreSuite, { open: async () => wrong, ...subject });
    expect(outcomes.some(({ status }) => status === "failed")).toBe(true);
    const left: string[] = [];
    for await (const { key } of store.list("")) left.push(key);
    expect(left).toEqual(["of/a/user"]);
  }, 120_000);
});
