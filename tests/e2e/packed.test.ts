import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonOf, run } from "./testing/project.ts";

// Everywhere else the packages are linked into the workspace, where each finds what any of them depends on. Here they are what users get.
const root = join(import.meta.dirname, "..", "..");
const isWindows = process.platform === "win32";
// npm leaves out what the Node that it runs on is too old for
const env = { ...process.env, PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter) };
const npm = (cwd: string, ...args: string[]): string => execFileSync(isWindows ? "npm.cmd" : "npm", args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], shell: isWindows });

const packages = join(root, "packages");
const published = readdirSync(packages).filter((folder) => {
  const path = join(packages, folder, "package.json");
  return existsSync(path) && (JSON.parse(readFileSync(path, "utf8")) as { private?: boolean }).private !== true;
});
const nameOf = (folder: string): string => (JSON.parse(readFileSync(join(packages, folder, "package.json"), "utf8")) as { name: string }).name;

const FILES: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({ name: "project", private: true, type: "module" }),
  "tsconfig.json": JSON.stringify({ compilerOptions: { module: "nodenext", target: "es2023", lib: ["es2023", "esnext.disposable", "dom"], strict: true, noEmit: true, exactOptionalPropertyTypes: true, types: [], skipLibCheck: true, allowImportingTsExtensions: true } }),
  "src/pipeline.ts": `import { json, list, map, pipeline, step } from "mlstack";
import { dataframe } from "@mlstack/plugin-polars";
import pl from "nodejs-polars";
import { z } from "zod";
enum Unit { One = 1 }
export const table = step({ name: "table", params: { rows: z.number() }, outputs: { rows: dataframe(), sizes: list(json(z.number())) }, run: ({ params }) => ({ rows: pl.DataFrame({ x: Array.from({ length: params.rows }, (_, i) => i) }), sizes: [Unit.One, 2] }) });
export const scale = step({ name: "scale", inputs: { n: json(z.number()) }, output: json(z.number()), run: ({ inputs, tracker }) => { tracker.logMetric("n", inputs.n); return inputs.n * 10; } });
export const total = step({ name: "total", inputs: { rows: dataframe(), ns: list(json(z.number())) }, output: json(z.number()), run: ({ inputs }) => inputs.rows.height + inputs.ns.reduce((a, b) => a + b, 0) });
export const sums = pipeline({ name: "sums", params: { rows: z.number().default(3) }, build: (p) => { const { rows, sizes } = table({ rows: p.rows }); return { total: total({ rows, ns: map(sizes, (n) => scale({ n })) }) }; } });
`,
  "src/run.ts": `import { Client } from "mlstack";
import { sums } from "./pipeline.ts";
const made = await sums.run({ rows: 4 }, { quiet: true });
const client = new Client();
const value: number = await (await client.run(made.id, sums)).outputs.total.load();
console.log(await made.outputs.total.load(), value);
await client.close();
`,
};

let dir: string;
beforeAll(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-packed-")));
  const packed = join(dir, "tarballs");
  mkdirSync(packed);
  for (const folder of published) npm(join(packages, folder), "pack", "--ignore-scripts", "--pack-destination", packed);
  const tarballs = readdirSync(packed).map((name) => join(packed, name));
  const project = join(dir, "project");
  mkdirSync(join(project, "src"), { recursive: true });
  for (const [path, text] of Object.entries(FILES)) writeFileSync(join(project, path), text);
  // what is not ours is what the workspace has been installed with, so it is in npm's cache
  npm(project, "install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", ...tarballs);
  dir = project;
}, 300_000);
afterAll(() => rmSync(join(dir, ".."), { recursive: true, force: true }));
const bin = () => join(dir, "node_modules", ".bin", isWindows ? "mlstack.cmd" : "mlstack");
const mlstack = (...args: string[]) => run(process.execPath, [realpathSync(bin()), ...args], dir);

describe("the packages as they are published, installed into an empty project", () => {
  it("are ours, and none of the workspace's", () => {
    for (const folder of published) expect(realpathSync(join(dir, "node_modules", nameOf(folder))).startsWith(dir), folder).toBe(true);
  });

  it("run a pipeline from the command line, in workers, in this process and in processes of their own", async () => {
    expect(jsonOf(await mlstack("run", "src/pipeline.ts", "--json"))).toMatchObject({ data: { status: "completed", error: null } });
    expect((await mlstack("artifact", "preview", "last/total")).stdout.trim()).toBe("33");
    const again = jsonOf(await mlstack("run", "src/pipeline.ts", "--inline", "--json")).data as unknown as { steps: { step: string; status: string }[] };
    expect(again.steps.filter((s) => s.status === "completed").map((s) => s.step)).toEqual(["map_scale"]);
    mkdirSync(join(dir, "stacks"));
    writeFileSync(join(dir, "stacks", "away.yaml"), `components:\n  artifact_store: { type: local, configuration: { path: ${JSON.stringify(join(dir, "..", "store"))} } }\n  orchestrator: { type: process }\n`);
    expect(jsonOf(await mlstack("run", "src/pipeline.ts", "--stack", "away", "-p", "rows=7", "--json")).data).toMatchObject({ status: "completed", error: null });
  }, 120_000);

  it("run a script with the hooks", async () => {
    expect(await run(process.execPath, ["--import", "mlstack/register", "src/run.ts"], dir)).toMatchObject({ stdout: "34 34\n", code: 0 });
  }, 60_000);

  it("give types to who uses them", () => {
    const { stdout, status } = spawnSync(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", dir], { encoding: "utf8" });
    expect([stdout, status]).toEqual(["", 0]);
  }, 120_000);

  it("are all loaded as plugins where they are such", async () => {
    const plugins = published.filter((folder) => folder.startsWith("plugin-")).map(nameOf);
    const { stdout, stderr } = await run(process.execPath, ["--input-type=module", "-e", `const names = []; for (const name of ${JSON.stringify(plugins)}) names.push((await import(name)).default.name); console.log(names.join());`], dir);
    expect([stdout.trim(), stderr]).toEqual([plugins.join(), ""]);
  }, 60_000);
});
