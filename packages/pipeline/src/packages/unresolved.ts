import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { UncachedReason } from "../compile/types.ts";
import { readJson, record, text, type Loose } from "./json.ts";

const MANAGERS: readonly (readonly [file: string, manager: string])[] = [
  ["package-lock.json", "npm"], ["npm-shrinkwrap.json", "npm"], ["pnpm-lock.yaml", "pnpm"], ["yarn.lock", "yarn"], ["bun.lock", "bun"], ["bun.lockb", "bun"],
];

/** Why a package that is imported can't be part of a key, and the command that mends it. */
export function unresolved(missing: { name: string; from: string; place: string; projectDir: string }): UncachedReason {
  const { name, from, place, projectDir } = missing;
  const message = `the package "${name}", imported in ${place === "" ? "the project's folder" : place}, is not installed`;
  if (upward(projectDir, (dir) => existsSync(join(dir, ".pnp.cjs")) || undefined) !== undefined) {
    return { rule: "unresolved-package", message, fix: "Yarn PnP keeps no package folders: set nodeLinker: node-modules in .yarnrc.yml, then run: yarn install" };
  }
  const manager = upward(projectDir, managerOf) ?? "npm";
  const add = `${manager} ${manager === "npm" ? "install" : "add"} ${name}`;
  return { rule: "unresolved-package", message, fix: `run: ${isDeclared(name, from) ? `${manager} install` : add}` };
}

function managerOf(dir: string): string | undefined {
  const named = /^(npm|pnpm|yarn|bun)@/.exec(text(manifestIn(dir)?.["packageManager"]) ?? "")?.[1];
  return named ?? MANAGERS.find(([file]) => existsSync(join(dir, file)))?.[1];
}

/** Whether the package.json nearest to the importer names it; then it only has to be installed. */
function isDeclared(name: string, from: string): boolean {
  const manifest = upward(from, manifestIn);
  return ["dependencies", "optionalDependencies", "peerDependencies", "devDependencies"].some((field) => Object.hasOwn(record(manifest?.[field]), name));
}

function manifestIn(dir: string): Loose | undefined {
  try { return readJson(join(dir, "package.json")); } catch { return undefined; }
}

/** The first answer on the way from a folder to the root. */
function upward<T>(from: string, ask: (dir: string) => T | undefined): T | undefined {
  for (let dir = from; ; dir = dirname(dir)) {
    const answer = ask(dir);
    if (answer !== undefined || dirname(dir) === dir) return answer;
  }
}
