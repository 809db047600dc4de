// How long `mlstack --version` takes, next to a Node that does nothing: the floor under every command. Aim: 60 ms more.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const RUNS = 30;
const bin = join(dirname(createRequire(import.meta.url).resolve("mlstack/package.json")), "bin", "mlstack.js");
const commands: Readonly<Record<string, readonly string[]>> = { "node -e 0": ["-e", "0"], "mlstack --version": [bin, "--version"], "mlstack --help": [bin, "--help"] };
const times = new Map(Object.keys(commands).map((name) => [name, [] as number[]]));

// in turn, so that whatever else the machine does falls on all of them alike
for (let i = 0; i < RUNS; i++) {
  for (const [name, args] of Object.entries(commands)) {
    const start = performance.now();
    const { status } = spawnSync(process.execPath, args);
    if (status !== 0) throw new Error(`${name} ended with ${status}`);
    times.get(name)!.push(performance.now() - start);
  }
}

const p50 = (all: readonly number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]!;
const floor = p50(times.get("node -e 0")!);
console.log(`Node ${process.versions.node}, p50 of ${RUNS} in turn`);
for (const [name, all] of times) console.log(`${name.padEnd(20)} ${p50(all).toFixed(0).padStart(4)} ms  +${(p50(all) - floor).toFixed(0)} ms`);
