import { realpathSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "@mlstack/core";
import { MlstackError } from "@mlstack/core/errors";
import type { ImportReport } from "./import-report.ts";
import { observeImport } from "./observe-import.ts";
import { exportsOf, openPackageFolder, ranges, record, targetsOf, type PackageFolder } from "./package-folder.ts";

/** Where a package's plugin entry is built to, where its manifest does not say so yet. The first that is there. */
const ENTRIES = ["./dist/plugin/index.js", "./dist/plugin.js", "./dist/index.js"];

/** A plugin's manifest, as its code has it and as its package.json has it. */
export interface PluginManifestState {
  /** The package's name. */
  readonly package: string;
  /** The module whose default export is the plugin, from the folder: `./dist/index.js`. */
  readonly entry: string;
  /** What the code says. */
  readonly manifest: JsonObject;
  /** Whether package.json says the same. */
  readonly same: boolean;
  /** What differs, as paths such as `components[0].config`; `mlstack` where there is no manifest yet. */
  readonly differs: readonly string[];
}

/** Where a plugin's code is, and which core it is for; undefined where nothing says so. */
export function entryOf(folder: PackageFolder): string | undefined {
  const { packageJson } = folder;
  const said = record(packageJson["mlstack"])?.["entry"];
  if (typeof said === "string") return said;
  const exported = exportsOf(packageJson);
  const targets = [exported["./plugin"], exported["."]].flatMap((entry) => Object.values(targetsOf(entry)));
  return [...ENTRIES, ...targets.filter((path) => /\.m?js$/.test(path))].find((path) => folder.has(path));
}

/** The range of @mlstack/core that a package works with; undefined where it names none. */
export function coreRangeOf({ packageJson }: PackageFolder): string | undefined {
  return ranges(packageJson, "peerDependencies")["@mlstack/core"] ?? ranges(packageJson, "dependencies")["@mlstack/core"];
}

/**
 * Compares the manifest in a plugin's package.json with its built code, which is imported in a process of its own.
 *
 * @throws MLS8711 no package, or one that names no core; MLS8712 nothing is built, or what is built is no plugin
 */
export async function pluginManifestState(dir: string): Promise<PluginManifestState> {
  const folder = openPackageFolder(dir);
  return stateOf(folder, await reportOf(folder));
}

/**
 * Writes the `mlstack` field of a plugin's package.json from its built code. Indentation, line ends and the order of keys stay, and so does a link; lists and objects on one line are spread over several. A file that is right is not touched.
 *
 * @throws as `pluginManifestState`; what writing throws
 */
export async function writePluginManifest(dir: string): Promise<PluginManifestState> {
  const folder = openPackageFolder(dir);
  const state = stateOf(folder, await reportOf(folder));
  if (state.same) return state;
  // one that is a link stays one
  const path = realpathSync(join(folder.dir, "package.json"));
  // nobody finds half of a file, and who may not write it is told so before it is gone
  const half = `${path}.${process.pid}.tmp`;
  writeFileSync(half, withManifest(folder.text, state.manifest), { mode: statSync(path).mode });
  renameSync(half, path);
  return state;
}

/** A package.json with another manifest, in the form that it has. */
export function withManifest(text: string, manifest: JsonObject): string {
  const bare = text.replace(/^\uFEFF/, "");
  const indent = /^[{[]\r?\n([\t ]+)/.exec(bare)?.[1] ?? (/^\{[^\r\n]*\}\s*$/.test(bare) ? "" : "  ");
  const written = JSON.stringify({ ...(JSON.parse(bare) as object), mlstack: manifest }, null, indent);
  const end = /\s*$/.exec(bare)?.[0] ?? "";
  const lines = bare.includes("\r\n") ? written.replaceAll("\n", "\r\n") : written;
  return `${text.startsWith("\uFEFF") ? "\uFEFF" : ""}${lines}${end}`;
}

/** What an import of the entry shows. @throws MLS8711, MLS8712 */
async function reportOf(folder: PackageFolder): Promise<ImportReport & { readonly entry: string }> {
  const core = coreRangeOf(folder);
  if (core === undefined) throw new MlstackError("MLS8711", `${nameOf(folder)} does not say which @mlstack/core it works with`, { why: "the manifest has that range, and it is taken from peerDependencies", fix: 'add "peerDependencies": { "@mlstack/core": ">=0.1.0 <1" } to package.json' });
  const entry = entryOf(folder);
  if (entry === undefined || !folder.has(entry)) throw new MlstackError("MLS8712", `${nameOf(folder)} is not built: there is no ${entry ?? ENTRIES.at(-1)}`, { why: "the manifest is what the built entry says", fix: "npm run build" });
  return { ...(await observeImport({ dir: folder.dir, entry, core })), entry };
}

function stateOf(folder: PackageFolder, { plugin, problem, entry }: ImportReport & { readonly entry: string }): PluginManifestState {
  if (plugin === undefined) throw new MlstackError("MLS8712", `${entry} of ${nameOf(folder)} can't be used: ${problem ?? ""}`, { why: "the manifest is what the built entry says", fix: "correct the code, and build it: npm run build" });
  const differs = differencesOf(folder.packageJson["mlstack"], plugin.manifest);
  return { package: nameOf(folder), entry, manifest: plugin.manifest, same: differs.length === 0, differs };
}

const nameOf = ({ packageJson, dir }: PackageFolder): string => (typeof packageJson.name === "string" ? packageJson.name : dir);

/** The places where two values differ; an order of keys is no difference. At most the depth at which a person looks for it. */
export function differencesOf(found: unknown, wanted: unknown, at = ""): readonly string[] {
  if (sorted(found) === sorted(wanted)) return [];
  const [a, b] = [found, wanted].map((value) => (Array.isArray(value) ? (Object.fromEntries(value.entries()) as Readonly<Record<string, unknown>>) : record(value)));
  const depth = at.split(/[.[]/).length;
  if (a === undefined || b === undefined || depth > 4 || Array.isArray(found) !== Array.isArray(wanted)) return [at === "" ? "mlstack" : at];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return keys.flatMap((key) => differencesOf(a[key], b[key], Array.isArray(wanted) ? `${at}[${key}]` : at === "" ? key : `${at}.${key}`));
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => { const object = record(inner); return object === undefined ? inner : Object.fromEntries(Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : 1))); }) ?? "undefined";
}

