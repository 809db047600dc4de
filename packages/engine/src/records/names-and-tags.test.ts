import { MlstackError } from "@mlstack/core";
import { definePipeline, json, list, map, step } from "@mlstack/pipeline";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { harness, type Harness } from "../testing/harness.ts";

const open: Harness[] = [];
const make = async () => { const h = await harness(); open.push(h); return h; };
afterEach(async () => { for (const h of open.splice(0)) await h.close(); });

const num = json(z.number());
const one = step({ name: "one", output: num, tags: ["gold"], run: () => 1 });
const items = step({ name: "items", output: list(num), run: () => [1, 2] });
const twice = step({ name: "twice", inputs: { x: num }, output: num, run: ({ inputs }) => inputs.x * 2 });
const tagged = definePipeline({ name: "tagged", tags: ["daily"], build: () => { one(); one({}, { id: "other", tags: ['odd "one"'] }); map(items(), (x) => twice.with({ tags: ["gold"] })({ x })); } });
const refused = async (work: Promise<unknown>) => work.then(() => "nothing", (e: unknown) => (MlstackError.is(e) ? [e.code, e.why ?? "", e.fix ?? ""] : Promise.reject(e as Error)));

test("a run is found by its name where one is called so, by its id always", async () => {
  const h = await make();
  const a = await h.run(tagged, {}, { name: "first" });
  const b = await h.run(tagged, {}, { name: "again" });
  const c = await h.run(tagged, {}, { name: "again" });
  expect((await h.records.run("first")).id).toBe(a.id);
  expect((await h.records.run(c.id)).id).toBe(c.id);
  expect((await h.records.run("last")).name).toBe("again");
  expect(await refused(h.records.run("again"))).toEqual(["MLS5006", `${c.id}, ${b.id}`, "give an id"]);
  expect(await refused(h.records.run("frist"))).toEqual(["MLS5003", "", "write first"]);
  // what a name is comes before what an id begins with
  await h.run(tagged, {}, { name: a.id.slice(0, 4) });
  expect((await h.records.run(a.id.slice(0, 4))).id).not.toBe(a.id);
});

test("a resumed run keeps its name, and the options that it was given", async () => {
  const h = await make();
  let fails = true;
  const flaky = step({ name: "flaky", output: num, cache: false, run: () => { if (fails) throw new Error("no"); return 1; } });
  const p = definePipeline({ name: "p", runName: "named", build: () => { flaky(); } });
  const first = await h.run(p, {}, { steps: { flaky: { retry: { attempts: 3, delayMs: 0 } } } });
  expect([first.status, first.name, (await h.records.attempts(first.id, "flaky")).length]).toEqual(["failed", "named", 3]);
  fails = false;
  expect(await h.resume(first.id, p)).toMatchObject({ name: "named", status: "completed" });
  expect((await h.records.run("named")).id).toBe(first.id);
  expect(Object.values((await h.records.plan((await h.records.run("named")).plan)).nodes)[0]).toMatchObject({ options: { retry: { attempts: 3, delayMs: 0 } } });
});

test("runs are filtered by their tags, artifacts by those of the call that made them, cached or not", async () => {
  const h = await make();
  const a = await h.run(tagged, {}, { tags: ["extra", "daily"] });
  const b = await h.run(definePipeline({ name: "plain", build: () => { one.with({ tags: ["plain"] })(); } }));
  expect(JSON.parse((await h.records.run(a.id)).tags_json)).toEqual(["daily", "extra"]);
  expect((await h.records.runs({ tag: "daily" })).map((r) => r.id)).toEqual([a.id]);
  expect(await h.records.runs({ tag: "dail" })).toEqual([]);
  const made = async (tag: string) => (await h.records.artifacts({ tag })).map((x) => `${x.run === a.id ? "a" : "b"} ${x.node.split("@")[0]!}`).toSorted();
  expect(await made("gold")).toEqual(["a one", "a other", "a twice", "a twice", "b one"]);
  expect(await made('odd "one"')).toEqual(["a other"]);
  expect(await made("plain")).toEqual(["b one"]);
  expect(await made("tagged")).toEqual([]);
  expect((await h.records.artifacts({ tag: "gold", run: b.id, limit: 1 })).map((x) => Object.keys(x).includes("of_plan"))).toEqual([false]);
  expect((await h.records.callTags(a.id)).get("other")).toEqual(["gold", 'odd "one"']);
});

test("no option, name, tag or schedule changes a key", async () => {
  const h = await make();
  const base = definePipeline({ name: "base", build: () => { one(); } });
  await h.run(base);
  const keyed = async (work: ReturnType<Harness["run"]>) => { const report = await work; return [h.status(report)["one"], (await h.records.step(report.id, "one")).key]; };
  const { key } = await h.records.step("last", "one").catch(async () => h.records.step((await h.records.run("last")).id, "one"));
  const variants = [
    h.run(base, {}, { name: "n", tags: ["t"], steps: { one: { retry: { attempts: 3 }, timeoutMs: 10_000, resources: { cpu: 1 }, settings: { a: { b: 1 } }, tags: ["x"] } } }),
    h.run(definePipeline({ name: "other", runName: "{n}", tags: ["a"], schedule: { everyMs: 60_000 }, hooks: { onStart: () => undefined }, build: () => { one.with({ retry: { attempts: 2 }, timeoutMs: 9999 })({}, { tags: ["y"], resources: { memory: 1 } }); } })),
  ];
  for (const work of variants) expect(await keyed(work)).toEqual(["cached", key]);
  // what is switched off has no key of its own to be found by, and the next run finds the first one's result again
  expect((await keyed(h.run(base, {}, { steps: { one: { cache: false } } })))[0]).toBe("completed");
  expect(await keyed(h.run(base))).toEqual(["cached", key]);
});
