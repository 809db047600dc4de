// npm run bench [-- name...]: runs the programs in benchmarks/, one after the other so that they do not disturb each other.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./bootstrap/install.mjs";

const folder = join(root, "benchmarks");
const wanted = process.argv.slice(2);
const all = readdirSync(folder).filter((file) => file.endsWith(".ts") && !/\.(test|config)\.ts$/.test(file));
const programs = all.filter((file) => wanted.length === 0 || wanted.includes(file.replace(/\.ts$/, "")));
const unknown = wanted.filter((name) => !all.includes(`${name}.ts`));

if (unknown.length > 0) {
  console.error(`no benchmark named ${unknown.join(", ")}; there are: ${all.map((file) => file.replace(/\.ts$/, "")).join(", ") || "none yet"}`);
  process.exitCode = 2;
} else if (programs.length === 0) {
  console.log("no benchmarks yet: a benchmark is a program benchmarks/NAME.ts");
}
for (const program of unknown.length > 0 ? [] : programs) {
  console.log(`# ${program}`);
  const { status } = spawnSync(process.execPath, [join(folder, program)], { cwd: folder, stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
