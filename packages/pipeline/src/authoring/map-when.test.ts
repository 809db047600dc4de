import type { ArtifactType } from "@mlstack/core";
import { describe, expect, test } from "vitest";
import { map, refTarget, when, type GraphMapNode, type GraphNode } from "../index.ts";
import { items, score, split, good, one, send, sum, tally, show, built } from "./testing/flow.ts";

const typeOf = (ref: unknown): ArtifactType<unknown> => refTarget(ref)!.type;
const ids = (nodes: readonly GraphNode[]): unknown[] => nodes.map((n) => (n.kind === "map" ? [n.id, ids(n.body)] : n.id));
describe("map", () => {
  test("gives a list of what its body returns, alone or by name", () => {
    built(() => {
      expect(typeOf(map(items(), (item) => score({ item })))).toMatchObject({ format: "list/1", items: { format: "json/1" } });
      const { low, high } = map(items(), (item) => split({ item }));
      expect([typeOf(low).items!.format, typeOf(high).items!.format]).toEqual(["json/1", "text/1"]);
      expect(typeOf(map(items(), (item) => score({ item }), { onFailure: "collect" })).items!.settled).toMatchObject({ format: "json/1" });
      sum({ all: map(items(), (item) => score({ item })) });
      tally({ all: map(items(), (item) => score({ item }), { onFailure: "collect" }) });
      sum({ all: map(items(), (item) => ({ item, score: score({ item }) })).item });
    });
  });
  test("is named after its first step, or as its author says; no name is used twice", () => {
    const { graph } = built(() => {
      const xs = items();
      map(xs, (item) => score({ item }));
      map(xs, (item) => { const s = score({ item }); map(xs, (inner) => { send({ item: inner }); }); return s; }, { id: "outer" });
      map(xs, () => { map(xs, (item) => { send({ item }); }); });
    });
    expect(ids(graph.nodes)).toEqual(["items", ["map_score", ["score"]], ["outer", ["score_2", ["map_send", ["send"]]]], ["map_send_2", [["map_send_3", ["send_2"]]]]]);
  });
  test("may return nothing", () => { built(() => { expect([map(items(), (item) => { send({ item }); }), map(items(), (item) => send({ item }))]).toEqual([undefined, undefined]); }); });
  test("its body sees what is around it, and is waited for by after", () => {
    const { graph } = built(() => {
      const x = one();
      const scores = map(items(), (item) => { send({ item: x }, { after: [item, x] }); return score({ item }); }, { after: [x] });
      one({}, { after: [scores] });
    });
    const mapped = graph.nodes.find((n): n is GraphMapNode => n.kind === "map")!;
    expect([mapped.after, mapped.body[0], graph.nodes.at(-1)]).toMatchObject([["one"], { after: ["one"] }, { after: ["map_send"] }]);
  });
  test("a body that throws leaves the build in order", () => {
    const { graph } = built(() => { const xs = items(); try { map(xs, () => { throw new Error("no"); }); } catch { /* the author's business */ } one(); map(xs, () => one()); });
    expect(ids(graph.nodes)).toEqual(["items", "one", ["map_one", ["one_2"]]]);
  });
});

describe("when", () => {
  test("gives what may be missing, alone or by name", () => {
    built(() => {
      const ok = good({ item: one() });
      const maybe = when(ok, () => score({ item: one() }));
      expect([typeOf(maybe).optional, refTarget(maybe)!.node]).toEqual([true, "score"]);
      show({ value: maybe });
      show({ value: one() });
      const { low } = when(ok, () => split({ item: one() }));
      show({ value: low });
      expect([when(ok, () => { send({ item: one() }); }), when(ok, () => send({ item: one() }))]).toEqual([undefined, undefined]);
    });
  });
  test("with two branches gives a value", () => {
    const { graph } = built(() => {
      const [x, ok] = [one(), good({ item: one() })];
      const either = when(ok, () => score({ item: x }), () => one());
      expect([typeOf(either).optional, refTarget(either)!.node]).toEqual([undefined, "choose"]);
      score({ item: either });
      // what is there already may be a branch's result
      score({ item: when(ok, () => score({ item: x }), () => x, { id: "best" }) });
      const { low } = when(ok, () => split({ item: x }), () => split({ item: x }));
      score({ item: low });
      when(ok, () => { send({ item: x }); }, () => { send({ item: x }); });
      expect(typeOf(when(ok, () => when(ok, () => score({ item: x })), () => x)).optional).toBe(true);
      expect(typeOf(when(ok, () => x, () => when(ok, () => score({ item: x })))).optional).toBe(true);
    });
    expect(graph.nodes.filter((n) => n.kind === "choose").map((n) => n.id)).toEqual(["choose", "best", "choose_2", "choose_3", "choose_4"]);
  });
  test("conditions of nested branches add up; a map inside of a branch begins anew", () => {
    const { graph } = built(() => {
      const [a, b] = [good({ item: one() }, { id: "a" }), good({ item: one() }, { id: "b" })];
      when(a, () => { one({}, { id: "in_a" }); when(b, () => undefined, () => { one({}, { id: "not_b" }); map(items(), (item) => when(a, () => { send({ item }); })); }); });
    });
    const shown = (nodes: readonly GraphNode[]): unknown[] => nodes.flatMap((n) => [[n.id, ...n.conditions.map((c) => `${c.source.node}=${c.equals}`)], ...(n.kind === "map" ? shown(n.body) : [])]);
    expect(shown(graph.nodes).slice(4)).toEqual([["in_a", "a=true"], ["not_b", "a=true", "b=false"], ["items", "a=true", "b=false"], ["map_send", "a=true", "b=false"], ["send", "a=true"]]);
  });
  test("an item may be the condition", () => { built(() => { const flags = map(items(), (item) => good({ item })); map(flags, (flag) => when(flag, () => one(), () => one())); }); });
});
