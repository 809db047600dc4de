import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "./process.ts";

/**
 * Where the servers' programs are installed, once per version: `tools/live` of this clone. The folder ignores itself.
 *
 * Each module in this folder that needs a program exports `install(): Promise<string>`; scripts/test-live.ts calls them all before
 * the tests, so that no test's time goes into an install.
 */
export const toolsDir = join(import.meta.dirname, "..", "..", "..", "tools", "live");

/**
 * Builds a Go program unless that version is there already.
 *
 * @param target package and version, such as `github.com/versity/versitygw/cmd/versitygw@v1.8.0`
 * @param binary the program's name
 * @returns the program's path
 */
export async function goInstall(target: string, binary: string): Promise<string> {
  const version = target.slice(target.lastIndexOf("@") + 1);
  const path = join(prepared("bin"), `${binary}-${version}`);
  once(path, () => existsSync(path), () => {
    const temp = join(toolsDir, `gobin-${process.pid}`);
    try {
      // two compilers at a time: the machines that run this have two cores, and a third would only cost memory
      run(goProgram(), ["install", target], { GOBIN: temp, CGO_ENABLED: "0", GOFLAGS: `${process.env["GOFLAGS"] ?? ""} -p=2`.trim() });
      renameSync(join(temp, binary), path);
    } finally { rmSync(temp, { recursive: true, force: true }); }
  });
  return path;
}

/**
 * Makes a Python environment unless it is there already, with the same requirements.
 *
 * @param requirements as pip takes them, with pinned versions
 * @returns the environment's folder; its programs are in `bin`
 */
export async function pythonVenv(name: string, requirements: readonly string[]): Promise<string> {
  const folder = join(prepared("venvs"), name);
  const stamp = join(folder, ".installed");
  const wanted = JSON.stringify(requirements);
  const isCurrent = (): boolean => existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  once(folder, isCurrent, () => {
    // Scripts of an environment hold its path, so it can't be built elsewhere and renamed: the stamp, written last, tells a whole one.
    rmSync(folder, { recursive: true, force: true });
    try {
      run("python3", ["-m", "venv", folder], {});
      // byte code is written when a module is first used: compiling all of them takes longer than any server needs them
      run(join(folder, "bin", "python"), ["-m", "pip", "install", "--no-compile", "--disable-pip-version-check", "--quiet", ...requirements], {});
    } catch (e) {
      rmSync(folder, { recursive: true, force: true });
      throw e;
    }
    writeFileSync(stamp, wanted);
  });
  return folder;
}

/**
 * A folder with a package of npm in its node_modules, and what that needs; no script of theirs is run.
 *
 * @param pinned name and version, such as `onnxruntime-node@1.30.0`
 * @param overrides versions of what it needs, where the newest that it allows does not do
 */
export async function npmFolder(pinned: string, overrides: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = join(prepared("npm"), pinned.replaceAll("/", "+"));
  const stamp = join(folder, ".installed");
  once(folder, () => existsSync(stamp), () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), `${JSON.stringify({ private: true, overrides })}\n`);
    run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--prefix", folder, pinned], {});
    writeFileSync(stamp, "");
  });
  return folder;
}

/** Go by the search path, by GOROOT, or where its own installer puts it, which shells without a profile do not look at. */
function goProgram(): string {
  const found = [process.env["GOROOT"], "/usr/local/go"].map((root) => (root === undefined ? "" : join(root, "bin", "go"))).find((path) => existsSync(path));
  return spawnSync("go", ["version"], { stdio: "ignore" }).status === 0 || found === undefined ? "go" : found;
}

function prepared(kind: string): string {
  const folder = join(toolsDir, kind);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(toolsDir, ".gitignore"), "*\n");
  return folder;
}

/** Does the work unless it is done; of several processes that want it at once, one does it and the others wait. */
function once(path: string, isCurrent: () => boolean, work: () => void): void {
  const lock = `${path}.lock`;
  for (let told = false; !isCurrent();) {
    try { writeFileSync(lock, String(process.pid), { flag: "wx" }); } catch {
      if (!told) console.error(`waiting for another process that installs ${path}`);
      told = true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
      // a lock whose owner was killed is nobody's; an empty one is being written
      const owner = existsSync(lock) ? readFileSync(lock, "utf8") : "";
      if (owner !== "" && !isAlive(Number(owner))) rmSync(lock, { force: true });
      continue;
    }
    try { if (!isCurrent()) work(); } finally { rmSync(lock, { force: true }); }
  }
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>>): void {
  const { status, error, stdout, stderr } = spawnSync(command, args, { env: { ...process.env, ...env }, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 64 << 20 });
  if (status !== 0) throw new Error(`${command} ${args.slice(0, 3).join(" ")} failed (${error?.message ?? `exit ${status}`}):\n${`${stdout}${stderr}`.slice(-2000)}`);
}
