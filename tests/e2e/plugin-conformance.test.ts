import { existsSync } from "node:fs";
import { pluginConformance, type ConformanceTarget, type PluginTest } from "@mlstack/testkit/conformance";
import { afterEach, describe, expect, test } from "vitest";
import { probePackage, targetsOf, type ProbePackage } from "./testing/probe-plugin.ts";

const made: (() => void)[] = [];
afterEach(() => { for (const remove of made.splice(0)) remove(); });
function probe(of: ProbePackage) { const found = probePackage(of); made.push(found.remove); return found; }

/** What a runner is told, and what comes of it. */
function recorder() {
  const tests: { name: string; run: () => Promise<{ skipped?: string; error?: unknown }> }[] = [];
  const hooks: (() => Promise<void>)[] = [];
  const runner: PluginTest = Object.assign((name: string, _: unknown, run: Parameters<PluginTest>[2]) => {
    tests.push({ name, async run() {
      const found: { skipped?: string; error?: unknown } = {};
      await run({ task: { meta: {} }, skip(reason) { found.skipped = reason; } }).catch((error: unknown) => { found.error = error; });
      return found;
    } });
  }, { afterAll: (hook: () => Promise<void>) => { hooks.push(hook); } });
  return { runner, tests, hooks };
}

async function targets(dir: string): Promise<readonly ConformanceTarget[]> {
  return ((await import(`${dir}/conformance.mjs`)) as { default: readonly ConformanceTarget[] }).default;
}

describe("the targets of a plugin in vitest", () => {
  test("opens the component by the manifest, in folders of its own that are gone afterwards", async () => {
    const of = probe({ flavors: { good: { reach: "value.push([context.projectDir, context.stateDir, config.url]);" } }, conformance: targetsOf(["good"], `{ url: "http://acme.test", folder: context.folder }`, `{ id: "a", title: "A", clause: "c", async run({ probe, subject }) { globalThis.probeFolders = [subject.context.folder]; await probe.reach(globalThis.probeFolders); } }`) });
    const { runner, tests, hooks } = recorder();
    pluginConformance(runner, of.dir, await targets(of.dir));
    expect(tests.map(({ name }) => name)).toEqual(["acme.probe@1 good › a: A"]);
    expect(await tests[0]!.run()).toEqual({});
    const [folder, [projectDir, stateDir, url]] = (globalThis as unknown as { probeFolders: [string, [string, string, string]] }).probeFolders;
    expect(url).toBe("http://acme.test");
    expect([folder, projectDir, stateDir].map(existsSync)).toEqual([true, true, true]);
    for (const hook of hooks) await hook();
    expect([folder, projectDir, stateDir].map(existsSync)).toEqual([false, false, false]);
  });

  test("a target that can't be tested here skips its cases, with its reason; one whose start throws fails them", async () => {
    const text = targetsOf(["good"]).replace("start: (context) => (", `start: (context) => flavor === "good" ? context.skip("ACME_URL is not set") : (`);
    const of = probe({ flavors: { good: {}, bad: { create: `throw new Error("no such place");` } }, conformance: text.replace(`["good"].map`, `["good", "bad"].map`) });
    const { runner, tests } = recorder();
    pluginConformance(runner, of.dir, await targets(of.dir));
    expect(await tests[0]!.run()).toEqual({ skipped: "ACME_URL is not set" });
    expect(String((await tests[1]!.run()).error)).toContain("no such place");
  });

  test("a target of which every case was skipped fails the tests, where all of them were run", async () => {
    const cases = `{ id: "a", title: "A", clause: "c", needs: ["a way"], async run() {} }, { id: "b", title: "B", clause: "c", needs: ["b way"], async run() {} }`;
    const of = probe({ flavors: { good: {} }, conformance: targetsOf(["good"], "{}", cases).replace("lacks: () => undefined", "lacks: (need) => `there is no ${need}`") });
    for (const [chosen, message] of [[2, `acme.probe@1 good: nothing shows that it keeps its contract: "a" and "b" were skipped (there is no a way; there is no b way)`], [1, undefined]] as const) {
      const { runner, tests, hooks } = recorder();
      pluginConformance(runner, of.dir, await targets(of.dir));
      for (const one of tests.slice(0, chosen)) expect((await one.run()).skipped).toContain("there is no");
      const [error] = await Promise.all(hooks.map(async (hook) => hook().then(() => undefined, (e: unknown) => e)));
      expect((error as Error | undefined)?.message).toBe(message);
    }
  });

  test("what the manifest does not have can't be opened; a folder that is no plugin's fails the tests, and says what mends it", async () => {
    const of = probe({ flavors: { good: {} }, conformance: targetsOf(["other"]) });
    const { runner, tests } = recorder();
    pluginConformance(runner, of.dir, await targets(of.dir));
    expect((await tests[0]!.run()).error).toMatchObject({ code: "MLS2007" });
    for (const [mlstack, fix] of [[undefined, "mlstack plugin manifest"], [{ manifestVersion: 1, entry: "./gone.js", core: "*" }, "npm run build"]] as const) {
      of.write("package.json", JSON.stringify({ name: "acme-probe", version: "1.0.0", mlstack }));
      const again = recorder();
      pluginConformance(again.runner, of.dir, await targets(of.dir));
      expect((await again.tests[0]!.run()).error).toMatchObject({ code: "MLS8701", fix: expect.stringContaining(fix) as string });
    }
  });
});
