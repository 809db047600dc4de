// What a trivial step costs when it is recorded: a chain of 1,000 steps, its cached rerun, and as the floor what a step can't do without
// (three small files under their final names and one SQLite commit). Aim: 0.5 ms and 0.15 ms a step. `workers`: the same in one worker process.
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openEngine } from "@mlstack/engine";
import { definePipeline } from "@mlstack/pipeline";
import { benchFolders } from "./lib/bench-folder.ts";
import { first, next } from "./steps/trivial.ts";

const N = 1000;
const chain = definePipeline({ name: "chain", build: () => { let x = first(); for (let i = 1; i < N; i++) x = next({ x, i }); return { x }; } });

function floor(dir: string): number {
  const db = new DatabaseSync(join(dir, "floor.db"));
  db.exec("pragma journal_mode = wal; pragma synchronous = normal; create table t (a text, b text)");
  const insert = db.prepare("insert into t values (?, ?)");
  mkdirSync(join(dir, "files"));
  const bytes = Buffer.from("x".repeat(300));
  const start = performance.now();
  for (let i = 0; i < N; i++) {
    for (let f = 0; f < 3; f++) {
      const temp = join(dir, "files", "temp");
      const fd = openSync(temp, "wx");
      writeSync(fd, bytes);
      closeSync(fd);
      renameSync(temp, join(dir, "files", `${i}-${f}`));
    }
    insert.run(String(i), "x");
  }
  const ms = (performance.now() - start) / N;
  db.close();
  return ms;
}

// the first chain of a process also pays for the compilation of the code itself: it is not counted
for (const [place, make] of Object.entries(benchFolders())) {
  for (const durability of ["warm-up", "process", "power", "workers"] as const) {
    const dir = make();
    const power = durability === "power";
    const engine = await openEngine({
      from: import.meta.dirname, durability: power ? "power" : "process", env: { MLSTACK_STATE_DIR: dir },
      stack: { name: "bench", components: { artifact_store: { name: "store", flavor: "local", config: { durability: power ? "power" : "process" } }, orchestrator: { name: "o", flavor: "local", config: { isolation: durability === "workers" ? "process" : "inline" } }, experiment_tracker: { name: "t", flavor: "local" } } },
    });
    const time = async (wanted: string): Promise<number> => {
      const start = performance.now();
      const report = await engine.run(chain);
      const ms = (performance.now() - start) / N;
      const odd = [...report.nodes.values()].filter((n) => n.status !== wanted).length;
      if (odd > 0) throw new Error(`${odd} of ${N} steps are not ${wanted}: ${report.error?.message ?? ""}`);
      return ms;
    };
    const run = await time("completed");
    const cached = Math.min(await time("cached"), await time("cached"));
    const least = floor(dir);
    if (durability !== "warm-up") console.log(`${place.padEnd(6)} ${durability.padEnd(8)} run ${run.toFixed(3)} ms a step (${(run / least).toFixed(1)} × the floor of ${least.toFixed(3)})   cached rerun ${cached.toFixed(3)} ms a step`);
    await engine.close();
    rmSync(dir, { recursive: true, force: true });
  }
}
