// node scripts/bootstrap.mjs [command arguments...]
// Makes a clone ready to work in and then runs the command, on any Node from 20 and with no step before it:
// 1. an unsupported Node installs a supported one (tools/node); 2. that one installs the dependencies; 3. the command runs with it.
import { spawnSync } from "node:child_process";
import { existsSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { install, isSupported, isWindows, nodeIn, root, say, withPath } from "./bootstrap/install.mjs";

/** @param {NodeJS.ProcessEnv} env */
function pinnedNode(env) {
  const folder = join(root, "tools", "node");
  install(folder, "Node", process.execPath, env);
  const node = nodeIn(folder);
  const version = node && spawnSync(node, ["-p", "process.version"], { encoding: "utf8" }).stdout?.trim();
  if (node && version && isSupported(version)) return node;
  throw new Error(`Node ${process.version} is too old, and npm has no newer one for ${process.platform}-${process.arch}: please install Node 24`);
}

/**
 * Lets `npx x` and a bare `npm run x` in this clone find the same Node.
 * @param {string} node
 * @param {string} bin
 */
function linkNode(node, bin) {
  const link = join(bin, "node");
  if (isWindows || existsSync(link)) return;
  try {
    symlinkSync(relative(bin, node), link);
  } catch {
    // Another terminal was first, or links are forbidden here: only the convenience is missing then.
  }
}

function prepare() {
  /** @type {NodeJS.ProcessEnv} */
  let env = { TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1", ...process.env };
  const own = isSupported(process.version);
  const node = own ? process.execPath : pinnedNode(env);
  if (!own) env = withPath(env, dirname(node));
  install(root, "dependencies", node, env);
  const bin = join(root, "node_modules", ".bin");
  if (!own) linkNode(node, bin);
  return withPath(env, bin);
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
function run(command, args, env) {
  const { error, signal, status } = spawnSync(command, args, { cwd: root, stdio: "inherit", env, shell: isWindows });
  if (error) throw new Error(`cannot run ${command}: ${error.message}`);
  if (signal) process.kill(process.pid, signal);
  process.exitCode = status ?? 1;
}

try {
  const env = prepare();
  const [command, ...args] = process.argv.slice(2);
  if (command) run(command, args, env);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
