import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

const isWindows = process.platform === "win32";
/** What is ours and a new user installs: the rest comes with it. */
export const PACKAGES = ["core", "pipeline", "hub", "engine", "catalog", "cli"];

/** What a command printed, both streams as they came to a terminal, and how it ended. */
export interface Said { readonly command: string; readonly code: number | null; readonly text: string }

/** What a person does in a fresh folder, written down as it goes. */
export interface Session {
  readonly dir: string;
  /** Runs a command and adds it to the transcript. */
  type(command: string, ...args: readonly string[]): Said;
  /** Writes a file, or an edit of one. */
  write(path: string, text: string): void;
  edit(path: string, from: string, to: string): void;
  /** What is wrong, in a sentence; nothing where all is as it should be. */
  check(holds: boolean, problem: string): void;
  readonly problems: readonly string[];
}

export function session(dir: string, print: (line: string) => void): Session {
  mkdirSync(dir, { recursive: true });
  // a person's shell has nothing of the test's; npm leaves out what the Node that it runs on is too old for
  const kept = Object.entries(process.env).filter(([name]) => !/^(MLSTACK|NODE_OPTIONS|CI$|FORCE_COLOR|npm_)/.test(name));
  const env = { ...Object.fromEntries(kept), NO_COLOR: "1", PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter) };
  const problems: string[] = [];
  return {
    dir, problems,
    type(command, ...args) {
      const line = [command, ...args].join(" ");
      print(`\n$ ${line}`);
      const { status, stdout, stderr, error } = spawnSync(isWindows ? `${command}.cmd` : command, [...args], { cwd: dir, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], shell: isWindows });
      const text = `${stderr}${stdout}${error === undefined ? "" : error.message}`.trimEnd();
      print(text);
      return { command: line, code: status, text };
    },
    write(path, text) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), text);
      print(`\n(writes ${path})`);
    },
    edit(path, from, to) {
      const before = readFileSync(join(dir, path), "utf8");
      if (!before.includes(from)) throw new Error(`${path} does not hold ${from}`);
      writeFileSync(join(dir, path), before.replace(from, to));
      print(`\n(edits ${path}: ${from} → ${to})`);
    },
    check(holds, problem) {
      if (holds) return;
      problems.push(problem);
      print(`(!) ${problem}`);
    },
  };
}
