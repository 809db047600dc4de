import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..", "..", "..");
export const BIN = join(root, "packages", "cli", "bin", "mlstack.js");

/** What a command printed and how it ended. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A project of a user in a temporary folder, with the built packages as its dependencies. */
export interface TestProject {
  readonly dir: string;
  write(path: string, text: string | Uint8Array): void;
  remove(path: string): void;
  /** Runs the CLI in the project. */
  mlstack(args: readonly string[], options?: { readonly env?: Record<string, string>; readonly node?: readonly string[] }): Promise<Outcome>;
  /** Runs Node in the project. */
  node(args: readonly string[], env?: Record<string, string>): Promise<Outcome>;
  close(): void;
}

export function testProject(files: Readonly<Record<string, string | Uint8Array>>): TestProject {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-e2e-")));
  const write = (path: string, text: string | Uint8Array) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  };
  link(dir, "mlstack", join(root, "packages", "cli"));
  for (const name of ["core", "pipeline", "engine", "plugin-polars", "plugin-process", "testkit"]) link(dir, `@mlstack/${name}`, join(root, "packages", name));
  link(dir, "zod", join(root, "node_modules", "zod"));
  if (files["package.json"] === undefined) write("package.json", JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", zod: "*" } }, null, 2));
  for (const [path, text] of Object.entries(files)) write(path, text);
  const node = (args: readonly string[], env: Record<string, string> = {}) => run(process.execPath, args, dir, env);
  return {
    dir, write, node,
    remove: (path) => rmSync(join(dir, path), { recursive: true, force: true }),
    mlstack: (args, options = {}) => node([...(options.node ?? []), BIN, ...args], options.env),
    close: () => rmSync(dir, { recursive: true, force: true }),
  };
}

function link(dir: string, name: string, target: string): void {
  const at = join(dir, "node_modules", name);
  mkdirSync(dirname(at), { recursive: true });
  if (!existsSync(at)) symlinkSync(target, at, "junction");
}

/** The environment without what the test runner sets, which must not reach the program under test; nor is the keychain of whoever runs it touched. */
export function cleanEnv(): Record<string, string | undefined> {
  return { ...Object.fromEntries(Object.entries(process.env).filter(([k]) => !/^(VITEST|NODE_OPTIONS|NODE_V8|MLSTACK|CI$|FORCE_COLOR)/.test(k))), MLSTACK_KEYCHAIN: "off" };
}

export function run(command: string, args: readonly string[], cwd: string, env: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((done) => {
    const child = execFile(command, [...args], { cwd, env: { ...cleanEnv(), NO_COLOR: "1", ...env }, maxBuffer: 64 << 20 }, (_error, stdout, stderr) => done({ code: child.exitCode, signal: child.signalCode, stdout, stderr }));
    child.stdin?.end();
  });
}

/** The document of `--json`, or a failure that shows what was printed instead. */
export function jsonOf(outcome: Outcome): { data: Record<string, unknown>; error?: { code: string; message: string; fix?: string } } {
  try { return JSON.parse(outcome.stdout) as ReturnType<typeof jsonOf>; } catch { throw new Error(`not JSON (exit ${outcome.code}):\n${outcome.stdout}\n${outcome.stderr}`); }
}
