import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core/errors";

/** What is read of a package.json. Whatever has another form than it should counts as missing. */
export interface PackageJson {
  readonly name?: string;
  readonly version?: string;
  readonly private?: boolean;
  readonly [field: string]: unknown;
}

/** The folder of a package, as its author has it: with sources, and built. */
export interface PackageFolder {
  /** Absolute, with links resolved. */
  readonly dir: string;
  readonly packageJson: PackageJson;
  /** The text of package.json. */
  readonly text: string;
  /** Whether there is such a file or folder. @param path from the folder */
  has(path: string): boolean;
  /** A file's text; undefined where there is none. @param path from the folder */
  read(path: string): string | undefined;
}

/** @throws MLS8711 where there is no package.json, or one that can't be read */
export function openPackageFolder(folder: string): PackageFolder {
  const path = join(folder, "package.json");
  if (!existsSync(path)) throw new MlstackError("MLS8711", `${folder} is no package: there is no package.json`, { fix: "name the plugin's folder, or make one: npm create mlstack-plugin" });
  const text = readFileSync(path, "utf8");
  let packageJson: unknown;
  try { packageJson = JSON.parse(text.replace(/^\uFEFF/, "")); } catch (cause) { throw new MlstackError("MLS8711", `${path} is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { fix: "correct it", cause }); }
  if (record(packageJson) === undefined) throw new MlstackError("MLS8711", `${path} holds no object`, { fix: "correct it" });
  const dir = realpathSync(folder);
  return {
    dir, text, packageJson: packageJson as PackageJson,
    has: (file) => existsSync(join(dir, file)),
    read(file) {
      try { return readFileSync(join(dir, file), "utf8"); } catch (e) {
        if (["ENOENT", "ENOTDIR", "EISDIR"].includes((e as NodeJS.ErrnoException).code ?? "")) return undefined;
        throw e;
      }
    },
  };
}

/** An object that is no list; undefined for anything else. */
export function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
}

/** The texts of a list; empty for anything else. */
export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

export type DependencyField = "dependencies" | "optionalDependencies" | "peerDependencies" | "devDependencies";

/** The ranges of a field of package.json, by package. */
export function ranges(packageJson: PackageJson, field: DependencyField): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record(packageJson[field]) ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

/** `@acme/x` of `@acme/x/y.js`. */
export function packageNameOf(specifier: string): string {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

/** The files that an entry of `exports` leads to, by condition; a text stands for `default`. */
export function targetsOf(entry: unknown): Readonly<Record<string, string>> {
  if (typeof entry === "string") return { default: entry };
  return Object.fromEntries(Object.entries(record(entry) ?? {}).flatMap(([condition, target]) => (typeof target === "string" ? [[condition, target]] : Object.entries(targetsOf(target)).map(([inner, path]) => [inner === "default" ? condition : inner, path]))));
}

/** `exports` by subpath; the short form is `{ ".": … }`. */
export function exportsOf({ exports }: PackageJson): Readonly<Record<string, unknown>> {
  const entries = record(exports);
  if (entries === undefined) return typeof exports === "string" ? { ".": exports } : {};
  return Object.keys(entries).every((key) => key.startsWith(".")) ? entries : { ".": entries };
}
