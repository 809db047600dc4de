import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly private?: boolean;
  readonly workspaces?: readonly string[];
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface Workspace {
  /** From the root, with slashes: "packages/core". */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** What the rules look at: the files that are or may become part of a commit. */
export interface Repo {
  readonly root: string;
  readonly files: readonly string[];
  readonly manifest: Manifest;
  readonly workspaces: readonly Workspace[];
  has(file: string): boolean;
  read(file: string): string;
}

/** A rule returns one sentence per problem: "file: what is wrong". */
export interface Rule {
  readonly name: string;
  check(repo: Repo): readonly string[];
}

function findWorkspaces(manifest: Manifest, files: readonly string[], read: (file: string) => string): Workspace[] {
  const patterns = manifest.workspaces ?? [];
  const isWorkspace = (folder: string): boolean =>
    patterns.some((pattern) => pattern === folder || (pattern.endsWith("/*") && dirname(folder) === pattern.slice(0, -2)));
  return files
    .filter((file) => file.endsWith("/package.json") && isWorkspace(dirname(file)))
    .map((file) => ({ folder: dirname(file), manifest: JSON.parse(read(file)) as Manifest }));
}

export function repoOf(root: string, files: readonly string[], read: (file: string) => string): Repo {
  const known = new Set(files);
  const manifest = JSON.parse(read("package.json")) as Manifest;
  return { root, files, manifest, workspaces: findWorkspaces(manifest, files, read), has: (file) => known.has(file), read };
}

/** The repository on disk. New files count before they are added, so that a problem shows before the commit. */
export function openRepo(root: string): Repo {
  const list = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" });
  const files = [...new Set(list.split("\0"))].filter((file) => file !== "" && existsSync(join(root, file))).toSorted();
  const cache = new Map<string, string>();
  return repoOf(root, files, (file) => {
    const text = cache.get(file) ?? readFileSync(join(root, file), "utf8");
    cache.set(file, text);
    return text;
  });
}

export const isPublished = ({ manifest }: Workspace): boolean => manifest.private !== true;

export const isPlugin = ({ folder }: Workspace): boolean => folder.startsWith("packages/plugin-");

/** All ranges of a manifest by name, with the field that each stands in. */
export function rangesOf(manifest: Manifest): { readonly field: string; readonly name: string; readonly range: string }[] {
  const fields = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"] as const;
  return fields.flatMap((field) => Object.entries(manifest[field] ?? {}).map(([name, range]) => ({ field, name, range })));
}
