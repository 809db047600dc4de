import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { json, list, npy, optional, settled, type NdArray, type Settled } from "../formats/index.ts";
import { map } from "./map.ts";
import { definePipeline } from "./pipeline.ts";
import { step } from "./step.ts";
import type { None, Ref } from "./types.ts";
import { when } from "./when.ts";

const Item = z.object({ id: z.string() });
type Item = z.infer<typeof Item>;
const items = step({ name: "items", output: list(json(Item)), run: () => [] });
const names = step({ name: "names", output: json(z.array(z.string())), run: () => [] });
const model = step({ name: "model", output: npy({ dtype: "f8" }), run: () => { throw new Error(); } });
const score = step({ name: "score", inputs: { item: json(Item), model: npy() }, output: json(z.number()), run: () => 1 });
const split = step({ name: "split", inputs: { item: json(Item) }, outputs: { low: json(z.number()), high: json(z.string()) }, run: () => ({ low: 1, high: "" }) });
const good = step({ name: "good", inputs: { scores: list(json(z.number())) }, output: json(z.boolean()), run: () => true });
const send = step({ name: "send", inputs: { item: json(Item) }, run: () => undefined });
const first = step({ name: "first", inputs: { all: list(json(Item)) }, output: json(Item), run: ({ inputs }) => inputs.all[0]! });
const sum = step({ name: "sum", inputs: { all: list(json(z.number())) }, output: json(z.number()), run: () => 1 });
const grid = step({ name: "grid", inputs: { all: list(list(json(z.number()))) }, output: json(z.number()), run: () => 1 });
const tally = step({
  name: "tally", inputs: { all: list(settled(json(z.number()))) }, output: json(z.number()),
  run: ({ inputs }) => {
    expectTypeOf(inputs.all).toEqualTypeOf<readonly Settled<number>[]>();
    return inputs.all.reduce((n, s) => n + (s.ok ? s.value : s.error.message.length), 0);
  },
});
const show = step({
  name: "show", inputs: { value: optional(json(z.number())), item: json(Item) }, output: json(z.string()),
  run: ({ inputs, artifacts }) => {
    expectTypeOf(inputs.value).toEqualTypeOf<number | undefined>();
    expectTypeOf(artifacts.item.digest).toEqualTypeOf<string>();
    // @ts-expect-error may be absent
    expectTypeOf(artifacts.value.digest).toEqualTypeOf<string>();
    return String(inputs.value);
  },
});
const each = step({ name: "each", inputs: { one: settled(json(z.number())) }, output: json(z.number()), run: () => 1 });
const inBuild = (build: () => void) => definePipeline({ name: "p", build });

test("map is typed", () => {
  inBuild(() => {
    const m = model();
    const scores = map(items(), (item) => { expectTypeOf(item).toEqualTypeOf<Ref<Item>>(); return score({ item, model: m }); });
    expectTypeOf(scores).toEqualTypeOf<Ref<number[]>>();
    sum({ all: scores });
    const parts = map(items(), (item) => split({ item }));
    expectTypeOf(parts).toEqualTypeOf<{ readonly low: Ref<number[]>; readonly high: Ref<string[]> }>();
    expectTypeOf(map(items(), (item) => ({ item, model: m, s: score({ item, model: m }) }))).toEqualTypeOf<{ readonly item: Ref<Item[]>; readonly model: Ref<NdArray<"f8">[]>; readonly s: Ref<number[]> }>();
    expectTypeOf(map(items(), (item) => { send({ item }); })).toEqualTypeOf<void>();
    expectTypeOf(map(items(), (item) => send({ item }))).toEqualTypeOf<None>();
    const tried = map(items(), (item) => score({ item, model: m }), { onFailure: "collect", id: "tried" });
    expectTypeOf(tried).toEqualTypeOf<Ref<Settled<number>[]>>();
    tally({ all: tried });
    map(tried, (one) => each({ one }));
    expectTypeOf(map(items(), (item) => split({ item }), { onFailure: "collect" }).high).toEqualTypeOf<Ref<Settled<string>[]>>();
    expectTypeOf(map(items(), (item) => score({ item, model: m }), { onFailure: "fail", keys: names(), after: [tried] })).toEqualTypeOf<Ref<number[]>>();
    const rows = map(items(), () => map(items(), (item) => score({ item, model: m })));
    expectTypeOf(rows).toEqualTypeOf<Ref<number[][]>>();
    grid({ all: rows });
    // @ts-expect-error no list
    map(m, (item) => score({ item, model: m }));
    // @ts-expect-error the items are of another type
    map(names(), (item) => score({ item, model: m }));
    // @ts-expect-error settled results are no plain list
    sum({ all: tried });
    // @ts-expect-error plain results are not settled
    tally({ all: scores });
    // @ts-expect-error a list of another type
    sum({ all: parts.high });
    // @ts-expect-error unknown output
    parts.hihg;
    // @ts-expect-error a body gives references
    map(items(), () => 5);
    // @ts-expect-error a body is not asynchronous
    map(items(), async (item) => split({ item }));
    // @ts-expect-error no such mode
    map(items(), (item) => split({ item }), { onFailure: "ignore" });
    // @ts-expect-error keys are strings
    map(items(), (item) => split({ item }), { keys: scores });
    // @ts-expect-error no such option
    map(items(), (item) => split({ item }), { onFailuer: "collect" });
  });
});

