// How long `mlstack stack list` takes next to a Node that does nothing, with no plugin installed and with 25. Aim: 60 ms more, and no more with 25.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const RUNS = 30;
const bin = join(dirname(createRequire(import.meta.url).resolve("mlstack/package.json")), "bin", "mlstack.js");

/** A project with two stacks, and so many plugins of ten flavors each. */
function project(plugins: number): string {
  const dir = mkdtempSync(join(tmpdir(), "mlstack-bench-"));
  const put = (path: string, text: string) => { mkdirSync(dirname(join(dir, path)), { recursive: true }); writeFileSync(join(dir, path), text); };
  const names = Array.from({ length: plugins }, (_, i) => `mlstack-plugin-${i}`);
  put("package.json", JSON.stringify({ name: "p", type: "module", dependencies: Object.fromEntries(names.map((name) => [name, "1.0.0"])) }));
  put("mlstack.yaml", "version: 1\nproject: { id: bench }\ndefault_stack: one\n");
  for (const name of ["one", "two"]) put(`stacks/${name}.yaml`, `components:\n  artifact_store: { type: local, name: s_${name}, configuration: { path: /tmp/x } }\n  orchestrator: { type: local, name: o_${name} }\n  experiment_tracker: { type: mlflow, name: t_${name}, configuration: { tracking_uri: http://localhost:5000 } }\n`);
  for (const name of names) {
    const components = Array.from({ length: 10 }, (_, i) => ({ contract: "artifact_store@1", flavor: `${name}-${i}`, description: "For measuring", config: { type: "object", properties: {}, additionalProperties: false } }));
    put(`node_modules/${name}/package.json`, JSON.stringify({ name, version: "1.0.0", type: "module", mlstack: { manifestVersion: 1, entry: "./index.js", core: ">=0.1.0 <1", components } }));
    put(`node_modules/${name}/index.js`, "throw new Error('a list runs no plugin')");
  }
  return dir;
}

const folders = [project(0), project(25)];
const programs: readonly (readonly [name: string, args: readonly string[], cwd: string])[] = [
  ["node -e 0", ["-e", "0"], folders[0]!], ["mlstack --version", [bin, "--version"], folders[0]!], ["stack list, 0 plugins", [bin, "stack", "list"], folders[0]!], ["stack list, 25 plugins", [bin, "stack", "list"], folders[1]!],
];
const times = new Map(programs.map(([name]) => [name, [] as number[]]));
// in turn, so that whatever else the machine does falls on all of them alike
for (let i = 0; i < RUNS; i++) {
  for (const [name, args, cwd] of programs) {
    const start = performance.now();
    const { status, stderr } = spawnSync(process.execPath, args, { cwd, encoding: "utf8" });
    if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
    times.get(name)!.push(performance.now() - start);
  }
}
for (const dir of folders) rmSync(dir, { recursive: true, force: true });

const p50 = (name: string) => times.get(name)!.toSorted((a, b) => a - b)[Math.floor(RUNS / 2)]!;
const floor = p50("node -e 0");
console.log(`Node ${process.versions.node}, p50 of ${RUNS} in turn`);
for (const [name] of programs) console.log(`${name.padEnd(24)} ${p50(name).toFixed(0).padStart(4)} ms  +${(p50(name) - floor).toFixed(0)} ms`);
console.log(`25 plugins take ${(p50("stack list, 25 plugins") / p50("stack list, 0 plugins")).toFixed(2)} times as long as none`);
