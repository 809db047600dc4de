import { fork } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { ImportEffect, ImportOrder, ImportReport } from "./import-report.ts";

/** Longest that an import may take, in milliseconds: whoever lists plugins waits for it. */
const LIMIT = 60_000;

/**
 * Imports a plugin's entry in a process of its own, and tells what happened meanwhile: what was loaded, and what it did besides. It is a look, and no
 * sandbox: what hides from it is not seen.
 */
export async function observeImport(order: ImportOrder): Promise<ImportReport> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  // what the plugin prints is an effect, and must not be mixed with what this process prints
  const child = fork(probe(), [JSON.stringify(order)], { cwd: order.dir, env, execArgv: ["--no-warnings"], stdio: ["ignore", "pipe", "pipe", "ipc"] });
  let printed = "";
  let complained = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => { printed += text; });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => { complained += text; });
  let report: ImportReport | undefined;
  child.on("message", (message) => { report = message as ImportReport; });
  let late = false;
  const timer = setTimeout(() => { late = true; child.kill("SIGKILL"); }, LIMIT);
  const code = await new Promise<number | null>((done, fail) => { child.once("error", fail).once("close", done); });
  clearTimeout(timer);
  const output: readonly ImportEffect[] = printed === "" ? [] : [{ kind: "output", what: `prints ${JSON.stringify(printed.slice(0, 60))} to stdout` }];
  if (report !== undefined) return { ...report, effects: [...report.effects, ...output] };
  const problem = late ? `it has not ended after ${LIMIT / 1000} s` : `it ended the process with ${String(code)}${complained === "" ? "" : `: ${complained.trim().split("\n")[0] ?? ""}`}`;
  return { plugin: undefined, problem, packages: [], effects: output };
}

/** The program of that process: beside this module where sources are run, an entry of the package where it is built. */
function probe(): string {
  return import.meta.url.endsWith(".ts") ? fileURLToPath(new URL("./probe.ts", import.meta.url)) : createRequire(import.meta.url).resolve("@mlstack/testkit/check/probe");
}
