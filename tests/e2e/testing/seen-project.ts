import type { EditClass } from "./edited-project.ts";

/** A project whose steps look at what surrounds them: parameters' keys, names of data, the clock's zone, files, state of modules, copies of packages. */
export const SEEN: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({ name: "seen", private: true, type: "module", version: "1.0.0", keywords: [], dependencies: { mlstack: "*", zod: "*" } }),
  "tsconfig.json": JSON.stringify({ compilerOptions: { target: "esnext", module: "preserve", strict: true, noEmit: true, paths: { "@vendor": ["./vendor/node_modules/tiny-lib/index.js"] } } }),
  ...lib("node_modules/tiny-lib", 0), ...lib("vendor/node_modules/tiny-lib", 1), ...lib("other/node_modules/tiny-lib", 2),
  "node_modules/hoisted/package.json": JSON.stringify({ name: "hoisted", version: "1.0.0", type: "module", exports: "./index.js" }),
  "node_modules/hoisted/index.js": "export const h = 1;\n",
  "node_modules/phantom/package.json": JSON.stringify({ name: "phantom", version: "1.0.0", type: "module", exports: "./index.js" }),
  "node_modules/phantom/index.js": "export { h } from 'hoisted';\n",
  "node_modules/plug/package.json": JSON.stringify({ name: "plug", version: "1.0.0", type: "module", exports: "./index.js", mlstack: { manifestVersion: 1, pure: ["describe"] } }),
  "node_modules/plug/index.js": "import { readFileSync } from 'node:fs';\nexport const table = () => readFileSync('shared/model.txt', 'utf8');\nexport const describe = () => 'd';\n",
  "data/2024-01.csv": "x\n", "data/2024-02.csv": "x\n", "moved/2024-01.csv": "x\n",
  "shared/model.txt": "one", "config.yaml": "a: 1\n",
  "assets/plain.txt": "p", ["assets/cafe\u0301.txt"]: "decomposed",
  "src/settings.ts": "export const settings: { k: number } = { k: 1 };\n",
  "src/seen.ts": `import { file, json, step } from "mlstack";
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { h } from "phantom";
import { tiny } from "@vendor";
import { z } from "zod";
import { version } from "../package.json";
import { settings } from "./settings";

const text = json(z.string());
export const order = step({ name: "order", params: { w: z.record(z.string(), z.number()) }, output: text, run: ({ params }) => Object.keys(params.w).join() });
export const named = step({ name: "named", params: { d: file() }, output: text, run: async ({ params }) => params.d.name + basename(await params.d.path()) });
export const local = step({ name: "local", output: text, run: () => \`\${new Date(0).getHours()} \${(1234.5).toLocaleString()}\` });
export const assets = step({ name: "assets", files: ["assets"], output: text, run: () => readdirSync("assets").toSorted().map((name) => name + readFileSync("assets/" + name, "utf8")).join() });
export const info = step({ name: "info", output: text, run: ({ run }) => typeof run });
export const state = step({ name: "state", output: text, run: () => String(settings.k) });
export const copy = step({ name: "copy", output: text, run: () => \`\${tiny} \${h} \${version}\` });
`,
  "src/pipeline.ts": `import { file, pipeline } from "mlstack";
import { z } from "zod";
import { assets, copy, info, local, named, order, state } from "./seen";
const W = { a: 1, b: 2 };
export const edited = pipeline({ name: "seen", params: { d: file().default("data/2024-01.csv"), w: z.record(z.string(), z.number()).default(W), k: z.number().default(5) }, build(p) {
  order({ w: p.w }); named({ d: p.d }); local(); assets(); info(); state(); copy();
} });
`,
};

/** Links, which are made beside the files. */
export const SEEN_LINKS: Readonly<Record<string, string>> = { "assets/linked.txt": "../shared/model.txt" };

function lib(at: string, n: number): Record<string, string> {
  return { [`${at}/package.json`]: JSON.stringify({ name: "tiny-lib", version: "1.0.0", type: "module", exports: "./index.js" }), [`${at}/index.js`]: `export const tiny = ${n};\n` };
}

const seen = "src/seen.ts";
const flow = "src/pipeline.ts";
const inBuild = (code: string) => [flow, "order({ w: p.w });", `${code} order({ w: p.w });`] as const;
const infoReads = (code: string) => [seen, "run: ({ run }) => typeof run", `run: ${code}`] as const;

