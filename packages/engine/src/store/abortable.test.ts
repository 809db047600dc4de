import { createHash } from "node:crypto";
import { MlstackError, type ArtifactStore } from "@mlstack/core";
import { bytes, definePipeline, json, step } from "@mlstack/pipeline";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { LOCAL_STACK } from "../stack/stack.ts";
import { localArtifactStore } from "../local/local-artifact-store.ts";
import { turnsUntil } from "../testing/fake-launcher.ts";
import { harness, type Harness } from "../testing/harness.ts";
import { memoryPlugin, memoryStore, type MemoryStore } from "../testing/memory-store.ts";
import { abortable } from "./abortable.ts";
import { layout } from "./layout.ts";

const open: Harness[] = [];
afterEach(async () => { for (const h of open.splice(0)) await h.close(); });

/** A store that answers some calls only when they are aborted. */
function held(hangs: string): MemoryStore & { readonly waiting: string[]; readonly stopped: string[] } {
  const store = memoryStore();
  const [waiting, stopped]: string[][] = [[], []];
  const wait = (call: string, signal: AbortSignal | undefined) => (call !== hangs ? undefined : new Promise<never>((_, fail) => {
    waiting!.push(call);
    signal?.addEventListener("abort", () => { stopped!.push(call); fail(signal.reason as Error); }, { once: true });
  }));
  return {
    ...store, waiting: waiting!, stopped: stopped!,
    put: async (key, source, options) => { await wait(`put ${key}`, options?.signal); await store.put(key, source, options); },
    get: async (key, options) => { await wait(`get ${key}`, options?.signal); return store.get(key, options); },
  };
}

test("all of a store is there", () => {
  const whole: Required<Omit<ArtifactStore, "dispose">> = { ...memoryStore(), ...localArtifactStore({ root: "/nowhere", durability: "process" }), external: { schemes: ["s"], stat: async () => undefined, get: async () => { throw new Error("no"); }, async *list() { /* nothing */ } }, check: async () => [], touch: async () => undefined, deleteMany: async () => [], localPath: (key) => key };
  const { objects: _o, times: _t, calls: _c, puts: _p, fault: _f, ...contract } = whole as typeof whole & MemoryStore;
  expect(Object.keys(abortable(contract).store).sort()).toEqual(Object.keys(contract).sort());
});

test("calls end with the work around them, with their own signal, and not with that of other work", async () => {
  const seen: (AbortSignal | undefined)[] = [];
  const { store, during } = abortable({ ...memoryStore(), stat: async (_, options) => { seen.push(options?.signal); return undefined; } } satisfies ArtifactStore);
  const [a, b] = [new AbortController(), new AbortController()];
  await Promise.all([during(a.signal, async () => { await store.stat("k"); await store.stat("k", { signal: b.signal }); }), store.stat("k")]);
  expect(seen[1]).toBeUndefined();
  b.abort(new Error("b"));
  expect([seen[0]!.aborted, seen[2]!.aborted]).toEqual([false, true]);
  a.abort(new Error("a"));
  expect(seen[0]!.reason).toEqual(new Error("a"));
});

const large = step({ name: "large", output: bytes(), run: () => new Uint8Array(100) });
const reads = step({ name: "reads", inputs: { b: bytes() }, output: json(z.number()), run: ({ inputs: { b } }) => b.length });
const pipeline = definePipeline({ name: "p", build: () => { reads({ b: large() }); } });

test.each(["put", "get"])("%s: a blob on its way does not keep a run from being cancelled, and what the run has to say is still written", async (how) => {
  const blob = createHash("sha256").update(new Uint8Array(100)).digest("hex");
  const store = held(`${how} ${layout.blob(blob)}`);
  const h = await harness({ plugins: [memoryPlugin({ far: store })], stack: { ...LOCAL_STACK, components: { ...LOCAL_STACK.components, artifact_store: { name: "s", flavor: "memory", config: { of: "far" } } } } });
  open.push(h);
  const control = new AbortController();
  const running = h.run(pipeline, {}, { signal: control.signal });
  await turnsUntil(() => store.waiting.length > 0);
  control.abort(new MlstackError("MLS4003", "ctrl-c"));
  const report = await running;
  expect([report.status, report.error?.code, h.status(report)]).toEqual(["cancelled", "MLS4003", how === "put" ? { large: "cancelled", reads: "cancelled" } : { large: "completed", reads: "cancelled" }]);
  expect(store.stopped).toHaveLength(1);
  const roots = [...store.objects].filter(([key]) => key.startsWith("roots/")).map(([, bytes]) => JSON.parse(Buffer.from(bytes).toString()) as { leaseMs?: number | null });
  expect(roots.some((root) => root.leaseMs === null)).toBe(true);
});
