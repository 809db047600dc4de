// What `mlstack integration install` costs over the package manager alone: the same two packages, the same project, a real registry on this machine, all
// caches warm; in turn, so that whatever else the machine does falls on both alike. Aim: at most 15 % more.
import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startVerdaccio } from "@mlstack-internal/live/servers/verdaccio";

const RUNS = 10;
const WANTED = ["@mlstack/plugin-s3", "@mlstack/plugin-mlflow"];

const isWindows = process.platform === "win32";
const npm = isWindows ? "npm.cmd" : "npm";
const packages = join(import.meta.dirname, "..", "packages");
const folder = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-bench-install-")));
// what the npm that started this says of itself would go before the settings of a folder
const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
const env = { ...inherited, CI: "true", NO_COLOR: "1", npm_config_cache: join(folder, "npm-cache"), npm_config_update_notifier: "false", npm_config_fund: "false", npm_config_audit: "false", MLSTACK_CACHE_DIR: join(folder, "cache") };

function run(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: "utf8", shell: isWindows && program === npm });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${String(status)}:\n${stdout}${stderr}`);
  return stdout;
}

const behind = run(npm, ["config", "get", "registry"], join(packages, "..")).trim();
const registry = await startVerdaccio({ behind: { url: behind, own: ["mlstack", "@mlstack/*"] } });
try {
  const versions = new Map<string, string>();
  for (const name of readdirSync(packages)) {
    const manifest = JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8")) as { readonly name: string; readonly version: string; readonly private?: boolean };
    if (manifest.private === true) continue;
    const [packed] = JSON.parse(run(npm, ["pack", "--json", "--ignore-scripts", "--pack-destination", folder, join(packages, name)], folder)) as readonly { readonly filename: string }[];
    const status = await registry.publish({ ...manifest }, readFileSync(join(folder, packed!.filename)));
    if (status >= 300) throw new Error(`${manifest.name} was not published: ${status}`);
    versions.set(manifest.name, manifest.version);
  }
  const template = join(folder, "template");
  const project = join(folder, "project");
  mkdirSync(template);
  writeFileSync(join(template, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
  writeFileSync(join(template, ".npmrc"), `registry=${registry.url}\n`);
  run(npm, ["install", "--loglevel=error", `mlstack@${versions.get("mlstack")!}`, "zod"], template);
  run(process.execPath, [join("node_modules", "mlstack", "bin", "mlstack.js"), "init"], template);
  appendFileSync(join(template, "mlstack.yaml"), `integrations:\n  allow_fresh: ["@mlstack"]\n`);

  const ways = {
    "npm install": () => run(npm, ["install", "--save-exact", "--ignore-scripts", ...WANTED.map((name) => `${name}@${versions.get(name)!}`)], project),
    "mlstack integration install": () => run(process.execPath, [join("node_modules", "mlstack", "bin", "mlstack.js"), "integration", "install", ...WANTED, "-y"], project),
  };
  const times = Object.fromEntries(Object.keys(ways).map((name) => [name, [] as number[]]));
  // the first fills the caches
  for (let i = -1; i < RUNS; i++) {
    for (const [name, way] of Object.entries(ways)) {
      rmSync(project, { recursive: true, force: true });
      cpSync(template, project, { recursive: true, verbatimSymlinks: true });
      const start = performance.now();
      way();
      if (i >= 0) times[name]!.push(performance.now() - start);
    }
  }
  const median = (name: string): number => { const sorted = times[name]!.toSorted((a, b) => a - b); return (sorted[RUNS / 2 - 1]! + sorted[RUNS / 2]!) / 2; };
  console.log(`Node ${process.versions.node}, npm ${run(npm, ["--version"], folder).trim()}, median of ${RUNS} in turn: ${WANTED.join(", ")}`);
  for (const name of Object.keys(ways)) console.log(`${name.padEnd(28)} ${median(name).toFixed(0).padStart(5)} ms   (${times[name]!.map((t) => t.toFixed(0)).join(" ")})`);
  console.log(`${((median("mlstack integration install") / median("npm install") - 1) * 100).toFixed(0)} % more`);
} finally {
  await registry.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
