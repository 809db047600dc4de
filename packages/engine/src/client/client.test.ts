import { MlstackError } from "@mlstack/core";
import { definePipeline, json, list, map, step, storedFile, localFile } from "@mlstack/pipeline";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { processStack } from "../stack/process-stack.ts";
import { LOCAL_STACK } from "../stack/stack.ts";
import { harness, type Harness } from "../testing/harness.ts";
import { Client } from "./client.ts";
import { currentRuns, type RunFilter } from "./lists.ts";

let h: Harness;
let client: Client;
beforeEach(async () => { h = await harness(); client = new Client({ from: h.project.dir }); });
afterEach(async () => { await client.close(); await h.close(); });

const params = { at: z.date(), count: z.bigint(), words: z.string().transform((s) => s.split(" ")), limit: z.number().default(7) };
const describeStep = step({ name: "describe", params: { at: z.date(), count: z.bigint(), words: z.array(z.string()), limit: z.number() }, output: json(z.string()), run: ({ params: p }) => `${p.at.toISOString()} ${p.count} ${p.words.length} ${p.limit}` });
const rich = definePipeline({ name: "rich", params, build: (p) => ({ text: describeStep(p) }) });
const given = { at: new Date(0), count: 12n, words: "a b c" };

describe("a run's outputs, by the pipeline", () => {
  test("are there whatever its parameters were made of", async () => {
    const report = await h.run(rich, given);
    expect(report.status).toBe("completed");
    for (const view of [await client.lastRun(rich), await client.run(report.id, rich)]) {
      expect(await view.outputs.text.load()).toBe("1970-01-01T00:00:00.000Z 12 3 7");
      expect(view.params).toEqual({ at: new Date(0), count: 12n, words: ["a", "b", "c"], limit: 7 });
    }
  });

  test("of one that takes other parameters by now can be reached by step", async () => {
    await h.run(rich, given);
    const changed = definePipeline({ name: "rich", params: { ...params, mode: z.string() }, build: (p) => ({ text: describeStep(p) }) });
    const view = await client.lastRun(changed);
    expect(() => view.outputs).toThrow(expect.objectContaining({ code: "MLS1005", message: expect.stringContaining('the parameter "mode"') as string }) as Error);
    expect(await view.steps["describe"]!.outputs["output"]!.load()).toContain("12 3 7");
  });

  test("of an item of a map have the type of its step", async () => {
    const write = step({ name: "write", inputs: { n: json(z.number()) }, output: storedFile(), async run({ inputs, scratch }) { const path = join(await scratch(), "n.txt"); writeFileSync(path, String(inputs.n)); return localFile(path); } });
    const spread = step({ name: "spread", output: list(json(z.number())), run: () => [4, 5] });
    const files = definePipeline({ name: "files", build: () => { map(spread(), (n) => write({ n })); } });
    await h.run(files);
    const { steps } = await client.lastRun(files);
    const items = Object.values(steps).filter((s) => s.node.startsWith("write@"));
    expect(items).toHaveLength(2);
    const texts = await Promise.all(items.map(async (s) => (await (s.outputs["output"]!.load() as Promise<{ bytes(): Promise<Uint8Array> }>)).bytes().then((b) => Buffer.from(b).toString())));
    expect(texts.toSorted()).toEqual(["4", "5"]);
  });
});

test("files that are laid out for a value are gone when the client is closed, and none are in the project", async () => {
  const write = step({ name: "write", output: storedFile(), async run({ scratch }) { const path = join(await scratch(), "n.txt"); writeFileSync(path, "text"); return localFile(path); } });
  const file = definePipeline({ name: "file", build: () => ({ file: write() }) });
  await h.run(file);
  const path = await (await (await client.lastRun(file)).outputs.file.load()).path();
  expect(readFileSync(path, "utf8")).toBe("text");
  expect(path.startsWith(h.project.dir)).toBe(false);
  await client.close();
  expect(existsSync(path)).toBe(false);
});

