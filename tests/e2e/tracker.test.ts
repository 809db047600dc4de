import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { jsonOf } from "./testing/project.ts";
import { until } from "./testing/processes.ts";
import { trackerProject, type Noted } from "./testing/tracker-project.ts";

const open: { close(): void }[] = [];
afterEach(() => { for (const p of open.splice(0)) p.close(); });

const PIPELINE = `import { existsSync, writeFileSync } from "node:fs";
import { json, pipeline, step } from "mlstack";
import { z } from "zod";
const until = async (file) => { while (!existsSync(file)) await new Promise((go) => setTimeout(go, 50)); };
export const curve = step({ name: "curve", output: json(z.number()), run: async ({ tracker }) => { tracker.logMetric("loss", 0.5); await until("seen"); tracker.logMetric("loss", 0.25); return 1; } });
export const watched = pipeline({ name: "watched", build: () => { curve(); } });

export const logs = step({ name: "logs", output: json(z.number()), run: ({ tracker }) => { tracker.logMetrics({ loss: 0.5, nan: NaN }); tracker.logParam("on", true); return 1; } });
export const dies = step({ name: "dies", inputs: { n: json(z.number()) }, params: { kill: z.boolean() }, cache: false, output: json(z.number()), run: ({ inputs, params }) => {
  if (existsSync("mended")) return inputs.n;
  if (params.kill) process.kill(process.ppid, "SIGKILL");
  throw new Error("as it was told");
} });
export const leave = step({ name: "leave", inputs: { n: json(z.number()) }, cache: false, output: json(z.number()), run: ({ inputs }) => { if (!existsSync("mended")) writeFileSync("away", ""); return inputs.n; } });
export const fragile = pipeline({ name: "fragile", build: () => { dies({ n: leave({ n: logs() }), kill: true }); } });
`;

const shown = (noted: readonly Noted[]) => noted.flatMap((n) => n.events ?? []);

test("what a step in a worker logs is shown while it runs, by one process", async () => {
  const p = await trackerProject(PIPELINE);
  open.push(p);
  const running = p.mlstack(["run", "pipeline.mjs#watched", "--stack", "tracked", "--json"]);
  expect(await until(() => shown(p.noted()).length === 1)).toBe(true);
  writeFileSync(join(p.dir, "seen"), "");
  const { data } = jsonOf(await running);
  expect([data["status"], (jsonOf(await running) as { warnings?: unknown }).warnings]).toEqual(["completed", []]);
  expect(shown(p.noted())).toEqual([["curve/0.1/0", "loss", 0.5], ["curve/0.1/1", "loss", 0.25]]);
  expect(new Set(p.noted().map((n) => n.pid)).size).toBe(1);
  expect(p.noted().at(-1)).toMatchObject({ finish: `x-${data["run"] as string}`, status: "completed" });
});

test("what could not be sent is in the records, and is sent when the run is resumed, to the run that was opened before", async () => {
  const p = await trackerProject(PIPELINE);
  open.push(p);
  await p.mlstack(["run", "pipeline.mjs#fragile", "--stack", "tracked"]);
  const before = p.noted();
  const [{ start: run } = {}] = before;
  for (const file of ["away"]) p.remove(file);
  p.write("mended", "");
  const resumed = await p.mlstack(["run", "resume", run!, "--json"]);
  expect(resumed.code, resumed.stderr).toBe(0);
  const after = p.noted().slice(before.length);
  expect(after[0]).toMatchObject({ start: run, externalId: `x-${run}` });
  expect(after.filter((n) => n.events !== undefined)[0]).toMatchObject({ log: `x-${run}`, resent: true });
  // whether the first part had sent them before the tracker went away is open; now they are there
  expect(shown(after)).toEqual([["logs/0.1/0", "loss", 0.5], ["logs/0.1/1", "nan", null], ["logs/0.1/2", "on", true]]);
  expect(after.at(-1)).toMatchObject({ status: "completed" });
});
