import { describe, expect, test } from "vitest";
import { TestProject, type Files } from "./testing/project.ts";
import type { CodeFingerprint } from "./types.ts";

/** What surrounds a step: process, machine, time zone, files that it names. One step in a.ts, in src for those that name files. */
function print(code: string, more: Files = {}, declared: { env?: readonly string[]; files?: readonly string[] } = {}): CodeFingerprint {
  using project = new TestProject({ "src/a.ts": code, ...more });
  return project.fingerprint("src/a.ts", "it", declared);
}
const rules = ({ uncached }: CodeFingerprint) => [...new Set(uncached.map((r) => r.rule))];
const inRun = (expression: string, imports = "") => `${imports}\nexport const it = () => ${expression};`;

describe("what can be read of the process", () => {
  test.each([
    ["process.argv[2]"], ["process.argv0"], ["process.execArgv"], ["process.cwd()"], ["process.pid"], ["process.ppid"], ["process.version"], ["process.versions.node"], ["process.title"], ["process.stdin.read()"], ["process.execPath"],
    ["process.stdout.isTTY"], ["process.getuid?.()"], ["process.umask()"], ["process.loadEnvFile()"], ["process.release.name"], ["process.send?.(1)"], ["navigator.hardwareConcurrency"], ["import.meta.main"], ["(({ argv }) => argv)(process)", "", "undeclared-env"],
    ["os.cpus()", `import os from "node:os";`], ["hostname()", `import { hostname } from "os";`], ["os.tmpdir()", `import * as os from "node:os";`], ["version()", `import { version } from "node:os";`], ["take(os)", `import os from "node:os"; declare const take: any;`, "unknown-global"],
    ["argv[2]", `import { argv } from "node:process";`], ["parseArgs({ strict: false })", `import { parseArgs } from "node:util";`], ["isMainThread", `import { isMainThread } from "node:worker_threads";`], ["isatty(1)", `import { isatty } from "node:tty";`],
  ])("%s: uncached", (expression, imports = "", other = "reads-process") => {
    const found = print(inRun(expression, imports));
    expect(rules(found)).toContain(other);
    for (const { message, fix, at } of found.uncached) expect([message, fix, at]).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/\w/), expect.stringMatching(/^src\/a\.ts:\d+:\d+$/)]);
  });

  test.each([
    ["process.stdout.write('x')"], ["process.on('exit', () => {})"], ["process.exit(1)"], ["process.nextTick(() => {})"], ["process.hrtime.bigint()"], ["process.memoryUsage().rss"], ["(process.exitCode = 1)"], ["typeof process"], ["process.emitWarning('x')"],
    ["navigator.userAgent"], ["os === undefined", `import os from "node:os";`], ["new MessageChannel()", `import { MessageChannel } from "node:worker_threads";`],
  ])("%s: cached", (expression, imports = "") => { expect(rules(print(inRun(expression, imports)))).toEqual([]); });

  test("variables from a file: where the module is loaded they are there before the plan, in run they are not", () => {
    expect(rules(print("process.loadEnvFile(); export const it = () => process.env.MODE;", {}, { env: ["MODE"] }))).toEqual([]);
    expect(rules(print("export const it = () => { process.loadEnvFile(); return process.env.MODE; };", {}, { env: ["MODE"] }))).toEqual(["reads-process"]);
  });

  test.each([
    ["process.platform", true], ["process.arch", true], ["os.platform()", true], ["os.EOL", true], ["os.constants.signals", true], ["navigator.platform", true], ["process.stdout.write('x')", false], ["typeof process.platform", false],
  ])("%s: the platform counts: %s", (expression, counts) => {
    const found = print(inRun(expression, `import os from "node:os";`));
    expect([rules(found), found.readsPlatform]).toEqual([[], counts]);
  });
  test("machine code of its own counts with the platform", () => {
    const code = `import b from "./b.cjs"; export const it = () => b;`;
    expect(print(code, { "src/b.cjs": `module.exports = require("./x.node");`, "src/x.node": "x" }).readsPlatform).toBe(true);
  });
});

describe("what depends on the time zone or the language", () => {
  test.each([
    ["new Date(0).getHours()"], ["new Date(2020, 1).toISOString()"], ["new Date('2020-01-01T00:00').getTime()"], ["Date.parse('1 Jan 2020')"], ["String(new Date(0))"], ["(1.5).toLocaleString()"], ["'a'.localeCompare('b')"], ["new Intl.NumberFormat().format(1)"],
    ["navigator.language"], ["z.coerce.date().parse(1)", `import { z } from "zod";`], ["chunk([1])", `import { chunk } from "lodash";`], ["((d: any) => d.getDay())(1)"], ["((d: any) => { const { getTimezoneOffset } = d; })(1)"],
  ])("%s: does", (expression, imports = "") => { expect(print(inRun(expression, imports)).readsZone).toBe(true); });
  test.each([
    ["Date.now()"], ["Date.UTC(2020, 1)"], ["1 instanceof Date"], ["JSON.stringify({})"], ["z.string().parse('')", `import { z } from "zod";`], ["json()", `import { json } from "mlstack";`], ["'a' < 'b'"], ["readFile", `import { readFile } from "node:fs";`],
  ])("%s: does not", (expression, imports = "") => { expect(print(inRun(expression, imports)).readsZone).toBe(false); });
  test.each(["new Date('2024-01-01T00:00:00')", "(1234.5).toLocaleString()", "new Intl.NumberFormat('en-US')", "new Date(2020, 1)"])("%s at the top of a module: in the key, not refused", (expression) => {
    const found = print(`const X = ${expression}; export const it = () => X;`);
    expect([rules(found), found.readsZone]).toEqual([[], true]);
  });
});

