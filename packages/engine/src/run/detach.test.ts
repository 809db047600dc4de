import { type DriverLaunch, type ProcessEnd, type StepHandle } from "@mlstack/core";
import { definePipeline, json, step } from "@mlstack/pipeline";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { cleanUp } from "../gc/clean-up.ts";
import { layout } from "../store/layout.ts";
import { fakeStack } from "../testing/fake-launcher.ts";
import { harness, type Harness } from "../testing/harness.ts";
import { memoryStore, type MemoryStore } from "../testing/memory-store.ts";
import type { DriverSpec } from "./detach.ts";

const open: Harness[] = [];
let store: MemoryStore;
beforeEach(() => { store = memoryStore(); });
afterEach(async () => { vi.useRealTimers(); for (const h of open.splice(0)) await h.close(); });

const one = step({ name: "one", output: json(z.number()), run: () => 1 });
const single = definePipeline({ name: "single", build: () => { one(); } });

async function opened(startDriver: (launch: DriverLaunch, signal: AbortSignal | undefined) => Promise<StepHandle>): Promise<Harness> {
  const h = await harness(fakeStack(() => ({ status: "exited", exitCode: 0 }), { store, startDriver: (launch, options) => startDriver(launch, options?.signal) }));
  open.push(h);
  return h;
}
const runs = (h: Harness) => h.db.raw.prepare("select status, error_json, driver_handle from runs").all() as { status: string; error_json: string | null; driver_handle: string | null }[];

test("what is started is told how the run was started, and its handle is kept", async () => {
  const launches: DriverLaunch[] = [];
  const h = await opened(async (launch) => { launches.push(launch); return { id: "job/7", ended: new Promise(() => undefined), cancel: async () => undefined }; });
  const { id } = await h.detach(single, {}, { cache: "refresh", trustDomain: "pr-7", onFailure: "continue" });
  expect(launches).toMatchObject([{ runId: id, ordinal: 0, command: ["driver", "run", "spec.json"] }]);
  expect(launches[0]!.spec as unknown as DriverSpec).toMatchObject({ run: id, ordinal: 0, cache: "refresh", trustDomain: "pr-7", onFailure: "continue", stores: [] });
  expect(runs(h)).toMatchObject([{ status: "running", driver_handle: "job/7" }]);
});

test("what its driver is going to need is kept until it begins, however late that is", async () => {
  const h = await opened(async () => ({ id: "job/7", ended: new Promise(() => undefined), cancel: async () => undefined }));
  const { id } = await h.detach(single);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 6 * 24 * 3_600_000 });
  await cleanUp(store, "another project", { pause: async () => undefined });
  const { plan } = await h.records.run(id);
  expect(store.objects.has(layout.blob(plan))).toBe(true);
  vi.setSystemTime(Date.now() + 2 * 24 * 3_600_000);
  await cleanUp(store, "another project", { pause: async () => undefined });
  expect(store.objects.has(layout.blob(plan))).toBe(false);
});

test("a signal that is aborted before leaves nothing", async () => {
  const h = await opened(async () => { throw new Error("must not be called"); });
  await expect(h.detach(single, {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "MLS4003" });
  expect(runs(h)).toEqual([]);
});

test("one that is aborted while the driver is started ends the driver, and the run as cancelled", async () => {
  const said: string[] = [];
  const abort = new AbortController();
  let end: (e: ProcessEnd) => void = () => undefined;
  const h = await opened(async (_, signal) => {
    expect(signal?.aborted).toBe(false);
    abort.abort();
    return { id: "job/7", ended: new Promise((done) => { end = done; }), cancel: async (reason) => { said.push(reason); end({ status: "killed", exitCode: null }); } };
  });
  await expect(h.detach(single, {}, { signal: abort.signal })).rejects.toMatchObject({ code: "MLS4003" });
  expect(said).toEqual(["the run was cancelled"]);
  expect(runs(h)).toMatchObject([{ status: "cancelled" }]);
});

test("a start that is refused is the end of the run", async () => {
  const h = await opened(async () => { throw new Error("no quota"); });
  await expect(h.detach(single)).rejects.toThrow("no quota");
  expect(runs(h)).toMatchObject([{ status: "failed", error_json: expect.stringContaining("no quota") as string }]);
});
