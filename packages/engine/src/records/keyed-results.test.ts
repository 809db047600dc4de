import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { definePipeline, json, list, map, step, type CompiledPlan } from "@mlstack/pipeline";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { harness, type Harness, type HarnessOptions } from "../testing/harness.ts";
import { componentFingerprint, LOCAL_STACK } from "../stack/stack.ts";
import { resultsKeyedBy } from "./keyed-results.ts";

const open: Harness[] = [];
const make = async (options: HarnessOptions = {}) => { const h = await harness(options); open.push(h); return h; };
afterEach(async () => { for (const h of open.splice(0)) await h.close(); });

const X = "@acme/x";
const num = json(z.number());
const one = step({ name: "one", output: num, run: () => 1 });
const items = step({ name: "items", output: list(num), run: () => [1, 2] });
const twice = step({ name: "twice", inputs: { x: num }, output: num, run: ({ inputs }) => inputs.x * 2 });
const never = step({ name: "never", output: num, cache: false, run: () => 1 });
const pipeline = definePipeline({ name: "p", build: () => { one(); never(); map(items(), (x) => twice({ x })); } });
const sha = (text: string): string => createHash("sha256").update(text).digest("hex");

/** As if the code of these steps had imported a version of the package, as the packages part of a plan says it. */
const reaching = (version: () => string, ...steps: readonly string[]) => (compiled: CompiledPlan): CompiledPlan => {
  const changed = Object.entries(compiled.plan.steps).map(([id, s]) => [id, steps.includes(s.name) ? { ...s, parts: { ...s.parts, packages: { digest: sha(version()), entries: { [`${X}@${version()}`]: sha(version()), "zod@4.0.0": sha("zod") }, roots: [] } } } : s]);
  return { ...compiled, plan: { ...compiled.plan, steps: Object.fromEntries(changed) as CompiledPlan["plan"]["steps"] } };
};

describe("results with a package in their keys", () => {
  test("are those of steps whose code reaches that version, each key once, items of a map with it", async () => {
    let version = "1.0.0";
    const h = await make({ planned: reaching(() => version, "one", "twice", "never") });
    await h.run(pipeline);
    await h.run(pipeline);
    expect(await resultsKeyedBy(h.project, X, "1.0.0")).toEqual([{ pipeline: "p", step: "one", results: 1 }, { pipeline: "p", step: "twice", results: 2 }]);
    expect(await resultsKeyedBy(h.project, X, "1.0.1")).toEqual([]);
    expect(await resultsKeyedBy(h.project, X, "1.0")).toEqual([]);
    expect(await resultsKeyedBy(h.project, "@acme/y", "1.0.0")).toEqual([]);
    // and so it comes: what was foretold is run anew, and nothing else
    version = "1.0.1";
    const after = h.status(await h.run(pipeline));
    expect(after).toMatchObject({ one: "completed", items: "cached" });
    expect(Object.entries(after).filter(([node]) => node.startsWith("twice@")).map(([, status]) => status)).toEqual(["completed", "completed"]);
    expect(await resultsKeyedBy(h.project, X, "1.0.1")).toEqual([{ pipeline: "p", step: "one", results: 1 }, { pipeline: "p", step: "twice", results: 2 }]);
  });

  // the engine is the plugin here, of version 0.1.0
  test("are none where only the stack uses the integration: the version of a component's plugin is in no key, not of a step that is cached by component either", async () => {
    const stack = { ...LOCAL_STACK, components: { ...LOCAL_STACK.components, model_deployer: { name: "d", flavor: "local" } } };
    const asks = step({ name: "asks", output: num, uses: { modelDeployer: { cache: "by-component" } }, run: () => 1 });
    const p = definePipeline({ name: "q", build: () => { asks(); } });
    const h = await make({ stack });
    const first = await h.run(p);
    const { key } = await h.records.step(first.id, "asks");
    const parts = (await h.records.parts(key!))!;
    expect(JSON.stringify(parts)).toContain(componentFingerprint(stack, "modelDeployer"));
    expect(JSON.stringify(parts)).not.toContain("0.1.0");
    expect(await resultsKeyedBy(h.project, X, "0.1.0")).toEqual([]);
    expect(await resultsKeyedBy(h.project, "@mlstack/engine", "0.1.0")).toEqual([]);
  });

  test("nothing is written, and nothing made where nothing has run", async () => {
    const dir = mkdtempSync(join(tmpdir(), "mlstack-keyed-"));
    expect(await resultsKeyedBy({ stateDir: join(dir, ".mlstack") }, X, "1.0.0")).toEqual([]);
    expect(readdirSync(dir)).toEqual([]);
    rmSync(dir, { recursive: true });
    const h = await make({ planned: reaching(() => "1.0.0", "one") });
    await h.run(pipeline);
    const state = () => Object.fromEntries(readdirSync(h.project.stateDir).filter((n) => n.startsWith("records")).map((n) => [n, sha(readFileSync(join(h.project.stateDir, n), "latin1"))]));
    // with somebody who writes, and without
    for (const close of [false, true]) {
      if (close) h.db.close();
      const before = state();
      expect(await resultsKeyedBy(h.project, X, "1.0.0")).toEqual([{ pipeline: "p", step: "one", results: 1 }]);
      expect(state()).toEqual(before);
    }
  });
});