describe("files that code names", () => {
  const FS = `import { readFileSync, writeFileSync, existsSync, readdirSync } from "node:fs"; import * as fs from "node:fs"; import { readFile } from "node:fs/promises"; import { join, resolve } from "node:path"; import { fileURLToPath } from "node:url";`;
  const CP = `import { execFileSync, spawn, execSync } from "node:child_process";`;
  const FILES: Files = { "config.yaml": "a: 1\n", "train.py": "print(1)\n", "data/x.txt": "x", "src/beside.txt": "y", "src/assets/z.txt": "z", "src/names.ts": `export const CONFIG = "config.yaml";` };
  test.each([
    [`readFileSync("config.yaml", "utf8")`, ["config.yaml"]], [`fs.readFileSync("./config.yaml")`, ["config.yaml"]], [`fs.promises.readFile("config.yaml")`, ["config.yaml"]], [`readFile(join("data", "x.txt"))`, ["data/x.txt"]], ["existsSync(`config.yaml`)", ["config.yaml"]],
    [`readdirSync("data")`, ["data"]], [`readdirSync(".")`, ["."]], [`readFileSync(resolve("data", "x.txt"))`, ["data/x.txt"]], [`readFileSync(CONFIG)`, ["config.yaml"], `const CONFIG = "config.yaml";`], [`readFileSync(CONFIG)`, ["config.yaml"], `import { CONFIG } from "./names";`], [`readFileSync("data/" + "x.txt")`, ["data/x.txt"]],
    [`execFileSync("python3", ["train.py"])`, ["train.py"]], [`spawn("python3", ["-u", "train.py", "--config=config.yaml"])`, ["train.py", "config.yaml"]], [`execSync("python3 train.py > out")`, ["train.py"]], [`spawn("./train.py")`, ["train.py"]], [`spawn(process.platform, ["train.py"])`, ["train.py"]],
    [`(await import("node:fs")).readFileSync("config.yaml")`, []], // a limit: what import() gives is not followed into a call
  ])("%s: needs a declaration", (expression, files, imports = "") => {
    const code = `${FS}${CP}${imports} export const it = async () => ${expression};`;
    const found = print(code, FILES);
    expect(found.uncached.filter((r) => r.rule === "undeclared-file").flatMap((r) => /"([^"]+)"/.exec(r.message)?.[1])).toEqual([...files].toSorted());
    if (files.length > 0) expect(rules(print(code, FILES, { files }))).not.toContain("undeclared-file");
  });
  test.each([
    [`readFileSync("nothing.yaml")`], [`writeFileSync("config.yaml", "")`], [`readFileSync("/etc/hostname")`], [`spawn("data")`], [`spawn("npx", ["tsc", "-p", "."])`], [`((CONFIG: string) => readFileSync(CONFIG))("")`, `const CONFIG = "config.yaml";`], [`((join: any) => readFileSync(join("data", "x.txt")))(1)`],
    [`readFileSync(join("data", "x.txt"))`, "", true],
  ])("%s: does not, or can't be told", (expression, imports = "", ownJoin = false) => {
    const fsImports = ownJoin ? `import { readFileSync } from "node:fs"; const join = (...a: string[]) => "";` : FS;
    expect(rules(print(`${fsImports}${CP}${imports} export const it = () => ${expression};`, FILES))).toEqual([]);
  });

  test.each([
    [`readFileSync(new URL("./beside.txt", import.meta.url))`, "src/beside.txt"], [`readFileSync(join(import.meta.dirname, "assets", "z.txt"))`, "src/assets/z.txt"], [`readFileSync(fileURLToPath(new URL("../config.yaml", import.meta.url)))`, "config.yaml"],
    ["readFileSync(`${import.meta.dirname}/beside.txt`)", "src/beside.txt"], [`readFileSync(import.meta.dirname + "/beside.txt")`, "src/beside.txt"], [`readdirSync(import.meta.dirname)`, "src"], [`import.meta.url`, "src"], [`import.meta.filename`, "src"], [`import.meta`, "src"], [`import.meta.resolve("./x")`, "src"],
  ])("%s: only a declaration of what it leads to helps", (expression, file) => {
    const code = `${FS} export const it = () => ${expression};`;
    expect(rules(print(code, FILES))).toEqual(["own-file-location"]);
    expect(rules(print(code, FILES, { files: ["train.py"] }))).toEqual(["own-file-location"]);
    expect(rules(print(code, FILES, { files: [file] }))).toEqual([]);
    expect(rules(print(code, FILES, { files: ["."] }))).toEqual([]);
  });
  test("a folder that is declared stands for what is in it, not for what begins like it", () => {
    const code = `${FS} export const it = () => readFileSync("data/x.txt");`;
    expect(rules(print(code, FILES, { files: ["data/"] }))).toEqual([]);
    expect(rules(print(code, FILES, { files: ["dat"] }))).toEqual(["undeclared-file"]);
  });
  test("a worker's file, and a path that only the running code knows", () => {
    const worker = (file: string) => `import { Worker } from "node:worker_threads"; export const it = (x: string) => new Worker(${file});`;
    expect(rules(print(worker(`"./src/w.js"`), {}, { files: ["src/w.js"] }))).toEqual([]);
    expect(rules(print(worker(`new URL("./w.js", import.meta.url)`), {}, { files: ["src/w.js"] }))).toEqual([]);
    expect(rules(print(worker("x"), {}, { files: ["src/w.js"] }))).toEqual(["own-file-location"]);
  });
});

