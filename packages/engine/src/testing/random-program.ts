import { json, list, map, optional, settled, step, when, type Ref, type Settled } from "@mlstack/pipeline";
import fc from "fast-check";
import { z } from "zod";

/** What a random program does next; numbers pick among what is known there. */
export interface Op { readonly kind: "step" | "map" | "collect" | "when" | "either"; readonly picks: readonly number[]; readonly inside: readonly Op[]; readonly fragile: boolean }
export const { op } = fc.letrec<{ op: Op }>((tie) => ({
  op: fc.record({
    kind: fc.constantFrom<Op["kind"]>("step", "step", "map", "collect", "collect", "when", "either"), picks: fc.array(fc.nat(99), { minLength: 4, maxLength: 4 }), fragile: fc.boolean(),
    inside: fc.oneof({ depthSize: "small", withCrossShrink: true }, fc.constant([]), fc.array(tie("op"), { maxLength: 3 })),
  }),
}));

/** The same program, built as a pipeline or computed at once: numbers, lists, lists of what may have failed, what may be missing, conditions. */
interface Api<N, L, T, M, B> {
  calc(a: N, b: N, salt: number, fragile: boolean): N;
  spread(a: N, salt: number): L;
  sum(xs: L): N;
  tally(xs: T): N;
  value(x: M): N;
  even(a: N): B;
  map(xs: L, body: (x: N) => N): L;
  collect(xs: L, body: (x: N) => N): T;
  when(condition: B, work: () => N): M;
  either(condition: B, yes: () => N, no: () => N): N;
}
interface Known<N, L, T, M> { readonly numbers: N[]; readonly lists: L[]; readonly tried: T[]; readonly maybes: M[] }
const pick = <X>(from: readonly X[], n: number): X => from[n % from.length]!;

/** Does the operations, and returns a number that was made in their body. */
export function perform<N, L, T, M, B>(api: Api<N, L, T, M, B>, ops: readonly Op[], start: N, outer?: Known<N, L, T, M>): N {
  const known: Known<N, L, T, M> = { numbers: [...(outer?.numbers ?? []), start], lists: [...(outer?.lists ?? [])], tried: [...(outer?.tried ?? [])], maybes: [...(outer?.maybes ?? [])] };
  for (const { kind, picks: [a = 0, b = 0, c = 0, d = 0], inside, fragile } of ops) {
    const x = pick(known.numbers, a);
    if (known.lists.length === 0 || kind === "step") known.lists.push(api.spread(x, d));
    const xs = pick(known.lists, b);
    const work = (item: N): N => perform(api, inside, item, known);
    if (kind === "step") known.numbers.push(api.calc(x, pick(known.numbers, c), d, fragile), api.sum(xs), ...(known.tried.length > 0 ? [api.tally(pick(known.tried, c))] : []), ...(known.maybes.length > 0 ? [api.value(pick(known.maybes, c))] : []));
    else if (kind === "map") known.lists.push(api.map(xs, (item) => api.calc(work(item), item, d, fragile)));
    else if (kind === "collect") known.tried.push(api.collect(xs, (item) => api.calc(work(item), x, d, fragile)));
    else if (kind === "when") known.maybes.push(api.when(api.even(x), () => work(x)));
    else known.numbers.push(api.either(api.even(x), () => work(x), fragile ? () => x : () => api.calc(work(x), x, d, true)));
    if (known.tried.length > 0) known.numbers.push(api.tally(known.tried.at(-1)!));
    if (known.maybes.length > 0) known.numbers.push(api.value(known.maybes.at(-1)!));
  }
  return api.calc(pick(known.numbers, ops.length), known.numbers.at(-1)!, 0, false);
}

function calc(a: number, b: number, salt: number, fragile: boolean): number {
  const n = (a * 31 + b * 7 + salt) % 100;
  // which of several steps of an item fails first is chance, so they all say the same
  if (fragile && n % 3 === 0) throw new Error("can't be had");
  return n;
}
const spread = (a: number, salt: number): number[] => Array.from({ length: (a + salt) % 4 }, (_, i) => (i * a) % 7);
const total = (xs: readonly number[]): number => xs.reduce((x, y) => x + y, 1) % 100;
const tally = (xs: readonly Settled<number>[]): number => total(xs.map((x) => (x.ok ? x.value : 50)));

export const plain: Api<number, readonly number[], readonly Settled<number>[], number | undefined, boolean> & { start(n: number): number } = {
  start: (n) => n, calc, spread, sum: total, tally, value: (x) => x ?? 13, even: (a) => a % 2 === 0, map: (xs, body) => xs.map(body),
  collect: (xs, body) => xs.map((x): Settled<number> => { try { return { ok: true, value: body(x) }; } catch (e) { return { ok: false, error: { code: "MLS4001", message: String(e) } }; } }),
  when: (condition, work) => (condition ? work() : undefined), either: (condition, yes, no) => (condition ? yes() : no()),
};

/** Whether a call with this salt needs a second attempt. It looks at the attempt's number, so it is never cached. */
export const failsAtFirst = (salt: unknown): boolean => typeof salt === "number" && salt % 10 === 3;

const num = json(z.number());
/** Steps take different times, so that they end in different orders. */
const wait = async (n: number) => { for (let i = 0; i < n % 5; i++) await new Promise<void>((go) => { setImmediate(go); }); };
const startStep = step({ name: "start", params: { n: z.number() }, output: num, run: ({ params }) => params.n });
const calcStep = step({ name: "calc", inputs: { a: num, b: num }, params: { salt: z.number(), fragile: z.boolean() }, output: num, retry: { attempts: 2, delayMs: 0 }, async run({ inputs: { a, b }, params, run }) {
  await wait(a + params.salt);
  if (failsAtFirst(params.salt) && run.attempt === 1) throw new Error("not at once");
  return calc(a, b, params.salt, params.fragile);
} });
const spreadStep = step({ name: "spread", inputs: { a: num }, params: { salt: z.number() }, output: list(num), run: ({ inputs, params }) => spread(inputs.a, params.salt) });
const sumStep = step({ name: "sum", inputs: { xs: list(num) }, output: num, run: ({ inputs }) => total(inputs.xs) });
const tallyStep = step({ name: "tally", inputs: { xs: list(settled(num)) }, output: num, run: ({ inputs }) => tally(inputs.xs) });
const valueStep = step({ name: "value", inputs: { x: optional(num) }, output: num, run: ({ inputs }) => inputs.x ?? 13 });
const evenStep = step({ name: "even", inputs: { a: num }, output: json(z.boolean()), run: async ({ inputs }) => { await wait(inputs.a); return inputs.a % 2 === 0; } });

export const building: Api<Ref<number>, Ref<readonly number[]>, Ref<readonly Settled<number>[]>, Ref<number | undefined>, Ref<boolean>> & { start(n: number): Ref<number> } = {
  start: (n) => startStep({ n }), calc: (a, b, salt, fragile) => calcStep({ a, b, salt, fragile }), spread: (a, salt) => spreadStep({ a, salt }),
  sum: (xs) => sumStep({ xs: xs }), tally: (xs) => tallyStep({ xs: xs }), value: (x) => valueStep({ x }), even: (a) => evenStep({ a }),
  map: (xs, body) => map(xs, body), collect: (xs, body) => map(xs, body, { onFailure: "collect" }), when: (condition, work) => when(condition, work), either: (condition, yes, no) => when(condition, yes, no),
};