/** Each is tried in the driver's process and in workers. */
export const SEEN_EDITS: readonly EditClass<"order" | "named" | "local" | "assets" | "info" | "state" | "copy">[] = [
  { name: "order of a record parameter's keys", edits: [[flow, "{ a: 1, b: 2 }", "{ b: 2, a: 1 }"]], expect: { order: "run", named: "cached" } },
  { name: "the same data under another name", edits: [[flow, "data/2024-01.csv", "data/2024-02.csv"]], expect: { named: "run", order: "cached" } },
  { name: "the same data under the same name in another folder", edits: [[flow, "data/2024-01.csv", "moved/2024-01.csv"]], expect: { named: "cached" } },
  { name: "where the data lies, read", edits: [[seen, "params.d.name + basename", "params.d.uri + basename"]], expect: { named: "never" } },
  { name: "the node's name, read", edits: [infoReads("({ run }) => run.node")], expect: { info: "never", order: "cached" } },
  { name: "the run's id, taken apart", edits: [infoReads("({ run: { id } }) => id")], expect: { info: "never" } },
  { name: "all of run, as JSON", edits: [infoReads("({ run }) => JSON.stringify(run)")], expect: { info: "never" } },
  { name: "names of pipeline and node", edits: [[flow, `name: "seen"`, `name: "renamed"`], [flow, "info();", `info({}, { id: "renamed" });`]], renamed: { info: "renamed" }, expect: { info: "cached", order: "cached" } },
  { name: "time zone", env: { TZ: "Asia/Tokyo" }, expect: { order: "cached", named: "cached", assets: "cached" }, inline: { local: "run" }, workers: { local: "cached" } },
  { name: "language", env: { LANG: "de_DE.UTF-8", LC_ALL: "de_DE.UTF-8" }, expect: { order: "cached" }, inline: { local: "run" }, workers: { local: "cached" } },
  { name: "time zone, declared", edits: [[seen, `name: "local", output`, `name: "local", env: ["TZ"], output`]], env: { TZ: "Asia/Tokyo" }, expect: { local: "run" } },
  { name: "language, declared", edits: [[seen, `name: "local", output`, `name: "local", env: ["LANG", "LC_ALL"], output`]], env: { LANG: "de_DE.UTF-8" }, expect: { local: "run" } },
  { name: "NODE_ENV where nothing reads it", env: { NODE_ENV: "production" }, expect: { info: "cached", copy: "cached" } },
  { name: "a NODE_ENV guard", edits: [infoReads(`() => (process.env.NODE_ENV !== "production" ? "dev" : "prod")`)], env: { NODE_ENV: "production" }, expect: { info: "run" } },
  { name: "a file behind a link in a declared folder", files: { "shared/model.txt": "two" }, expect: { assets: "run", order: "cached" } },
  { name: "a file with a decomposed name in a declared folder", files: { ["assets/cafe\u0301.txt"]: "changed" }, expect: { assets: "run" } },
  { name: "a new file in a declared folder", files: { "assets/new.txt": "" }, expect: { assets: "run" } },
  { name: "a file that the source names", edits: [infoReads(`() => readFileSync("config.yaml", "utf8")`)], expect: { info: "never" } },
  { name: "a file that the source names, declared", edits: [infoReads(`() => readFileSync("config.yaml", "utf8")`), [seen, `name: "info", output`, `name: "info", files: ["config.yaml"], output`]], expect: { info: "run" } },
  { name: "a file that a program is given", edits: [infoReads(`() => execFileSync("cat", ["config.yaml"], { encoding: "utf8" })`), [seen, "const text", "import { execFileSync } from 'node:child_process';\nconst text"]], expect: { info: "never" } },
  { name: "a file beside the module, another one declared", edits: [infoReads(`() => readFileSync(new URL("../config.yaml", import.meta.url), "utf8")`), [seen, `name: "info", output`, `name: "info", files: ["assets"], output`]], expect: { info: "never" } },
  { name: "the command line", edits: [infoReads("() => String(process.argv.length)")], expect: { info: "never" } },
  { name: "the working folder", edits: [infoReads("() => process.cwd()")], expect: { info: "never" } },
  { name: "the machine", edits: [infoReads("() => hostname()"), [seen, "const text", "import { hostname } from 'node:os';\nconst text"]], expect: { info: "never" } },
  { name: "the platform", edits: [infoReads("() => process.platform")], expect: { info: "run" } },
  { name: "state that build sets", edits: [inBuild("settings.k = p.k;"), [flow, "const W", "import { settings } from './settings';\nconst W"]], expect: { state: "never", copy: "cached" } },
  { name: "state that build sets through a function", files: { "src/settings.ts": "export const settings: { k: number } = { k: 1 };\nexport function setK(k: number) { settings.k = k; }\n" }, edits: [inBuild("setK(p.k);"), [flow, "const W", "import { setK } from './settings';\nconst W"]], expect: { state: "never" } },
  { name: "state that the pipeline's file sets", edits: [[flow, "const W", "import { settings } from './settings';\nsettings.k = 77;\nconst W"]], expect: { state: "never" } },
  { name: "a global that the pipeline's file sets", edits: [[flow, "const W", "(globalThis as any).LIMIT = 10;\nconst W"], infoReads("() => String((globalThis as any).LIMIT)")], expect: { info: "never" } },
  { name: "the copy of a package behind an alias", edits: [["vendor/node_modules/tiny-lib/index.js", "= 1", "= 5"]], expect: { copy: "run", order: "cached" } },
  { name: "the copy of a package that is not imported", edits: [["node_modules/tiny-lib/index.js", "= 0", "= 5"], ["other/node_modules/tiny-lib/index.js", "= 2", "= 5"]], expect: { copy: "cached" } },
  { name: "an alias turned to another copy", edits: [["tsconfig.json", "./vendor/", "./other/"]], expect: { copy: "run" } },
  { name: "what a package imports without declaring it", edits: [["node_modules/hoisted/index.js", "= 1", "= 5"]], expect: { copy: "run" } },
  { name: "another key of JSON of which one is imported", edits: [["package.json", `"keywords":[]`, `"keywords":["a"]`]], expect: { copy: "cached" } },
  { name: "the key of JSON that is imported", edits: [["package.json", `"version":"1.0.0"`, `"version":"1.0.1"`]], expect: { copy: "run", order: "cached" } },
  { name: "a plugin's function that reads a file, at the top", edits: [[seen, "const text", "import { table } from 'plug';\nconst TABLE = table();\nconst text"], infoReads("() => TABLE")], expect: { info: "never" } },
  { name: "a plugin's function that only describes, at the top", edits: [[seen, "const text", "import { describe } from 'plug';\nconst D = describe();\nconst text"], infoReads("() => D")], expect: { info: "run" } },
];