test("a value is read where it lies, in another store than the stack's own, and nothing is written there", async () => {
  const one = step({ name: "one", output: json(z.number()), run: () => 1 });
  await h.run(definePipeline({ name: "p", build: () => { one(); } }));
  const store = join(h.project.stateDir, "store");
  const files = readdirSync(store, { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
  const old = new Date("2020-01-01");
  for (const file of files) utimesSync(file, old, old);
  const { components, ...stack } = LOCAL_STACK;
  await using elsewhere = new Client({ from: h.project.dir, stack: { ...stack, name: "other", components: { ...components, artifact_store: { name: "other", flavor: "local", config: { path: "other" } } } } });
  expect(await (await elsewhere.lastRun("p")).steps["one"]!.outputs["output"]!.load()).toBe(1);
  expect(files.map((file) => statSync(file).mtime)).toEqual(files.map(() => old));
});

test("what is not there is named", async () => {
  await expect(client.lastRun(rich)).rejects.toMatchObject({ code: "MLS5003", message: 'the pipeline "rich" has no run yet' });
  await h.run(rich, given);
  await expect(client.lastRun(rich, { status: "failed" })).rejects.toMatchObject({ code: "MLS5003" });
  await expect(client.run("zzz")).rejects.toMatchObject({ code: "MLS5003" });
  const other = step({ name: "other", output: json(), run: () => 1 });
  const view = await client.lastRun(rich);
  expect(() => view.step(other)).toThrow(expect.objectContaining({ code: "MLS5004" }) as Error);
});

describe("lists", () => {
  const one = step({ name: "one", output: json(z.number()), run: () => 1 });
  const fails = step({ name: "fails", inputs: { x: json(z.number()) }, output: json(z.number()), run: () => { throw new Error("no"); } });
  const good = definePipeline({ name: "good", build: () => { one(); } });
  const bad = definePipeline({ name: "bad", build: () => { fails({ x: one() }); } });

  test("runs by pipeline, status and time, the newest first", async () => {
    const ids: string[] = [];
    for (const p of [good, bad, good]) ids.push((await h.run(p)).id);
    const idsOf = async (filter: Parameters<Client["runs"]>[0]) => (await client.runs(filter)).map((r) => r.id);
    expect(await idsOf({})).toEqual([...ids].toReversed());
    expect(await idsOf({ pipeline: "good", limit: 1 })).toEqual([ids[2]]);
    expect(await client.runs({ status: "failed" })).toMatchObject([{ id: ids[1], pipeline: "bad", stack: "local", tags: [] }]);
    const [second] = await client.runs({ pipeline: "bad" });
    expect([await idsOf({ since: second!.startedAt }), await idsOf({ before: second!.startedAt })]).toEqual([[ids[2], ids[1]], [ids[0]]]);
    expect((await client.getPipeline(bad).runs()).map((r) => r.id)).toEqual([ids[1]]);
    expect((await client.getPipeline("good").lastRun()).id).toBe(ids[2]);
  });

  test("runs by tag, of their pipeline's or their own, with their names", async () => {
    const tagged = definePipeline({ name: "good", tags: ["nightly"], build: () => { one(); } });
    const [a, b] = [await h.run(tagged, {}, { tags: ["gold"], name: "first" }), await h.run(good, {}, { tags: ["gold"] })];
    const idsOf = async (filter: Parameters<Client["runs"]>[0]) => (await client.runs(filter)).map((r) => r.id);
    expect([await idsOf({ tag: "gold" }), await idsOf({ tag: "nightly" }), await idsOf({ tag: "gold", pipeline: "bad" }), await idsOf({ tag: "gol" })]).toEqual([[b.id, a.id], [a.id], [], []]);
    expect((await client.runs()).map((r) => r.name)).toEqual([undefined, "first"]);
    expect((await client.getPipeline(good).runs({ tag: "nightly", status: "completed" })).map((r) => r.id)).toEqual([a.id]);
    expect((await client.lastRun(good, { tag: "nightly" })).id).toBe(a.id);
    await expect(client.getPipeline(good).lastRun({ tag: "none", status: "failed" })).rejects.toMatchObject({ code: "MLS5003", message: 'the pipeline "good" has no failed run with the tag "none" yet' });
  });

  test("artifacts of a map's step are those of its items; those of tagged calls are found by the tag", async () => {
    const spread = step({ name: "spread", output: list(json(z.number())), run: () => [4, 5] });
    const twice = step({ name: "twice", inputs: { x: json(z.number()) }, output: json(z.number()), run: ({ inputs }) => inputs.x * 2 });
    await h.run(definePipeline({ name: "mapped", build: () => { map(spread.with({ tags: ["raw"] })(), (x) => twice({ x })); } }));
    expect(new Set(await Promise.all((await client.artifacts({ step: "twice" })).map((a) => a.load())))).toEqual(new Set([8, 10]));
    expect((await client.artifacts({ tag: "raw" })).map((a) => a.node)).toEqual(["spread"]);
    expect(await client.artifacts({ step: "twice", tag: "raw" })).toEqual([]);
  });

  test("runs that are driven elsewhere as they are by now, whatever status is asked for", async () => {
    const [ended, unreached, here] = [(await h.run(good)).id, (await h.run(good)).id, (await h.run(good)).id];
    h.db.prepare("update runs set status = 'running', ended_at = null, journal = 'store', heartbeat_at = ? where id in (?, ?)").run(Date.now(), ended, unreached);
    const asked: string[] = [];
    const engine = { records: h.records, async sync(id: string) {
      asked.push(id);
      if (id === unreached) throw new MlstackError("MLS6001", "out of reach");
      h.db.prepare("update runs set status = 'completed', ended_at = 1 where id = ?").run(id);
      return h.records.run(id);
    } };
    const idsOf = async (filter: RunFilter) => (await currentRuns(engine, filter)).map((r) => r.id);
    expect(await idsOf({ status: "completed" })).toEqual([here, ended]);
    expect(asked.toSorted()).toEqual([ended, unreached].toSorted());
    expect([await idsOf({ status: "running" }), await idsOf({ status: "failed" }), await idsOf({}), await idsOf({ limit: 1 })]).toEqual([[unreached], [], [here, unreached, ended], [here]]);
  });

  test("steps and artifacts of any run", async () => {
    const { id } = await h.run(bad);
    await h.run(good);
    expect((await client.steps({ status: "failed" })).map((s) => [s.run, s.pipeline, s.node, s.error?.message])).toEqual([[id, "bad", "fails", "no"]]);
    expect((await client.steps({ step: "one" })).map((s) => s.pipeline)).toEqual(["good", "bad"]);
    expect((await client.steps({ run: id.slice(0, 14) })).map((s) => s.node)).toEqual(["one", "fails"]);
    const all = await client.artifacts({ step: "one", format: "json/1" });
    expect([all.length, await all[0]!.load()]).toEqual([2, 1]);
    expect(await (await client.artifact(all[0]!.digest.slice(0, 8))).load()).toBe(1);
    expect(await client.artifacts({ digest: "00000000" })).toEqual([]);
    await expect(client.artifact("last/fails")).rejects.toMatchObject({ code: "MLS5004" });
    await expect(client.artifact(`${id}/fails`)).rejects.toMatchObject({ code: "MLS5005", message: 'the step "fails" has 0 artifacts', why: "the step is failed" });
    expect((await client.lineage(all[0]!, { direction: "up" })).nodes.map((n) => n.kind)).toEqual(["artifact", "step"]);
  });
});

test("a stack that is activated is that of the client and of the process, and one that is not there changes nothing", async () => {
  const before = processStack.name;
  try {
    mkdirSync(join(h.project.dir, "stacks"));
    writeFileSync(join(h.project.dir, "stacks", "away.yaml"), "components:\n  artifact_store: { type: local, name: bucket, configuration: { path: bucket } }\n  orchestrator: { type: local }\n");
    expect((await client.activeStack()).name).toBe("local");
    await expect(client.activateStack("nowhere")).rejects.toMatchObject({ code: "MLS7003" });
    expect([(await client.activeStack()).name, processStack.name]).toEqual(["local", before]);
    await client.activateStack("away");
    expect([await client.activeStack(), processStack.name]).toEqual([{ name: "away", components: { artifact_store: { name: "bucket", flavor: "local" }, orchestrator: { name: "local_orchestrator", flavor: "local" } } }, "away"]);
    await client.activateStack("stacks/away.yaml");
    expect(processStack.name).toBe(join(h.project.dir, "stacks", "away.yaml"));
  } finally { processStack.name = before; }
});
