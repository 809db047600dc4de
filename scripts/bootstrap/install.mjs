// `npm ci`, once per state of a lock file. Imports nothing but Node and runs on any Node from 20.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "./lock.mjs";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const isWindows = process.platform === "win32";

const pathKey = Object.keys(process.env).find((key) => key.toUpperCase() === "PATH") ?? "PATH";

/**
 * `env` with `folder` searched first for programs.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} folder
 * @returns {NodeJS.ProcessEnv}
 */
export function withPath(env, folder) {
  return { ...env, [pathKey]: `${folder}${delimiter}${env[pathKey] ?? ""}` };
}

/** @param {string} message */
export function say(message) {
  console.error(`mlstack: ${message}`);
}

/**
 * The Node versions of package.json `engines`; 23 and 25 are past their end of life.
 * @param {string} version
 */
export function isSupported(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  return (major === 22 && minor >= 19) || (major === 24 && minor >= 11) || major >= 26;
}

/** @param {string} file */
function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

/**
 * The Node program that an installed tools/node* folder holds for this platform. Taken from the package itself:
 * what npm puts into .bin is a shell script on Windows.
 * @param {string} folder
 * @returns {string | undefined}
 */
export function nodeIn(folder) {
  const packages = Object.keys(readJson(join(folder, "package.json")).optionalDependencies);
  const installed = packages.map((name) => join(folder, "node_modules", name)).find((path) => existsSync(join(path, "package.json")));
  return installed && join(installed, readJson(join(installed, "package.json")).bin.node);
}

/**
 * The outer run's description of itself must not leak into the inner npm; what a user may have set stays.
 * @param {NodeJS.ProcessEnv} env
 */
function withoutRunVariables(env) {
  return Object.fromEntries(Object.entries(env).filter(([key]) => !/^npm_(package|lifecycle|command|node_execpath)/.test(key)));
}

/**
 * npm, run by `node`: by its own script where `npm run` tells where that is, so that no shell is needed.
 * @param {string} node
 */
function npmCommand(node) {
  const script = process.env.npm_execpath;
  if (script && /npm-cli\.c?js$/.test(script)) return { program: node, prefix: [script], shell: false };
  return { program: isWindows ? "npm.cmd" : "npm", prefix: [], shell: isWindows };
}

/**
 * Installs what `folder`'s lock file says, unless that is installed already.
 * npm leaves out, in silence, native packages that exclude the Node it runs on: so `node` must be the one that will use them.
 * @param {string} folder
 * @param {string} what
 * @param {string} node
 * @param {NodeJS.ProcessEnv} env
 */
export function install(folder, what, node, env) {
  const stamp = join(folder, "node_modules", ".installed-lock");
  const platform = `${process.platform}-${process.arch}`;
  const wanted = createHash("sha256").update(platform).update(readFileSync(join(folder, "package-lock.json"))).digest("hex");
  const isCurrent = () => existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  if (isCurrent()) return;
  const wait = () => say(`another terminal is installing ${what}, waiting for it`);
  withLock(join(folder, ".bootstrap-lock"), wait, () => {
    if (isCurrent()) return;
    say(`installing ${what}`);
    const { program, prefix, shell } = npmCommand(node);
    const args = [...prefix, "ci", "--ignore-scripts", "--include=dev", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"];
    /** @type {import("node:child_process").SpawnSyncOptions} */
    const options = { cwd: folder, stdio: ["ignore", 2, 2], env: withoutRunVariables(env), shell };
    // Twice: a program that still writes into the old node_modules makes npm fail to remove it.
    const succeeded = [1, 2].some(() => spawnSync(program, args, options).status === 0);
    if (!succeeded) throw new Error(`npm ci failed in ${folder}`);
    writeFileSync(stamp, wanted);
  });
}
