// How long a plan of n calls takes to compile, and whether it grows with n alone. Aim: 10,000 calls in less than a second.
import { openEngine } from "@mlstack/engine";
import { definePipeline } from "@mlstack/pipeline";
import { rmSync } from "node:fs";
import { benchFolders } from "./lib/bench-folder.ts";
import { first, next } from "./steps/trivial.ts";

const dir = Object.values(benchFolders())[0]!();
const engine = await openEngine({ from: import.meta.dirname, env: { MLSTACK_STATE_DIR: dir } });
for (const n of [100, 1000, 10_000, 40_000]) {
  const p = definePipeline({ name: "wide", build: () => { let x = first(); for (let i = 1; i < n; i++) x = next({ x, i }); } });
  const times: number[] = [];
  for (let k = 0; k < 5; k++) {
    const start = performance.now();
    const { plan } = await engine.plan(p);
    times.push(performance.now() - start);
    if (plan.nodes.length < n) throw new Error("the plan is too short");
  }
  const ms = times.toSorted((a, b) => a - b)[2]!;
  console.log(`${String(n).padStart(6)} calls  ${ms.toFixed(0).padStart(5)} ms  ${((ms / n) * 1000).toFixed(1)} µs a call`);
}
await engine.close();
rmSync(dir, { recursive: true, force: true });
