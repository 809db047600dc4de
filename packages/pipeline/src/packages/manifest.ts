import { basename, dirname, join } from "node:path";
import { readJson, reasonOf, record, text, texts, type Loose } from "./json.ts";

/** What counts of a package.json (or of an entry of npm's lock, which has the same fields). */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  /** Names of the packages that it may import: dependencies, peers, and what it brings along. */
  readonly needs: readonly string[];
  /** Optional dependencies with their ranges. They may be missing on purpose. */
  readonly optional: ReadonlyMap<string, string>;
  /** It is installed on some platforms only. */
  readonly platformBound: boolean;
  /** By its fields, what it does may depend on the platform. */
  readonly native: boolean;
}

/**
 * Reads a package's manifest. A folder without one is a package without dependencies, as it is for Node; for one that can't be read, it
 * is said why.
 */
export function readManifest(folder: string): { readonly manifest: Manifest; readonly problem: string | undefined } {
  const name = nameByFolder(folder);
  try { return { manifest: manifestFrom(readJson(join(folder, "package.json")) ?? {}, name), problem: undefined }; } catch (e) {
    return { manifest: manifestFrom({}, name), problem: `${name} has a package.json that can't be read (${reasonOf(e)})` };
  }
}

export function manifestFrom(json: Loose, nameOtherwise: string): Manifest {
  const optional = new Map(Object.entries(record(json["optionalDependencies"])).map(([name, range]) => [name, String(range)]));
  const needs = new Set<string>();
  for (const field of ["dependencies", "peerDependencies"]) for (const name of Object.keys(record(json[field]))) needs.add(name);
  for (const field of ["bundleDependencies", "bundledDependencies"]) for (const name of texts(json[field])) needs.add(name);
  // npm itself copies optional dependencies among the others when it publishes; optional wins.
  for (const name of optional.keys()) needs.delete(name);
  const bounds = ["os", "cpu", "libc"].flatMap((field) => texts(json[field]).filter((value) => value !== "any"));
  const cpus = texts(json["cpu"]);
  // WebAssembly computes the same everywhere: a package for that "processor" alone is none for a platform.
  const wasm = cpus.length > 0 && cpus.every((cpu) => cpu.startsWith("wasm"));
  return {
    name: text(json["name"]) ?? nameOtherwise,
    version: text(json["version"]) ?? "0.0.0",
    needs: [...needs].toSorted(),
    optional,
    platformBound: bounds.length > 0,
    native: (bounds.length > 0 && !wasm) || json["gypfile"] === true,
  };
}

function nameByFolder(folder: string): string {
  const scope = basename(dirname(folder));
  return scope.startsWith("@") ? `${scope}/${basename(folder)}` : basename(folder);
}
