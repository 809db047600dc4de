import { execFile, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..", "..", "..");
const bin = join(root, "packages", "cli", "bin", "mlstack.js");
const PACKAGES = ["core", "engine", "pipeline", "plugin-mlflow", "plugin-process", "plugin-s3"];

export interface Outcome { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** A project of a user in a temporary folder, with the built packages as its dependencies. */
export interface LiveProject {
  readonly dir: string;
  write(path: string, text: string): void;
  mlstack(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Outcome>;
  node(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Outcome>;
  /** A command that goes on while something is done to it. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): { readonly child: ChildProcess; readonly ended: Promise<Outcome> };
  close(): void;
}

export function liveProject(files: Readonly<Record<string, string>>): LiveProject {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-live-")));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  };
  const link = (name: string, target: string) => {
    mkdirSync(dirname(join(dir, "node_modules", name)), { recursive: true });
    symlinkSync(target, join(dir, "node_modules", name), "junction");
  };
  link("mlstack", join(root, "packages", "cli"));
  for (const name of PACKAGES) link(`@mlstack/${name}`, join(root, "packages", name));
  link("zod", join(root, "node_modules", "zod"));
  write("package.json", JSON.stringify({ name: "project", private: true, type: "module", dependencies: Object.fromEntries(["mlstack", "zod", "@mlstack/plugin-mlflow", "@mlstack/plugin-process", "@mlstack/plugin-s3"].map((n) => [n, "*"])) }));
  for (const [path, text] of Object.entries(files)) write(path, text);
  const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const clean = Object.fromEntries(Object.entries(process.env).filter(([k]) => !/^(VITEST|NODE_OPTIONS|NODE_V8|MLSTACK|CI$|FORCE_COLOR|AWS_|MLFLOW_)/.test(k)));
    let end!: (outcome: Outcome) => void;
    const ended = new Promise<Outcome>((done) => { end = done; });
    const child = execFile(process.execPath, [...args], { cwd: dir, env: { ...clean, NO_COLOR: "1", MLSTACK_KEYCHAIN: "off", ...env }, maxBuffer: 64 << 20 }, (_error, stdout, stderr) => end({ code: child.exitCode, stdout, stderr }));
    child.stdin?.end();
    return { child, ended };
  };
  const node = (args: readonly string[], env?: Readonly<Record<string, string>>) => start(args, env).ended;
  return { dir, write, node, start: (args, env) => start([bin, ...args], env), mlstack: (args, env) => node([bin, ...args], env), close: () => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }) };
}

/** Looks until something holds, for at most some seconds; says whether it came to hold. */
export async function until(holds: () => boolean | Promise<boolean>, seconds: number): Promise<boolean> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await new Promise((go) => { setTimeout(go, 200); })) if (await holds()) return true;
  return holds();
}

/** The document of `--json`, or a failure that shows what was printed instead. */
export function jsonOf(outcome: Outcome): Record<string, unknown> {
  try { return (JSON.parse(outcome.stdout) as { data: Record<string, unknown> }).data; } catch { throw new Error(`not JSON (exit ${outcome.code}):\n${outcome.stdout}\n${outcome.stderr}`); }
}
