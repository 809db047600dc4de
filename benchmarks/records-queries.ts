// What lists, the last run, an artifact by its digest and lineage take in a project with 10,000 runs of five steps, of which nine in ten were
// served from the cache: once in a process that has just opened the records, and again. Aim: a list in less than 100 ms, lineage over all runs in less than a second.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Client, openEngine } from "@mlstack/engine";
import { definePipeline } from "@mlstack/pipeline";
import { benchFolders } from "./lib/bench-folder.ts";
import { first, next } from "./steps/trivial.ts";

const RUNS = 10_000;
const chain = definePipeline({ name: "chain", build: () => { let x = first(); for (let i = 1; i < 5; i++) x = next({ x, i }); return { x }; } });
const dir = Object.values(benchFolders())[0]!();
const env = { MLSTACK_STATE_DIR: dir };
const engine = await openEngine({ from: import.meta.dirname, env });
const { id } = await engine.run(chain);
await engine.close();

// the recorded run, again and again under other ids; every tenth has results of its own
const db = new DatabaseSync(join(dir, "records.db"));
db.exec("begin");
for (const table of ["runs", "steps", "artifacts"]) {
  const columns = db.prepare(`select name from pragma_table_info('${table}')`).all().map((c) => String(c["name"]));
  const picked = columns.map((c) => {
    if (c === (table === "runs" ? "id" : "run")) return "? as id";
    if (c === "started_at" || c === "ended_at") return `${c} + ?2`;
    if (c === "manifest") return "case when ?2 % 10 = 0 then substr(?1 || manifest, 1, 64) else manifest end";
    if (c === "cache_json") return `case when ?2 % 10 = 0 then cache_json else json_object('state', 'hit', 'run', '${id}', 'node', node, 'madeAt', started_at, 'platform', 'any', 'savedMs', 1) end`;
    return c;
  });
  const insert = db.prepare(`insert into ${table} (${columns.join(", ")}) select ${picked.join(", ").replace("? as id", "?1")} from ${table} where ${table === "runs" ? "id" : "run"} = '${id}'`);
  for (let i = 1; i < RUNS; i++) insert.run(id.slice(0, 9) + i.toString(32).padStart(7, "0"), i);
}
db.exec("commit; analyze");
db.close();

const questions: Readonly<Record<string, (client: Client) => Promise<unknown>>> = {
  "last run, typed": (c) => c.getPipeline(chain).lastRun(),
  "runs, 20": (c) => c.runs(),
  "runs of a pipeline, 500": (c) => c.runs({ pipeline: "chain", limit: 500 }),
  "steps, 100": (c) => c.steps(),
  "steps that failed": (c) => c.steps({ status: "failed" }),
  "artifacts, 200": (c) => c.artifacts(),
  "artifacts of a step": (c) => c.artifacts({ step: "next_2" }),
  "lineage up": (c) => c.lineage("last/next", { direction: "up" }),
  "lineage down, 9,000 runs": (c) => c.lineage(`${id}/first`, { direction: "down" }),
};
for (const [name, ask] of Object.entries(questions)) {
  const times: number[] = [];
  await using client = new Client({ from: import.meta.dirname, env });
  for (let k = 0; k < 6; k++) {
    const start = performance.now();
    await ask(client);
    times.push(performance.now() - start);
  }
  console.log(`${name.padEnd(26)} ${times[0]!.toFixed(0).padStart(5)} ms with opening  ${times.slice(1).toSorted((a, b) => a - b)[2]!.toFixed(1).padStart(7)} ms again`);
}
rmSync(dir, { recursive: true, force: true });
