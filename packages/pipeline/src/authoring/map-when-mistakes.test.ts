import { MlstackError, type ErrorCode } from "@mlstack/core";
import { describe, expect, test } from "vitest";
import { list, map, optional, settled, step, when } from "../index.ts";
import { num, items, plain, names, note, score, split, good, one, sum, tally, show, built } from "./testing/flow.ts";

// what TypeScript refuses, plain JavaScript can still write: everything here goes through a type that knows nothing
type Loose = (...args: unknown[]) => unknown;
const loose = (f: unknown) => f as Loose;

function refused(code: ErrorCode, work: () => unknown): MlstackError {
  try { built(work); } catch (e) {
    if (!MlstackError.is(e, code)) throw e;
    expect(e.fix, "every refusal says what mends it").toBeTypeOf("string");
    return e;
  }
  throw new Error(`not refused with ${code}`);
}

describe("mistakes from plain JavaScript are refused when the pipeline is compiled", () => {
  test("outside of a build", () => { expect(() => loose(map)([], () => undefined)).toThrow(expect.objectContaining({ code: "MLS1001" }) as Error); expect(() => loose(when)(true, () => undefined)).toThrow(expect.objectContaining({ code: "MLS1001" }) as Error); });
  test("map over what is no list", () => {
    for (const given of [[1, 2], undefined, "x"]) refused("MLS1004", () => loose(map)(given, () => one()));
    refused("MLS1004", () => loose(map)([one()], () => one()));
    expect(refused("MLS1007", () => map(plain(), (item) => score({ item }))).fix).toContain("list(json(Item))");
    refused("MLS1007", () => loose(map)(when(good({ item: one() }), () => items()), (item: never) => score({ item })));
  });
  test("a map that is called wrongly", () => {
    for (const args of [[], [5], [() => one(), 5], [() => one(), { onfailure: "collect" }], [() => one(), { onFailure: "ignore" }], [() => one(), { id: "a@b" }], [() => one(), { id: 5 }]]) refused("MLS1008", () => loose(map)(items(), ...args));
    expect(refused("MLS1008", () => loose(map)(items(), () => one(), { onFailuer: "collect" })).fix).toBe("write onFailure");
  });
  test("keys that are no JSON", () => { built(() => map(items(), (item) => score({ item }), { keys: names() })); refused("MLS1007", () => loose(map)(items(), () => one(), { keys: note() })); refused("MLS1004", () => loose(map)(items(), () => one(), { keys: ["a"] })); });
  test("bodies that cannot work", () => {
    for (const options of [{}, { id: "named" }]) refused("MLS1008", () => map(items(), (item) => item, options));
    for (const result of [null, 5, "x", [], Promise.resolve()]) refused("MLS1008", () => loose(map)(items(), () => { one(); return result; }));
    refused("MLS1004", () => loose(map)(items(), () => { one(); return { a: 5 }; }));
    expect(refused("MLS1008", () => { const x = one(); map(items(), (item) => { score({ item }); return x; }); }).message).toContain("outside");
    expect(refused("MLS1008", () => map(items(), (item) => when(good({ item }), () => score({ item })))).message).toContain("may have no value");
    refused("MLS1008", () => loose(map)(items(), async (item: never) => score({ item })));
  });
  test("what is collected where a plain list is read, and the other way round", () => {
    expect(refused("MLS1007", () => loose(sum)({ all: map(items(), (item) => score({ item }), { onFailure: "collect" }) })).fix).toContain("settled(");
    refused("MLS1007", () => loose(tally)({ all: map(items(), (item) => score({ item })) }));
    refused("MLS1007", () => loose(tally)({ all: [one()] }));
    refused("MLS1007", () => loose(sum)({ all: map(items(), (item) => split({ item })).high }));
    refused("MLS1008", () => { const tried = map(items(), (item) => score({ item }), { onFailure: "collect" }); loose(map)(tried, (item: unknown) => { one(); return item; }, { onFailure: "collect" }); });
  });
  test("a condition that is no boolean of a step", () => {
    for (const given of [true, undefined, "x", () => true]) refused("MLS1004", () => loose(when)(given, () => one()));
    refused("MLS1007", () => loose(when)(note(), () => one()));
    refused("MLS1007", () => loose(when)(items(), () => one()));
    refused("MLS1007", () => loose(when)(when(good({ item: one() }), () => good({ item: one() })), () => one()));
  });
  test("branches that cannot work", () => {
    const ok = () => good({ item: one() });
    for (const branches of [[], [5], [() => one(), 5], [async () => one()], [() => 5], [() => one(), () => undefined], [() => one(), () => ({ output: one() })], [() => split({ item: one() }), () => ({ low: one() })]]) refused("MLS1008", () => loose(when)(ok(), ...branches));
    expect(refused("MLS1008", () => { const x = one(); when(ok(), () => x); }).message).toContain("outside");
    refused("MLS1007", () => loose(when)(ok(), () => one(), () => note()));
    refused("MLS1007", () => loose(when)(ok(), () => items(), () => map(items(), (item) => score({ item }), { onFailure: "collect" })));
  });
  test("what may be missing where a value is needed", () => {
    const maybe = () => when(good({ item: one() }), () => one());
    expect(refused("MLS1007", () => loose(score)({ item: maybe() })).fix).toContain("optional(");
    refused("MLS1007", () => loose(sum)({ all: [one(), maybe()] }));
    refused("MLS1003", () => loose(show)({}));
  });
  test("references that leave their body by closure", () => {
    let kept: unknown;
    const keep = <T>(ref: T): T => { kept = ref; return ref; };
    const inMap = () => map(items(), (item) => keep(score({ item })));
    const inBranch = () => when(good({ item: one() }), () => keep(one()));
    for (const leak of [inMap, inBranch, () => map(items(), (item) => score({ item: keep(item) }))]) {
      refused("MLS1004", () => { leak(); loose(score)({ item: kept }); });
      refused("MLS1004", () => { leak(); loose(one)({}, { after: [kept] }); });
      refused("MLS1004", () => { leak(); return { deep: [kept] }; });
      refused("MLS1004", () => { leak(); loose(map)(items(), () => loose(score)({ item: kept })); });
    }
    refused("MLS1004", () => { when(good({ item: one() }), () => keep(one()), () => score({ item: kept as never })); });
    refused("MLS1004", () => { map(items(), (item) => keep(good({ item }))); loose(when)(kept, () => one()); });
  });
  test("a result of the build may hold anything else", () => { const round: Record<string, unknown> = { n: 1 }; round["round"] = round; expect(built(() => ({ round, x: one() })).outputs).toMatchObject({ round }); });
  test("an unknown output", () => {
    expect(refused("MLS1006", () => (map(items(), (item) => split({ item })) as Record<string, unknown>)["lwo"]).fix).toBe("write low");
    refused("MLS1006", () => (when(good({ item: one() }), () => split({ item: one() })) as Record<string, unknown>)["lwo"]);
  });
  test("optional in the wrong place", () => {
    expect(() => loose(step)({ name: "s", output: optional(num), run: () => 1 })).toThrow(expect.objectContaining({ code: "MLS1008" }) as Error);
    expect(() => list(optional(num))).toThrow(expect.objectContaining({ code: "MLS1008" }) as Error);
    expect(() => settled(optional(num))).toThrow(expect.objectContaining({ code: "MLS1008" }) as Error);
    expect(() => settled(settled(num))).toThrow(expect.objectContaining({ code: "MLS1008" }) as Error);
  });
});
