import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What resolution and module formats need of a package.json. */
export interface Manifest {
  /** The folder that holds it. */
  readonly dir: string;
  readonly name: string | undefined;
  readonly type: "module" | "commonjs" | undefined;
  /** The exports that a plugin's manifest calls pure; none where it is no plugin. */
  readonly pure: ReadonlySet<string>;
}

/** Finds the package.json that a file belongs to: the nearest one upward. Each folder is looked at once. */
export type ManifestFinder = (dir: string) => Manifest | undefined;

export function manifestFinder(): ManifestFinder {
  const known = new Map<string, Manifest | undefined>();
  const find: ManifestFinder = (dir) => {
    if (known.has(dir)) return known.get(dir);
    const parent = dirname(dir);
    const manifest = read(dir) ?? (parent === dir ? undefined : find(parent));
    known.set(dir, manifest);
    return manifest;
  };
  return find;
}

function read(dir: string): Manifest | undefined {
  let text: string;
  try { text = readFileSync(join(dir, "package.json"), "utf8"); } catch { return undefined; }
  let json: unknown;
  try { json = JSON.parse(text); } catch { json = {}; } // it still ends the search, as it does for Node
  const { name, type, mlstack } = (typeof json === "object" && json !== null ? json : {}) as Record<string, unknown>;
  return {
    dir,
    name: typeof name === "string" ? name : undefined,
    type: type === "module" || type === "commonjs" ? type : undefined,
    pure: pureOf(mlstack),
  };
}

const NONE: ReadonlySet<string> = new Set();

function pureOf(manifest: unknown): ReadonlySet<string> {
  const pure = typeof manifest === "object" && manifest !== null ? (manifest as { readonly pure?: unknown }).pure : undefined;
  return Array.isArray(pure) ? new Set(pure.filter((name) => typeof name === "string")) : NONE;
}