test("when is typed", () => {
  inBuild(() => {
    const m = model();
    const all = items();
    const scores = map(all, (item) => score({ item, model: m }));
    const item = first({ all });
    const ok = good({ scores });
    const maybe = when(ok, () => score({ item, model: m }));
    expectTypeOf(maybe).toEqualTypeOf<Ref<number | undefined>>();
    show({ value: maybe, item });
    show({ value: when(ok, () => score({ item, model: m })), item: when(ok, () => first({ all }), () => item) });
    show({ value: when(ok, () => split({ item })).low, item: when(ok, () => ({ item }), () => ({ item: first({ all }) })).item });
    sum({ all: map(all, (one) => split({ item: one })).low });
    tally({ all: map(all, (one) => score({ item: one, model: m }), { onFailure: "collect" }) });
    show({ value: score({ item, model: m }), item });
    expectTypeOf(when(ok, () => split({ item }))).toEqualTypeOf<{ readonly low: Ref<number | undefined>; readonly high: Ref<string | undefined> }>();
    expectTypeOf(when(ok, () => { send({ item }); })).toEqualTypeOf<void>();
    const low = when(ok, () => split({ item }).low, () => score({ item, model: m }));
    expectTypeOf(low).toEqualTypeOf<Ref<number>>();
    score({ item, model: when(ok, () => model(), () => m) });
    expectTypeOf(when(ok, () => split({ item }).low, () => split({ item }).high, { id: "either" })).toEqualTypeOf<Ref<number | string>>();
    expectTypeOf(when(ok, () => ({ a: score({ item, model: m }) }), () => ({ a: split({ item }).high }))).toEqualTypeOf<{ readonly a: Ref<number | string> }>();
    expectTypeOf(when(ok, () => { send({ item }); }, () => { send({ item }); })).toEqualTypeOf<void>();
    expectTypeOf(when(ok, () => maybe, () => score({ item, model: m }))).toEqualTypeOf<Ref<number | undefined>>();
    expectTypeOf(map(all, (one) => when(ok, () => score({ item: one, model: m }), () => score({ item, model: m })))).toEqualTypeOf<Ref<number[]>>();
    // @ts-expect-error may be missing
    sum({ all: [maybe] });
    // @ts-expect-error may be missing
    show({ value: maybe, item: when(ok, () => ({ item })).item });
    // @ts-expect-error no boolean
    when(scores, () => score({ item, model: m }));
    // @ts-expect-error known while the plan is made
    when(true, () => score({ item, model: m }));
    // @ts-expect-error the condition may be missing
    when(when(ok, () => ok), () => score({ item, model: m }));
    // @ts-expect-error the second branch gives nothing
    when(ok, () => score({ item, model: m }), () => { send({ item }); });
    // @ts-expect-error the second branch lacks an output
    when(ok, () => split({ item }), () => ({ low: score({ item, model: m }) }));
    // @ts-expect-error a branch gives references
    when(ok, () => 5);
    // @ts-expect-error no list
    map(when(ok, () => all), (one) => split({ item: one }));
  });
});
