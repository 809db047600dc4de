import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { readJson, record, texts } from "./json.ts";
import { writeIndex } from "./tree-index.ts";
import { packageFiles } from "./walk.ts";

/** Goes up when the same files would give other names. */
const VERSION = 1;

/** Finds what the files of packages import, whether a manifest names it or not: what is hoisted can be imported by everybody. */
export interface ImportFinder {
  /** Names of packages that files of this one import; `digest` is that of its files. */
  of(folder: string, digest: string): readonly string[];
  flush(): void;
}

/** Kept between runs in `<stateDir>/imports.json`, by the digest of a package's files; like the index of those it only saves time. */
export function importFinder(stateDir: string): ImportFinder {
  const path = join(stateDir, "imports.json");
  const fresh = new Map<string, readonly string[]>();
  let stored: ReadonlyMap<string, readonly string[]> | undefined;
  return {
    of(folder, digest) {
      stored ??= load(path);
      let names = fresh.get(digest) ?? stored.get(digest);
      if (names === undefined) fresh.set(digest, names = importsOf(folder));
      return names;
    },
    flush() {
      if (fresh.size === 0) return;
      const all = new Map([...load(path), ...fresh]);
      if (writeIndex(stateDir, path, { version: VERSION, imports: Object.fromEntries([...all].toSorted(([a], [b]) => (a < b ? -1 : 1))) })) fresh.clear();
      stored = all;
    },
  };
}

function load(path: string): ReadonlyMap<string, readonly string[]> {
  try {
    const json = readJson(path);
    return json?.["version"] === VERSION ? new Map(Object.entries(record(json["imports"])).map(([digest, names]) => [digest, texts(names)])) : new Map();
  } catch { return new Map(); }
}

/** Tests that were packed by mistake import what nobody has to install. */
const IS_CODE = /\.[cm]?js$/;
const IS_TEST = /(?:^|\/)(?:__tests__|tests?)\/|\.(?:test|spec|bench)\.[cm]?js$/;

/**
 * By the text: to parse each file of each package would take minutes. A name too many, as from a comment, does no harm where it leads
 * nowhere, and makes a needless difference where it leads to a package.
 */
const IMPORTS = /(?:^|[;}\n])\s*(?:import|export)\b[^;"'`()]*?\bfrom\s*["']([^"'\n]+)["']|(?:^|[;}\n])\s*import\s*["']([^"'\n]+)["']|\b(?:require|import)\(\s*["']([^"'\n]+)["']\s*\)/g;

function importsOf(folder: string): readonly string[] {
  const names = new Set<string>();
  for (const { path, relative } of packageFiles(folder)) {
    if (!IS_CODE.test(relative) || IS_TEST.test(relative)) continue;
    for (const [, from, bare, called] of readFileSync(path, "utf8").matchAll(IMPORTS)) {
      const specifier = from ?? bare ?? called ?? "";
      const name = /^(?:@[^/\\\s]+\/)?[^/\\.#:@\s][^/\\:\s]*/.exec(specifier)?.[0];
      if (name !== undefined && !isBuiltin(name) && !specifier.includes(":")) names.add(name);
    }
  }
  return [...names].toSorted();
}
