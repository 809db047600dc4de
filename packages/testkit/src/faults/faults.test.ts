import { MlstackError, type ArtifactStore, type ModelDeployer } from "@mlstack/core";
import { json, step } from "@mlstack/pipeline";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { fakeClock } from "../clock.ts";
import { memoryDeployer } from "../memory/memory-deployer.ts";
import { memoryStack } from "../memory/memory-stack.ts";
import { testStep } from "../test-step.ts";
import { callsOf, faults } from "./faults.ts";

const one = { kind: "bytes" as const, bytes: new Uint8Array([1]) };
const code = (work: Promise<unknown>) => work.then(() => undefined, (e: unknown) => (MlstackError.is(e) ? e.code : Promise.reject(e as Error)));
let before: string | undefined;
beforeEach(() => { before = process.env["MLSTACK_SEED"]; delete process.env["MLSTACK_SEED"]; });
afterEach(() => { if (before === undefined) delete process.env["MLSTACK_SEED"]; else process.env["MLSTACK_SEED"] = before; });

test("a call fails before anything has happened, or after: then it has", async () => {
  const { store: good } = memoryStack();
  const store = faults(good, [{ on: "put", call: 1, fail: "MLS6001" }, { on: "put", call: [2, 3], lost: "MLS6001" }]);
  expect([await code(store.put("a", one)), await good.stat("a")]).toEqual(["MLS6001", undefined]);
  expect([await code(store.put("a", one)), (await good.stat("a"))?.size]).toEqual(["MLS6001", 1]);
  // whoever asks again finds what the first call has made
  expect(await code(store.put("a", one, { ifAbsent: true }))).toBe("MLS3012");
  expect(await code(store.put("b", one))).toBeUndefined();
  expect(callsOf(store).map(({ method, call, fault }) => [method, call, fault?.fail ?? fault?.lost])).toEqual([["put", 1, "MLS6001"], ["put", 2, "MLS6001"], ["put", 3, "MLS6001"], ["put", 4, undefined]]);
  expect(() => callsOf(good)).toThrow(/without faults/);
});

test("a call waits by the clock, and hears of its signal", async () => {
  const clock = fakeClock();
  const store = faults(memoryStack().store, [{ on: "stat", delayMs: 500 }, { on: "stat", call: 2, fail: "MLS6001" }], { clock });
  let done = false;
  const first = (async () => { await store.stat("a"); done = true; })();
  await clock.advance(499);
  expect(done).toBe(false);
  await clock.advance(1);
  await first;
  const stop = new AbortController();
  const second = store.stat("a", { signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(second).rejects.toThrow("enough");
});

test("what is listed fails when it is asked for, or at its end", async () => {
  const { store: good } = memoryStack();
  await good.put("a", one);
  const read = async (store: ArtifactStore) => { const keys: string[] = []; for await (const { key } of store.list("")) keys.push(key); return keys; };
  expect(await code(read(faults(good, [{ on: "list", fail: "MLS6001" }])))).toBe("MLS6001");
  const seen: string[] = [];
  await expect((async () => { for await (const { key } of faults(good, [{ on: "list", lost: "MLS6001" }]).list("")) seen.push(key); })()).rejects.toMatchObject({ code: "MLS6001" });
  expect(seen).toEqual(["a"]);
  // also of one whose list is no generator
  const bound = { ...good, list: (prefix: string) => good.list(prefix) };
  expect(await code(read(faults(bound, [{ on: "list", fail: "MLS6001" }])))).toBe("MLS6001");
});

test("private fields and parts with methods of their own stay what they are", async () => {
  class Client { #n = 0; readonly contract = "acme.x@1"; readonly launch = { start: async () => ++this.#n }; async add() { return ++this.#n; } }
  const client = faults(new Client(), [{ on: "launch.start", call: 2, fail: "MLS6001" }]);
  expect([await client.add(), await client.launch.start(), await code(client.launch.start()), await client.add(), client.contract]).toEqual([1, 2, "MLS6001", 3, "acme.x@1"]);
});

test("faults by chance print their seed, and come again by it", async () => {
  const lines: string[] = [];
  const found = async (seed?: number) => {
    const store = faults(memoryStack().store, { share: 0.5, of: [{ fail: "MLS6001" }, { lost: "MLS6002" }], on: ["put"], ...(seed !== undefined && { seed }) }, { print: (line) => { lines.push(line); } });
    const all: (string | undefined)[] = [];
    for (let i = 0; i < 40; i++) { all.push(await code(store.put(`k${i}`, one))); await store.stat("k0"); }
    return all;
  };
  const first = await found(7);
  expect(new Set(first)).toEqual(new Set([undefined, "MLS6001", "MLS6002"]));
  expect([await found(7), lines[0]]).toEqual([first, "faults come by chance: MLSTACK_SEED=7 makes these come again"]);
  expect(await found(8)).not.toEqual(first);
  await found();
  process.env["MLSTACK_SEED"] = /=(\d+)/.exec(lines.at(-1)!)![1]!;
  await found();
  expect(lines.at(-1)).toBe(lines.at(-2));
  const spy = vi.spyOn(console, "error").mockImplementation(() => undefined);
  faults(memoryStack().store, { share: 0, of: [] });
  expect(spy).toHaveBeenCalledOnce();
  spy.mockRestore();
});

test("a step that tries again passes, one that does not is found out", async () => {
  const careless = step({ name: "careless", inputs: { model: json(z.number()) }, requires: { modelDeployer: true }, output: json(z.string()), run: async ({ artifacts, deployer }) => (await deployer.deploy({ name: "demo", model: artifacts.model, servable: { kind: "format" } })).url });
  const flaky = () => faults(memoryDeployer().deployer, [{ on: "deploy", call: 1, lost: "MLS6001" }]);
  await expect(testStep(careless, { inputs: { model: 1 }, components: { modelDeployer: flaky() } })).rejects.toMatchObject({ code: "MLS6001" });
  const careful = step({ name: "careful", inputs: { model: json(z.number()) }, requires: { modelDeployer: true }, output: json(z.string()), async run({ artifacts, deployer }) {
    const deploy = () => deployer.deploy({ name: "demo", model: artifacts.model, servable: { kind: "format" } });
    return (await deploy().catch(deploy)).url;
  } });
  expect((await testStep(careful, { inputs: { model: 1 }, components: { modelDeployer: flaky() } })).outputs.output).toBe("memory://demo");
});

test("methods are named by their types", () => {
  const store = memoryStack().store;
  faults(store, [{ on: "put", fail: "MLS6001" }, { on: "external.get", fail: "MLS6001" }]);
  // @ts-expect-error there is no such method
  faults(store, [{ on: "putt", fail: "MLS6001" }]);
  // @ts-expect-error there is no such code
  faults(store, [{ on: "put", fail: "MLS0000" }]);
  void ((deployer: ModelDeployer) => faults(deployer, { share: 0.1, of: [{ lost: "MLS6001" }], on: ["infer", "setTraffic"] }));
});