describe("what needs no refusal", () => {
  test.each([
    [`const sleep = promisify(setTimeout);`, "sleep", `import { promisify } from "node:util";`], [`const e = new EventEmitter();`, "e", `import { EventEmitter } from "node:events";`], [`const e = new EE();`, "e", `import EE from "node:events";`],
    [`const store = new AsyncLocalStorage();`, "store", `import { AsyncLocalStorage } from "node:async_hooks";`], [`const H = createHash("sha256").update("x").digest("hex");`, "H", `import { createHash } from "node:crypto";`],
    ["const T = `v-${createHash(\"md5\").update(\"x\").digest(\"hex\")}`;", "T", `import { createHash } from "node:crypto";`], [`const F = new Intl.NumberFormat("en-US");`, "F"],
    [`let mode = "a"; if (1 < 2) mode = "b";`, "mode"], [`let total = 0; for (const x of [1, 2, 3]) total += x;`, "total"], [`let a = 1; [1, 2].forEach((x) => { a = x; });`, "a"], [`let a = 1; (() => { a = 2; })();`, "a"],
  ])("%s", (statement, name, imports = "") => { expect(rules(print(`${imports}\n${statement}\nexport const it = () => ${name};`))).toEqual([]); });
  test.each([
    [`const r = promisify(fetch)("x");`, "r", `import { promisify } from "node:util";`], [`const H = createHash("sha256").update(readFileSync("x")).digest("hex");`, "H", `import { createHash } from "node:crypto"; import { readFileSync } from "node:fs";`],
    [`const S = new Event("x").timeStamp;`, "S"], [`const N = new Date();`, "N"], [`const N = Date();`, "N"],
  ])("but %s is read when the module is loaded", (statement, name, imports = "") => { expect(rules(print(`${imports}\n${statement}\nexport const it = () => ${name};`))).toEqual(["module-level-read"]); });

  test("NODE_ENV counts as declared where it is read, and nowhere else", () => {
    const found = print(`const other = () => process.env.NODE_ENV; export const it = () => { if (process.env.NODE_ENV !== "production") console.log("x"); return 1; };`);
    expect([rules(found), found.env]).toEqual([[], ["NODE_ENV"]]);
    expect(print("const other = () => process.env.NODE_ENV; export const it = () => 1;").env).toEqual([]);
  });

  test("of JSON, the keys that are imported by name", () => {
    const digest = (json: string, imports = `import { version } from "./p.json";`) => print(`${imports} export const it = () => version;`, { "src/p.json": json }).digest;
    expect(digest(`{"version":1,"x":1}`)).toBe(digest(`{"x":2,"version":1}`));
    expect(digest(`{"version":1}`)).not.toBe(digest(`{"version":2}`));
    expect(digest(`{"version":null}`)).not.toBe(digest(`{}`));
    const unused = `import p, { version } from "./p.json"; export const all = () => p;`;
    expect(digest(`{"version":1,"x":1}`, unused)).toBe(digest(`{"version":1,"x":2}`, unused));
    const used = (json: string) => print(`import p, { version } from "./p.json"; export const it = () => [p, version];`, { "src/p.json": json }).digest;
    expect(used(`{"version":1,"x":1}`)).not.toBe(used(`{"version":1,"x":2}`));
  });
});

test("the place of a constant among assignments of what it reads", () => {
  const at = (body: string) => print(`let x = 1; ${body} export const it = () => y;`);
  const [before, after] = [at("const y = x; if (1 < 2) x = 2;"), at("if (1 < 2) x = 2; const y = x;")];
  expect([rules(before), rules(after)]).toEqual([[], []]);
  expect(before.digest).not.toBe(after.digest);
});
