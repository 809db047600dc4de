// What metrics cost: a chain of 200 steps that log a curve of n points each, its cached rerun (which replays them to the tracker), and the
// same without a tracker, where they are recorded only. Every run is a run of its own to the tracker. Aim: 0.02 ms a point.
import { rmSync } from "node:fs";
import { openEngine, type StackSpec } from "@mlstack/engine";
import { definePipeline } from "@mlstack/pipeline";
import { benchFolders } from "./lib/bench-folder.ts";
import { curve, first } from "./steps/logging.ts";

const STEPS = 200;
const chain = (points: number) => definePipeline({ name: "curves", build: () => { let x = first(); for (let i = 0; i < STEPS; i++) x = curve({ x, points }); } });
const stack = (tracker: boolean): StackSpec => ({
  name: "bench", components: { artifact_store: { name: "store", flavor: "local" }, orchestrator: { name: "o", flavor: "local", config: { isolation: "inline" } }, ...(tracker && { experiment_tracker: { name: "t", flavor: "local" } }) },
});

const make = Object.values(benchFolders())[0]!;
// the first engine of a process also pays for the compilation of the code itself: it is not counted
for (const [name, tracker, points] of [["warm-up", true, 10], ["local tracker", true, 0], ["local tracker", true, 10], ["local tracker", true, 100], ["no tracker", false, 100]] as const) {
  const dir = make();
  const engine = await openEngine({ from: import.meta.dirname, stack: stack(tracker), env: { MLSTACK_STATE_DIR: dir } });
  const time = async (wanted: string): Promise<number> => {
    const start = performance.now();
    const report = await engine.run(chain(points));
    const ms = (performance.now() - start) / STEPS;
    const odd = [...report.nodes.values()].filter((n) => n.status !== wanted).length;
    if (odd > 0) throw new Error(`${odd} of ${STEPS + 1} steps are not ${wanted}: ${report.error?.message ?? ""}`);
    const { length } = await engine.records.tracked(report.id);
    if (length !== STEPS * points) throw new Error(`${length} points are recorded, not ${STEPS * points}`);
    return ms;
  };
  const run = await time("completed");
  const cached = await time("cached");
  if (name !== "warm-up") console.log(`${name.padEnd(13)} ${String(points).padStart(4)} points  run ${run.toFixed(3)} ms a step   cached rerun ${cached.toFixed(3)} ms a step`);
  await engine.close();
  rmSync(dir, { recursive: true, force: true });
}
