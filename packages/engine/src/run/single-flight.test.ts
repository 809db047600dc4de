import { definePipeline, json, list, map, step } from "@mlstack/pipeline";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { actionSpace } from "../store/action-space.ts";
import { harness, type Harness } from "../testing/harness.ts";
import { parallel, valuesOf } from "../testing/values.ts";

const open: Harness[] = [];
afterEach(async () => { for (const h of open.splice(0)) await h.close(); });
const opened = async () => { const h = await harness({ stack: parallel(4) }); open.push(h); return h; };
const num = json(z.number());

/** A map over equal items, whose step gives something else each time. */
function rolled(items: readonly number[], fails: (n: number) => boolean = () => false) {
  const ran: number[] = [];
  const numbers = step({ name: "numbers", output: list(num), run: () => [...items] });
  const roll = step({ name: "roll", inputs: { x: num }, output: num, async run({ inputs }) {
    ran.push(inputs.x);
    const n = ran.length;
    await new Promise((go) => { setImmediate(go); });
    if (fails(n)) throw new Error(`the ${n}th fails`);
    return n;
  } });
  const pipeline = definePipeline({ name: "rolled", build: () => ({ all: map(numbers(), (x) => roll({ x }), { onFailure: "collect" }) }) });
  return { ran, pipeline };
}

describe("steps with the same key in one run", () => {
  test.each(["use", "refresh"] as const)("run once, and the others have its result: cache %s", async (cache) => {
    const h = await opened();
    const { ran, pipeline } = rolled([5, 5, 6, 5]);
    const report = await h.run(pipeline, {}, { cache });
    expect(ran.toSorted((x, y) => x - y)).toEqual([5, 6]);
    const [a, b, c, d] = ((await valuesOf(h, report, pipeline)) as { all: { ok: boolean; value: number }[] }).all.map((s) => s.value);
    expect([b, d, c === a]).toEqual([a, a, false]);
    const steps = (await h.records.steps(report.id)).filter((s) => s.node.startsWith("roll@"));
    expect(steps.map((s) => s.status).toSorted()).toEqual(["cached", "cached", "completed", "completed"]);
    const actions = actionSpace(await h.stack.artifactStore(), "shared");
    expect([...(await actions.marked()).keys()]).toEqual([]);
  });

  test("run one after the other where the first one fails", async () => {
    const h = await opened();
    const { ran, pipeline } = rolled([5, 5, 5], (n) => n === 1);
    const report = await h.run(pipeline);
    expect(ran).toEqual([5, 5]);
    expect((await h.records.steps(report.id)).filter((s) => s.node.startsWith("roll@")).map((s) => s.status).toSorted()).toEqual(["cached", "completed", "failed"]);
  });

  test("run each for itself where nothing is stored", async () => {
    const h = await opened();
    const { ran, pipeline } = rolled([5, 5, 5]);
    expect((await h.run(pipeline, {}, { cache: "off" })).status).toBe("completed");
    expect(ran).toEqual([5, 5, 5]);
  });
});
