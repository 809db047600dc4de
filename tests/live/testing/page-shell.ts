import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { cleanEnv } from "../../e2e/testing/project.ts";
import type { GuidePlace } from "../../e2e/testing/guide.ts";

const isWindows = process.platform === "win32";
const PROGRAMS = new Set(["npm", "npx", "node"]);

/** A shell of a person who types what a page says: npm, npx, node, `cd` and `mkdir`. Files of the page lie where the shell is. */
export function pageShell(dir: string, more: Readonly<Record<string, string>>): GuidePlace {
  let cwd = dir;
  const kept = Object.entries(cleanEnv()).filter(([name]) => !/^npm_/i.test(name));
  const env = { ...Object.fromEntries(kept), NO_COLOR: "1", PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter), ...more };
  return {
    write(path, text) { mkdirSync(dirname(join(cwd, path)), { recursive: true }); writeFileSync(join(cwd, path), text); },
    read: (path) => readFileSync(join(cwd, path), "utf8"),
    async run([program = "", ...args]) {
      const quiet = { code: 0, signal: null, stdout: "", stderr: "" };
      if (program === "cd") { cwd = join(cwd, args[0] ?? ""); return quiet; }
      if (program === "mkdir") { mkdirSync(join(cwd, args[0] ?? "")); return quiet; }
      if (!PROGRAMS.has(program)) throw new Error(`a page types npm, npx, node, cd or mkdir, not ${program}`);
      const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], shell: isWindows });
      let [stdout, stderr] = ["", ""];
      child.stdout.setEncoding("utf8").on("data", (text: string) => { stdout += text; });
      child.stderr.setEncoding("utf8").on("data", (text: string) => { stderr += text; });
      return new Promise((resolve, reject) => { child.once("error", reject).once("close", (code, signal) => { resolve({ code, signal, stdout, stderr }); }); });
    },
  };
}
