import { spawn } from "node:child_process";

/** A package manager, and what a person types to do the same. */
export interface PackageManager {
  readonly name: "npm" | "pnpm" | "yarn" | "bun";
  readonly install: string;
  /** Runs a script of package.json. */
  run(script: string): string;
}

/** The one that has started this process, which it says in `npm_config_user_agent`: `pnpm/10.1.0 npm/? node/v24.0.0`. npm by default. */
export function packageManager(env: Readonly<Record<string, string | undefined>>): PackageManager {
  const said = env["npm_config_user_agent"]?.split("/", 1)[0];
  const name = said === "pnpm" || said === "yarn" || said === "bun" ? said : "npm";
  const short = new Set(["test", ...(name === "npm" || name === "bun" ? [] : ["build", "conformance", "check", "lint"])]);
  // of bun `test` is its own test runner
  return { name, install: `${name} install`, run: (script) => (short.has(script) && name !== "bun" ? `${name} ${script}` : `${name} run ${script}`) };
}

/** Installs what a package needs; what it prints is shown. @returns whether it has worked */
export async function install({ name }: PackageManager, folder: string): Promise<boolean> {
  const isWindows = process.platform === "win32";
  // npm prints on the standard output, which is for what this program says
  const child = spawn(isWindows ? `${name}.cmd` : name, ["install"], { cwd: folder, stdio: ["inherit", process.stderr, "inherit"], shell: isWindows });
  return new Promise((done) => { child.once("error", () => { done(false); }).once("close", (code) => { done(code === 0); }); });
}
