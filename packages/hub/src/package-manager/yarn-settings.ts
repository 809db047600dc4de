import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import { FAILSAFE_SCHEMA, load } from "js-yaml";
import { loose, text, type Loose } from "./locks/lock.ts";
import { manifestIn } from "./workspace.ts";

/**
 * Refuses a yarn that does not lay packages out in node_modules, where plugins are looked for.
 *
 * @throws MLS8301 with the line to set
 */
export function refuseOtherLinkers(projectDir: string, rootDir: string, berry: boolean, env: NodeJS.ProcessEnv): void {
  if (!berry) {
    const { pnp } = loose(manifestIn(rootDir)["installConfig"]);
    if (pnp !== true) return;
    throw refusal("pnp", `"installConfig": { "pnp": true } in ${join(rootDir, "package.json")}`, `take that out of ${join(rootDir, "package.json")}, then: yarn install`);
  }
  const { linker, from } = berryLinker(projectDir, env);
  if (linker !== "node-modules") throw refusal(linker, from, `set "nodeLinker: node-modules" in ${join(rootDir, ".yarnrc.yml")}, then: yarn install`);
}

function refusal(linker: string, from: string, fix: string): MlstackError {
  return new MlstackError("MLS8301", `yarn installs with the linker "${linker}" here (${from})`, {
    why: "plugins are found and verified as files in node_modules, which that linker does not make", fix, details: { manager: "yarn", linker },
  });
}

function berryLinker(projectDir: string, env: NodeJS.ProcessEnv): { readonly linker: string; readonly from: string } {
  const { value, from } = berrySetting("nodeLinker", projectDir, env) ?? { value: "pnp", from: "its default" };
  return { linker: value, from };
}

/** A setting as yarn 2 and newer reads it: the variable first, then the nearest file upward that says it, then the user's. Undefined where nobody says it. */
export function berrySetting(name: string, projectDir: string, env: NodeJS.ProcessEnv): { readonly value: string; readonly from: string } | undefined {
  const variable = `YARN_${name.replace(/[A-Z]/g, "_$&").toUpperCase()}`;
  const given = env[variable];
  if (given !== undefined && given !== "") return { value: given, from: variable };
  const file = env["YARN_RC_FILENAME"] ?? ".yarnrc.yml";
  for (const folder of [...upward(projectDir), env["HOME"] ?? env["USERPROFILE"] ?? homedir()]) {
    const path = join(folder, file);
    const value = text(settings(path)[name]);
    if (value !== undefined) return { value, from: path };
  }
  return undefined;
}

function* upward(from: string): Generator<string> {
  for (let dir = from; ; dir = dirname(dir)) {
    yield dir;
    if (dirname(dir) === dir) return;
  }
}

function settings(path: string): Loose {
  try { return loose(load(readFileSync(path, "utf8"), { schema: FAILSAFE_SCHEMA })); } catch { return {}; }
}
