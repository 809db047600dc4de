import { createHash } from "node:crypto";
import { readdirSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { ArtifactStore } from "@mlstack/core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startVersitygw, type Versitygw } from "./servers/versitygw.ts";
import { jsonOf, liveProject, type LiveProject, type Outcome } from "./testing/project.ts";
import { keysOf, openStore, text } from "./testing/s3.ts";

const PIPELINE = `import { bytes, json, list, map, pipeline, step } from "mlstack";
import { z } from "zod";
export const load = step({ name: "load", params: { n: z.number() }, output: list(json(z.number())), run: ({ params }) => [1, 2, 3].map((i) => i * params.n) });
export const scale = step({ name: "scale", inputs: { x: json(z.number()) }, output: json(z.number()), run: ({ inputs, tracker }) => { tracker?.logMetric("x", inputs.x); return inputs.x * 10; } });
export const sum = step({ name: "sum", inputs: { xs: list(json(z.number())) }, output: json(z.number()), run: ({ inputs }) => inputs.xs.reduce((a, b) => a + b, 0) });
export const weights = step({ name: "weights", params: { n: z.number(), mib: z.number() }, output: bytes(), run: ({ params }) => new Uint8Array(params.mib << 20).fill(params.n) });
export const p = pipeline({ name: "p", params: { n: z.number().default(1), mib: z.number().default(0) }, build: (g) => { sum({ xs: map(load({ n: g.n }), (x) => scale({ x })) }); weights({ n: g.n, mib: g.mib }); } });
`;
const DAY = 86_400_000;
/** Keeps nothing of runs that have ended, so that all that lies there is to be removed unless somebody uses it. */
const ALL = ["--keep-days", "0", "--keep-runs", "0", "--yes", "--json"];

let s3: Versitygw;
let env: Record<string, string>;
let buckets = 0;
const projects: LiveProject[] = [];
beforeAll(async () => {
  s3 = await startVersitygw();
  env = { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey };
});
afterEach(() => { for (const made of projects.splice(0)) made.close(); });
afterAll(() => s3.stop());

interface Place { readonly bucket: string; readonly store: ArtifactStore; /** Makes all that lies there so many days older. */ age(days: number, below?: string): void }

async function place(): Promise<Place> {
  const bucket = `gc-${buckets++}`;
  await s3.bucket(bucket);
  const files = (below: string) => readdirSync(join(s3.data, bucket), { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name)).filter((path) => path.includes(`/${below}`));
  return {
    bucket, store: await openStore(s3, { bucket }),
    age(days, below = "") { for (const path of files(below)) { const at = new Date(statSync(path).mtimeMs - days * DAY); utimesSync(path, at, at); } },
  };
}

function project(stacks: Readonly<Record<string, string>>): LiveProject {
  const files = Object.entries(stacks).map(([name, bucket]) => [`stacks/${name}.yaml`, `components:\n  artifact_store: { type: s3, name: ${name}_bucket, configuration: { bucket: ${bucket}, endpoint: "${s3.endpoint}", region: ${s3.region} } }\n  orchestrator: { type: local, name: here, configuration: { isolation: inline } }\n`]);
  const made = liveProject({ "p.ts": PIPELINE, ...Object.fromEntries(files) });
  projects.push(made);
  return made;
}

interface Ran { readonly run: string; readonly status: string; readonly steps: readonly { readonly step: string; readonly status: string }[] }
const ran = (outcome: Outcome): Ran => { const data = jsonOf(outcome) as unknown as Ran; expect([outcome.code, data.status], outcome.stderr).toEqual([0, "completed"]); return data; };
/** How its steps ended; the map that they are in is the driver's own work. */
const ends = ({ steps }: Ran) => [...new Set(steps.filter((s) => !s.step.startsWith("map")).map((s) => s.status))];
const run = async (p: LiveProject, n: number, stack = "s3", mib = 0) => ran(await p.mlstack(["run", "p.ts", "-p", `n=${n}`, "-p", `mib=${mib}`, "--stack", stack, "--json"], env));
const gc = (p: LiveProject, stack = "s3", ...args: readonly string[]) => p.mlstack(["gc", "--stack", stack, ...ALL, ...args], env);

const json = async (store: ArtifactStore, key: string): Promise<unknown> => JSON.parse(Buffer.from(await (await store.get(key)).bytes()).toString()) as unknown;

/** Whether all that a run names is there, in one of the stores, and is what its digest says. */
async function isWhole(id: string, ...stores: readonly ArtifactStore[]): Promise<boolean> {
  const read = async (digest: string): Promise<Buffer | undefined> => {
    for (const store of stores) {
      const key = `cas/sha256/${digest.slice(0, 2)}/${digest}`;
      if ((await store.stat(key)) === undefined) continue;
      const bytes = Buffer.from(await (await store.get(key)).bytes());
      if (createHash("sha256").update(bytes).digest("hex") === digest) return bytes;
    }
    return undefined;
  };
  const digests = new Set<string>();
  const manifests = new Set<string>();
  for (const store of stores) {
    for (const key of (await keysOf(store, "roots/")).filter((k) => k.includes(`/${id}/`) && !k.endsWith("/lease"))) {
      const part = (await json(store, key)) as Record<"manifests" | "lists" | "blobs", string[]>;
      for (const digest of part.blobs) digests.add(digest);
      for (const digest of [...part.manifests, ...part.lists]) manifests.add(digest);
    }
  }
  for (const manifest of manifests) {
    const bytes = await read(manifest);
    if (bytes === undefined) return false;
    for (const { sha256 } of (JSON.parse(bytes.toString()) as { files: { sha256: string }[] }).files) digests.add(sha256);
  }
  for (const digest of digests) if ((await read(digest)) === undefined) return false;
  return digests.size > 0;
}

test("what old runs made goes, what is used stays, and what is gone is made anew", async () => {
  const { bucket, store, age } = await place();
  const p = project({ s3: bucket });
  await run(p, 7);
  await run(p, 2);
  age(100);
  const again = await run(p, 2);
  expect(ends(again)).toEqual(["cached"]);
  const before = (await keysOf(store, "cas/")).length;
  const plan = jsonOf(await p.mlstack(["gc", "--plan", "--keep-runs", "1", "--stack", "s3", "--json"], env)) as { done: boolean; remove: { released: { blobs: number } } };
  expect([plan.done, plan.remove.released.blobs > 5, (await keysOf(store, "cas/")).length]).toEqual([false, true, before]);
  const done = jsonOf(await p.mlstack(["gc", "--keep-runs", "1", "--yes", "--stack", "s3", "--json"], env)) as { removed: number; spared: number };
  expect(done).toMatchObject({ removed: plan.remove.released.blobs, spared: 0 });
  expect([(await keysOf(store, "cas/")).length, (await keysOf(store, "gc/")).length, await isWhole(again.run, store)]).toEqual([before - done.removed, 0, true]);
  expect(ends(await run(p, 2))).toEqual(["cached"]);
  expect((await run(p, 7)).steps.filter((s) => /^(?:load|scale@|sum)/.test(s.step)).map((s) => s.status)).toEqual(Array(5).fill("completed"));
}, 300_000);

test("runs of two projects that begin while all of the bucket is removed end whole, with what they found old and what they make", async () => {
  const { bucket, store, age } = await place();
  const [a, b] = [project({ s3: bucket }), project({ s3: bucket })];
  for (let round = 0; round < 3; round++) {
    await Promise.all([run(a, 1), run(b, 2)]);
    age(2);
    const [one, two, other] = await Promise.all([run(a, 1), run(b, 1), run(b, 10 + round, "s3", 12), gc(a), gc(b)].map((work) => work.then((found) => ("run" in found ? found.run : (expect([0, 1]).toContain(found.code), "")))));
    for (const id of [one!, two!, other!]) expect(await isWhole(id, store), `${round} ${id}`).toBe(true);
  }
  // at rest nothing is in the way: all goes but what is young
  age(2);
  expect((await gc(a)).code).toBe(0);
  expect((await gc(b)).code).toBe(0);
  expect([(await keysOf(store, "cas/")).length, (await keysOf(store, "ac/")).length, (await keysOf(store, "roots/")).length]).toEqual([0, 0, 0]);
}, 300_000);

test("one that is killed is forgotten after five minutes, and the next one does the rest", async () => {
  const { bucket, store, age } = await place();
  const p = project({ s3: bucket });
  for (let n = 1; n <= 3; n++) await run(p, n);
  age(2);
  const kept = await run(p, 3);
  const args = ["gc", "--stack", "s3", "--keep-days", "0", "--keep-runs", "1", "--yes", "--json"];
  const { child, ended } = p.start(args, env);
  // it has begun, and is killed wherever it is
  while ((await keysOf(store, "gc/")).length === 0 && child.exitCode === null) await new Promise((go) => { setTimeout(go, 5); });
  child.kill("SIGKILL");
  await ended;
  // its note is left, if it was not just about to take it away
  if ((await keysOf(store, "gc/")).length === 0) await store.put("gc/left", text(JSON.stringify({ v: 1, blobs: [] })));
  const refused = await p.mlstack(args, env);
  expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: "MLS3013" } });
  age(6 / 24 / 60, "gc/");
  expect((await p.mlstack(args, env)).code).toBe(0);
  expect([(await keysOf(store, "gc/")).length, (await keysOf(store, "roots/")).filter((k) => k.endsWith("/lease")).length, await isWhole(kept.run, store)]).toEqual([0, 1, true]);
  expect(ends(await run(p, 3))).toEqual(["cached"]);
}, 300_000);

test("what a run on another stack relies on stays where it lies", async () => {
  const [first, second] = [await place(), await place()];
  const p = project({ s3: first.bucket, other: second.bucket });
  await run(p, 5);
  first.age(2);
  const there = await run(p, 5, "other");
  expect([ends(there), await isWhole(there.run, first.store)]).toEqual([["cached"], true]);
  first.age(2);
  expect((await p.mlstack(["gc", "--stack", "s3", "--keep-days", "1", "--keep-runs", "1", "--yes", "--json"], env)).code).toBe(0);
  expect(await isWhole(there.run, first.store)).toBe(true);
  // nothing names it any more, and a run finds it while it is removed: it has it, or makes it anew
  first.age(2);
  const [last] = await Promise.all([run(p, 5, "other"), gc(p)]);
  expect(await isWhole(last.run, first.store, second.store)).toBe(true);
}, 300_000);
