import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { definePipeline, json, list, map, optional, planSchema, settled, step, when, type PlanNode, type Ref, type Settled } from "../index.ts";
import { compilePlan } from "./compile-plan.ts";
import { testingContext } from "./testing/context.ts";
import { checkedOrder } from "./testing/plan-order.ts";

const num = json(z.number());
const nums = step({ name: "nums", output: list(num), run: () => [] });
const names = step({ name: "names", output: json(z.array(z.string())), run: () => [] });
const add = step({ name: "add", inputs: { a: num, b: num }, output: num, run: () => 1 });
const good = step({ name: "good", inputs: { a: num }, output: json(z.boolean()), run: () => true });
const sum = step({ name: "sum", inputs: { all: list(num) }, output: num, run: () => 1 });
const tally = step({ name: "tally", inputs: { all: list(settled(num)), maybe: optional(num), one: settled(num) }, output: num, run: () => 1 });
const compile = (build: () => unknown) => compilePlan(definePipeline({ name: "p", build }), {}, testingContext());

/** What a random build does next; numbers pick among what is known there. */
interface Op { readonly kind: "step" | "map" | "when" | "either"; readonly picks: readonly number[]; readonly inside: readonly Op[]; readonly flag: boolean }
const { op } = fc.letrec<{ op: Op }>((tie) => ({
  op: fc.record({
    kind: fc.constantFrom<Op["kind"]>("step", "step", "map", "when", "either"), picks: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }), flag: fc.boolean(),
    inside: fc.oneof({ depthSize: "small", withCrossShrink: true }, fc.constant([]), fc.array(tie("op"), { maxLength: 4 })),
  }),
}));
interface Known { readonly numbers: Ref<number>[]; readonly lists: Ref<readonly number[]>[]; readonly maybes: Ref<number | undefined>[]; readonly tried: Ref<readonly Settled<number>[]>[] }
const pick = <T>(from: readonly T[], n: number): T => from[n % from.length]!;
const copy = (k: Known): Known => ({ numbers: [...k.numbers], lists: [...k.lists], maybes: [...k.maybes], tried: [...k.tried] });

/** Does the operations and returns a number that was made in their body. */
function perform(ops: readonly Op[], known: Known): Ref<number> {
  for (const { kind, picks: [a = 0, b = 0, c = 0, d = 0], inside, flag } of ops) {
    const x = pick(known.numbers, a);
    const after = flag ? { after: [pick(known.lists, d), ...(known.maybes.length > 0 ? [pick(known.maybes, d)] : [])] } : {};
    if (kind === "step") {
      if (known.maybes.length > 0 && known.tried.length > 0) known.numbers.push(tally({ all: pick(known.tried, b), maybe: pick(known.maybes, c), one: once(pick(known.tried, b)) }, after));
      known.numbers.push(add({ a: x, b: pick(known.numbers, b) }, after), sum({ all: pick(known.lists, c) }, after));
      known.lists.push(nums({}, after));
    } else if (kind === "map") {
      const work = (item: Ref<number>): Ref<number> => { const k = copy(known); k.numbers.push(item); return perform(inside, k); };
      if (flag) known.tried.push(map(pick(known.lists, b), work, { onFailure: "collect", ...after }));
      else known.lists.push(map(pick(known.lists, b), work, { keys: names() }), map(pick(known.lists, c), (item) => ({ item, number: work(item) })).item);
    } else {
      const ok = good({ a: x });
      const work = () => perform(inside, copy(known));
      if (kind === "when") known.maybes.push(when(ok, work));
      else known.numbers.push(when(ok, work, flag ? () => x : work), when(ok, () => ({ n: work() }), () => ({ n: x })).n);
    }
  }
  return add({ a: pick(known.numbers, ops.length), b: known.numbers.at(-1)! });
}

/** One of a list of settled numbers, as the first of a map over it would be. */
const first = step({ name: "first", inputs: { all: list(settled(num)) }, output: settled(num), run: ({ inputs }) => inputs.all[0]! });
const once = (all: Known["tried"][number]) => first({ all });

describe("random nestings of map and when", () => {
  test("compile to a plan in a valid order, with ids of their own, the same each time", async () => {
    let deepest = 0;
    const depth = (nodes: readonly PlanNode[]): number => Math.max(0, ...nodes.map((n) => (n.kind === "map" ? 1 + depth(n.body) : 0)));
    await fc.assert(fc.asyncProperty(fc.array(op, { maxLength: 5 }), async (ops) => {
      const build = () => { const xs = nums(); return { result: perform(ops, { numbers: [sum({ all: xs })], lists: [xs], maybes: [], tried: [] }) }; };
      const { plan } = await compile(build);
      expect(planSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
      checkedOrder(plan.nodes);
      deepest = Math.max(deepest, depth(plan.nodes));
      expect(JSON.stringify((await compile(build)).plan)).toBe(JSON.stringify(plan));
    }), { numRuns: 300 });
    expect(deepest, "the nestings are worth the name").toBeGreaterThan(2);
  });
});
