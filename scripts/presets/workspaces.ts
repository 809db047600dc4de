import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

interface Manifest {
  readonly name: string;
  readonly exports?: Readonly<Record<string, string | { readonly default?: string }>>;
}

export interface Entry {
  /** What an importer writes: "@mlstack/core/node". */
  readonly specifier: string;
  /** The file behind it, from the package's folder: "src/node/index.ts". */
  readonly source: string;
}

/** A package's public entries, read from its exports map: the one place that lists them. */
export function entriesOf(folder: string): Entry[] {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  return Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) => {
    const built = typeof target === "string" ? target : target.default;
    const match = /^\.\/dist\/(.+)\.js$/.exec(built ?? "");
    return match === null ? [] : [{ specifier: manifest.name + subpath.slice(1), source: `src/${match[1]}.ts` }];
  });
}

/** The folders of all packages, as paths from the root. */
export function packageFolders(base: string = root): string[] {
  const names = readdirSync(join(base, "packages")).sort();
  return names.map((name) => `packages/${name}`).filter((folder) => existsSync(join(base, folder, "package.json")));
}

/** Which source file each specifier of this workspace stands for, so that tests and editors need no build. */
export function sourcePaths(base: string = root): Record<string, string> {
  const entries = packageFolders(base).flatMap((folder) =>
    entriesOf(join(base, folder)).map(({ specifier, source }) => [specifier, `${folder}/${source}`] as const),
  );
  return Object.fromEntries(entries);
}
