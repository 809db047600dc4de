import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MlstackError, type TrackerEvent } from "@mlstack/core";
import { expect, onTestFinished, test } from "vitest";
import plugin from "../plugin/index.ts";
import { memoryStack } from "./memory-stack.ts";

const bytes = (text: string) => ({ kind: "bytes" as const, bytes: new TextEncoder().encode(text) });
const code = (work: Promise<unknown>) => work.then(() => undefined, (e: unknown) => (MlstackError.is(e) ? e.code : Promise.reject(e as Error)));

test("the store keeps to its contract", async () => {
  const { store } = memoryStack();
  const given = bytes("one");
  await store.put("a/b", given);
  given.bytes[0] = 0;
  const dir = mkdtempSync(join(tmpdir(), "mlstack-memory-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, "f"), "file");
  await store.put("a/c", { kind: "file", path: join(dir, "f"), size: 4 });
  expect(new TextDecoder().decode(await (await store.get("a/b")).bytes())).toBe("one");
  expect(new TextDecoder().decode(await (await store.get("a/c", { range: { offset: 1, length: 9 } })).bytes())).toBe("ile");
  let text = "";
  for await (const piece of await store.get("a/c")) text += new TextDecoder().decode(piece);
  expect(text).toBe("file");
  expect(await code(store.put("a/b", bytes("two"), { ifAbsent: true }))).toBe("MLS3012");
  expect(await code(store.get("none"))).toBe("MLS3001");
  expect(await code(store.put("a//b", bytes("x")))).toBe("MLS3011");
  expect(await code(store.touch!("none"))).toBe("MLS3001");
  const version = (await store.stat("a/b"))!.version!;
  await store.touch!("a/b");
  await store.delete("a/b", { ifVersion: version });
  expect(await store.stat("a/b")).toMatchObject({ key: "a/b", size: 3 });
  await store.delete("a/b");
  const left: string[] = [];
  for await (const { key } of store.list("a/")) left.push(key);
  expect([left, await store.stat("a/b")]).toEqual([["a/c"], undefined]);
});

test("the tracker shows no event twice, and how a run ended", async () => {
  const stack = memoryStack();
  const tracker = (await plugin.components[1]!.create({ id: stack.spec.components["experiment_tracker"]!.config["id"]! }, { name: "t", projectDir: "/", stateDir: "/" })) as unknown as import("@mlstack/core").ExperimentTracker;
  const { externalId } = await tracker.startRun({ runId: "r", pipeline: "p", params: {}, tags: {}, startedAt: new Date(0) });
  const event = { id: "a/0.1/0", node: "a", attempt: 1, time: 0, kind: "metric", key: "x", value: 1, step: 0 } as TrackerEvent;
  await tracker.log(externalId, [event]);
  await tracker.log(externalId, [event], { resent: true });
  await tracker.finishRun(externalId, "completed", new Date(1));
  expect(stack.trackedRuns()).toMatchObject([{ runId: "r", status: "completed", events: [{ key: "x" }] }]);
  expect(await code(tracker.log("none", [event]))).toBe("MLS6003");
});

test("two stacks share nothing, and one of another process is refused", async () => {
  const [a, b] = [memoryStack(), memoryStack("other")];
  await a.store.put("x", bytes("1"));
  expect(await b.store.stat("x")).toBeUndefined();
  expect(b.spec.name).toBe("other");
  expect(() => plugin.components[0]!.create({ id: "elsewhere" }, { name: "s", projectDir: "/", stateDir: "/" })).toThrow(/not of this process/);
});
