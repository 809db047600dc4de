import { existsSync, readdirSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { documentOf } from "./testing/documents.ts";
import { jsonOf, testProject, type TestProject } from "./testing/project.ts";

const PIPELINE = `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
export const load = step({ name: "load", params: { n: z.number() }, output: json(z.number()), run: ({ params }) => params.n });
export const train = step({ name: "train", inputs: { x: json(z.number()) }, output: json(z.number()), run: ({ inputs }) => inputs.x * 7 });
export const p = pipeline({ name: "p", params: { n: z.number().default(1) }, build: (g) => { train({ x: load({ n: g.n }) }); } });
`;
let p: TestProject;
beforeAll(() => { p = testProject({ "p.ts": PIPELINE }); });
afterAll(() => p.close());
const files = () => { const store = join(p.dir, ".mlstack", "store"); return existsSync(store) ? readdirSync(store, { recursive: true, withFileTypes: true }).filter((e) => e.isFile() && !e.parentPath.includes(".tmp")).map((e) => join(e.parentPath, e.name)) : []; };
const blobs = () => files().filter((f) => f.includes(join("store", "cas"))).length;
/** Makes everything in the store so many days older. */
const age = (days: number) => { for (const f of files()) { const at = new Date(statSync(f).mtimeMs - days * 86_400_000); utimesSync(f, at, at); } };

it("plans, asks, removes what old runs made, and leaves what is used", async () => {
  expect((await p.mlstack(["gc", "--plan"])).stdout).toMatch(/nothing to remove/);
  for (const n of [1, 2]) expect((await p.mlstack(["run", "p.ts", "-p", `n=${n}`, "-q"])).code).toBe(0);
  age(100);
  await p.mlstack(["run", "p.ts", "-p", "n=2", "-q"]);
  const before = blobs();
  const plan = documentOf("gc", await p.mlstack(["gc", "--plan", "--keep-runs", "1", "--json"])) as { data: { done: boolean; remove: Record<string, { blobs: number; bytes: number }>; runs: { released: string[] } } };
  expect(plan.data).toMatchObject({ done: false, remove: { abandoned: { blobs: 0, bytes: 0 }, unnamed: { blobs: 0, bytes: 0 } } });
  expect([plan.data.runs.released.length, plan.data.remove["released"]!.blobs > 0, blobs()]).toEqual([2, true, before]);
  expect((await p.mlstack(["gc", "--plan", "--keep-runs", "1"])).stdout).toMatch(/remove {2}of runs that ended too long ago +\d+ +[\d.]+ k?B/);
  for (const word of ["-n", "--dry-run"]) expect((documentOf("gc", await p.mlstack(["gc", word, "--keep-runs", "1", "--yes", "--json"])) as typeof plan).data).toMatchObject({ done: false, remove: plan.data.remove });
  expect(blobs()).toBe(before);
  // nobody to be asked
  expect(jsonOf(await p.mlstack(["gc", "--keep-runs", "1", "--json"])).error).toMatchObject({ code: "MLS7001", fix: "add --yes" });
  const done = documentOf("gc", await p.mlstack(["gc", "--keep-runs", "1", "--yes", "--json"])) as unknown as typeof plan & { data: { removed: number } };
  expect(done.data).toMatchObject({ done: true, removed: plan.data.remove["released"]!.blobs, remove: plan.data.remove });
  expect(blobs()).toBe(before - done.data.removed);
  const again = jsonOf(await p.mlstack(["run", "p.ts", "-p", "n=2", "--json"])).data as unknown as { steps: { status: string }[] };
  expect(again.steps.map((s) => s.status)).toEqual(["cached", "cached"]);
  const other = jsonOf(await p.mlstack(["run", "p.ts", "-p", "n=1", "--json"])).data as unknown as { steps: { status: string }[] };
  expect(other.steps.map((s) => s.status)).toEqual(["completed", "completed"]);
}, 120_000);

it("refuses a grace that is too short, and says what it does not understand", async () => {
  expect(jsonOf(await p.mlstack(["gc", "--grace", "1h", "--plan", "--json"])).error).toMatchObject({ code: "MLS7001", fix: expect.stringContaining("--alone") as string });
  expect((await p.mlstack(["gc", "--grace", "1h", "--alone", "--plan"])).code).toBe(0);
  expect((await p.mlstack(["gc", "--grace", "soon", "--plan"])).stderr).toMatch(/MLS7001 .*--grace is "soon": expected a time such as 90m, 36h or 7d/);
});

it("a project in which nothing has run stays as it is", async () => {
  const empty = testProject({});
  try {
    expect((await empty.mlstack(["gc", "--plan", "--json"])).code).toBe(0);
    expect(existsSync(join(empty.dir, ".mlstack"))).toBe(false);
  } finally { empty.close(); }
});
