import { chmodSync, existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { folderWith, put } from "./folder.ts";

/** What a fake manager was called with. */
export interface Call { readonly args: readonly string[]; readonly cwd: string; readonly env: Readonly<Record<string, string>> }

export interface FakeManager {
  /** With the program first in PATH. */
  readonly env: NodeJS.ProcessEnv;
  readonly calls: () => readonly Call[];
}

const SCRIPT = `#!/usr/bin/env node
const fs = require("node:fs");
if (process.argv[2] === "--version") { console.log(process.env.FAKE_VERSION ?? "1.2.3"); process.exit(0); }
fs.appendFileSync(process.env.FAKE_LOG, JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd(), env: process.env }) + "\\n");
process.stdout.write(process.env.FAKE_OUT ?? "");
process.stderr.write(process.env.FAKE_ERR ?? "");
process.exitCode = Number(process.env.FAKE_EXIT ?? 0);
eval(process.env.FAKE_CODE ?? "");
`;

/**
 * A program of a manager's name that writes down how it was called. What it prints and ends with: FAKE_OUT, FAKE_ERR, FAKE_EXIT, FAKE_VERSION,
 * FAKE_CODE (JavaScript).
 */
export function fakeManager(program: string, env: Readonly<Record<string, string>> = {}): FakeManager {
  const folder = folderWith({});
  put(folder, { [`bin/${program}`]: SCRIPT });
  chmodSync(join(folder, "bin", program), 0o755);
  const log = join(folder, "calls");
  return {
    env: { PATH: [join(folder, "bin"), dirname(process.execPath)].join(delimiter), FAKE_LOG: log, ...env },
    calls: () => (existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as Call) : []),
  };
}
