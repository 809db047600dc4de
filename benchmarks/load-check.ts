// What it costs to compare 25 integrations with mlstack.lock when they are loaded: files are looked at, not read. Aim: 3 ms. Beside it what the system takes to
// look at so many files, and what it costs where they have to be read.
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { nodePluginHost } from "@mlstack/core/node";
import { fileDigests, lockEntry, openLoadCheck, packageOf, writeLock, type LockedPlugin } from "@mlstack/hub";
import { benchFolders } from "./lib/bench-folder.ts";

const [PLUGINS, RUNS] = [25, 60];
const AIM_MS = 3;

/** The files of a real one: those of the plugin that is the largest here. */
const model = dirname(createRequire(import.meta.url).resolve("@mlstack/plugin-mlflow/package.json"));
const shipped = ["dist", "src"].flatMap((folder) => readdirSync(join(model, folder), { recursive: true, withFileTypes: true }).filter((e) => e.isFile() && !/\.test(-d)?\.ts$/.test(e.name)).map((e) => join(e.parentPath, e.name)));
const files = Object.fromEntries(["package.json", "README.md", "LICENSE"].map((name) => join(model, name)).concat(shipped).map((path) => [path.slice(model.length + 1).replaceAll("\\", "/"), readFileSync(path)]));

async function measure(place: string, makeFolder: () => string): Promise<void> {
  const dir = makeFolder();
  const plugins: Record<string, LockedPlugin> = {};
  for (let i = 0; i < PLUGINS; i++) {
    const name = `mlstack-plugin-${i}`;
    const own = { ...files, "package.json": Buffer.from(JSON.stringify({ ...(JSON.parse(String(files["package.json"])) as object), name })) };
    for (const [path, bytes] of Object.entries(own)) {
      mkdirSync(dirname(join(dir, "node_modules", name, path)), { recursive: true });
      writeFileSync(join(dir, "node_modules", name, path), bytes);
    }
    plugins[name] = lockEntry({ package: packageOf(String(own["package.json"]), name), source: "registry", tarball: { files: fileDigests(new Map(Object.entries(own))), integrity: `sha512-${"A".repeat(86)}==` }, trust: { provenance: false } });
  }
  writeFileSync(join(dir, "package.json"), JSON.stringify({ dependencies: Object.fromEntries(Object.keys(plugins).map((name) => [name, "*"])) }));
  await writeLock(dir, { plugins });
  const packages = await nodePluginHost({ projectDir: dir }).packages();
  const indexFile = join(dir, "index.json");
  const all = async (): Promise<number> => {
    const start = performance.now();
    // a clock that is ahead: the files were written just now
    const check = await openLoadCheck({ projectDir: dir, indexFile, now: () => Date.now() + 60_000 });
    for (const pkg of packages) {
      const problem = await check!.check(pkg);
      if (problem !== undefined) throw problem;
    }
    return performance.now() - start;
  };
  const read = await all();
  const looked: number[] = [];
  for (let i = 0; i < RUNS; i++) looked.push(await all());
  const paths = packages.flatMap((pkg) => Object.keys(files).map((path) => `${pkg.dir}/${path}`));
  const { plugins: known } = JSON.parse(readFileSync(indexFile, "utf8")) as { readonly plugins: Readonly<Record<string, { readonly states: readonly unknown[] }>> };
  const watched = Object.values(known).reduce((sum, { states }) => sum + states.length, 0);
  const system = Array.from({ length: RUNS }, () => {
    const start = performance.now();
    for (const path of paths) lstatSync(path);
    return performance.now() - start;
  });
  rmSync(dir, { recursive: true, force: true });
  const p50 = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!;
  const first = looked[0]!;
  console.log(`${place.padEnd(8)} ${PLUGINS} plugins, ${paths.length} files, ${watched} looked at: p50 ${p50(looked).toFixed(2)} ms (aim ${AIM_MS}), least ${Math.min(...looked).toFixed(2)}, first in the process ${first.toFixed(2)}; stat of all ${p50(system).toFixed(2)}; read ${read.toFixed(0)} ms`);
}

console.log(`Node ${process.versions.node}, p50 of ${RUNS}`);
for (const [place, makeFolder] of Object.entries(benchFolders())) await measure(place, makeFolder);
