import { readFileSync, statSync } from "node:fs";
import * as nodeModule from "node:module";
import { dirname, extname, join, relative } from "node:path";
import { MlstackError } from "@mlstack/core";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { LoadHookContext, LoadFnOutput, ResolveFnOutput, ResolveHookContext } from "node:module";
import { compileModule } from "./compile.ts";
import { notFound, syntaxError } from "./faults.ts";
import { helperName, helperSource } from "./helpers.ts";
import { jsonModule } from "./json-module.ts";
import { note } from "./loaded.ts";
import { manifestFinder, type Manifest, type ManifestFinder } from "./manifests.ts";
import type { ModuleFormat } from "./model.ts";
import { isBare, isMlstack, sourceResolver, type RequestMode, type SourceResolver } from "./resolve.ts";
import { isTypeScriptFile, parseFile } from "./source.ts";
import { inlineMap, shiftColumns } from "./source-map.ts";
import { rewrite, type FoundSpecifier } from "./specifiers.ts";
import { settingsFinder, type SettingsFinder } from "./tsconfig.ts";

export interface SourceHookOptions {
  /** The working folder by default. */
  readonly projectDir?: string | undefined;
  /**
   * Texts of own modules by real path, which are used in place of the files: of code as it was at another time. It may be filled until
   * the first of them is imported.
   */
  readonly sources?: ReadonlyMap<string, string> | undefined;
}

/**
 * Lets this process import the project's TypeScript as it is written: path aliases, imports without extension or with `.js` for a `.ts`,
 * enums, namespaces, parameter properties, decorators, JSX, JSON. Installed packages are left alone. Positions in stack traces are those
 * of the source.
 *
 * Nothing is loaded before the first module that needs it. The function that comes back takes the hooks away.
 */
export function installSourceHooks({ projectDir = process.cwd(), sources }: SourceHookOptions = {}): () => void {
  process.setSourceMapsEnabled(true);
  const state: State = { projectDir, sources, outside: new Set(), manifests: undefined, resolver: undefined, settings: undefined };
  const hooks = nodeModule.registerHooks({
    resolve: (specifier, context, next) => noteOutside(state, context.parentURL, resolve(state, specifier, context, next)),
    load: (url, context, next) => load(state, url, context, next),
  });
  return () => hooks.deregister();
}

interface State {
  readonly projectDir: string;
  readonly sources: SourceHookOptions["sources"];
  texts?: ReadonlySet<string>;
  /** Files outside of the project that own code imports: a plugin that is linked is loaded by others, too, and is none of it then. */
  readonly outside: Set<string>;
  resolver: SourceResolver | undefined;
  settings: SettingsFinder | undefined;
  manifests: ManifestFinder | undefined;
}

const HELPER = "mlstack-helper:";

function resolve(state: State, specifier: string, context: ResolveHookContext, next: (specifier: string, context?: Partial<ResolveHookContext>) => ResolveFnOutput): ResolveFnOutput {
  const parent = context.parentURL?.startsWith("file:") === true ? fileURLToPath(context.parentURL) : undefined;
  const mode: RequestMode = context.conditions.includes("require") ? "require" : "import";
  const helper = parent === undefined ? undefined : helperName(specifier);
  if (helper !== undefined) return { url: `${HELPER}${mode}/${helper}`, format: mode === "import" ? "module" : "commonjs", shortCircuit: true };
  if (parent === undefined || isInstalled(parent) || isOurs(state, parent) || /^(node|data|https?):/.test(specifier)) return next(specifier, context);
  if (isExact(parent, specifier)) return next(specifier, context);
  state.resolver ??= sourceResolver(state.projectDir);
  const found = state.resolver.resolve(parent, specifier, mode);
  const file = found.kind === "own" || found.kind === "data" ? found.file : undefined;
  if (file !== undefined) {
    const suffix = isBare(specifier) ? "" : (/[?#].*$/.exec(specifier)?.[0] ?? "");
    return { url: pathToFileURL(file).href + suffix, importAttributes: context.importAttributes, shortCircuit: true };
  }
  try { return next(specifier, context); } catch (e) {
    // an alias may lead into a package by a way that Node does not know
    if (found.kind === "package" && found.file !== undefined) return { url: pathToFileURL(found.file).href, shortCircuit: true };
    if (mode === "import" && isNotFound(e)) throw notFound(parent, specifier, e);
    throw e;
  }
}

function load(state: State, url: string, context: LoadHookContext, next: (url: string, context?: Partial<LoadHookContext>) => LoadFnOutput): LoadFnOutput {
  if (url.startsWith(HELPER)) return helper(url);
  if (!url.startsWith("file:")) return next(url, context);
  const file = fileURLToPath(url);
  const isJson = extname(file) === ".json";
  // of what is neither code nor JSON, such as WebAssembly, a text would not be the file
  const given = isJson || isPlain(file) || isTypeScriptFile(file) || extname(file) === ".jsx" ? state.sources?.get(file) : undefined;
  if (given === undefined) refuseChanged(state, file);
  if ((given === undefined && !isJson && !isTypeScriptFile(file) && extname(file) !== ".jsx") || isInstalled(file) || isOurs(state, file)) return next(url, context);
  if (isJson) {
    const asJson = context.importAttributes["type"] === "json" || context.conditions.includes("require");
    if (asJson) return given === undefined ? next(url, context) : { format: "json", source: given, shortCircuit: true };
    return { format: "module", source: jsonModule(given ?? readFileSync(file, "utf8")), shortCircuit: true };
  }
  state.resolver ??= sourceResolver(state.projectDir);
  state.settings ??= settingsFinder();
  const text = given ?? readFileSync(file, "utf8");
  note(file, text);
  const format = formatBy(file, state.resolver.manifests(dirname(file)), text);
  if (isPlain(file)) return { format, source: text, shortCircuit: true };
  const { code, map } = compileModule(file, text, format, state.settings(dirname(file)));
  const { code: linked, edits } = format === "module" ? { code, edits: [] } : rewrite(file, code, format, (found) => required(state, file, found));
  return { format, source: linked.trimEnd() + inlineMap({ ...map, sources: [url], mappings: shiftColumns(map.mappings, edits) }), shortCircuit: true };
}

function noteOutside(state: State, parentURL: string | undefined, found: ResolveFnOutput): ResolveFnOutput {
  if (state.sources === undefined || parentURL?.startsWith("file:") !== true || !found.url.startsWith("file:")) return found;
  const [parent, file] = [fileURLToPath(parentURL), fileURLToPath(found.url)];
  const isOutside = (path: string) => relative(state.projectDir, path).startsWith("..");
  const byOwn = isOutside(parent) ? state.outside.has(parent) : !isInstalled(parent);
  if (byOwn && isOutside(file) && !isInstalled(file) && !isOurs(state, file)) state.outside.add(file);
  return found;
}

/**
 * Own modules outside of the project have other paths elsewhere, so their texts can't be found by path; but what is loaded must be one of
 * the texts.
 */
function refuseChanged(state: State, file: string): void {
  if (state.sources === undefined || state.sources.size === 0 || !/\.(?:[cm]?[jt]s|[jt]sx)$/.test(file)) return;
  if (!state.outside.has(file)) return;
  state.texts ??= new Set(state.sources.values());
  if (state.texts.has(readFileSync(file, "utf8"))) return;
  throw new MlstackError("MLS4005", `${file} was changed while the run was going on`, { why: "steps run the code that the run was started with, and this module is not part of it any more", fix: "run again" });
}

/** JavaScript needs no compiling; it comes here only where its text is another than the file's. */
const isPlain = (file: string) => /\.[cm]?js$/.test(file);

/** Most files say by their place that they are ES modules: only others are parsed to find out. */
function formatBy(file: string, manifest: Manifest | undefined, text: string): ModuleFormat {
  if ((manifest?.type === "module" || file.endsWith(".mts")) && !file.endsWith(".cts") && !/\bexport\s*=/.test(text)) return "module";
  const { format, fault } = parseFile(file, manifest, text);
  if (fault !== undefined) throw syntaxError(file, text, fault);
  return format;
}

/** In CommonJS that a hook compiled, Node 22 resolves what is required without asking the hooks. */
function required(state: State, file: string, { specifier, mode }: FoundSpecifier): string | undefined {
  const found = mode === "require" ? state.resolver?.resolve(file, specifier, mode) : undefined;
  return found?.kind === "own" || found?.kind === "data" ? JSON.stringify(found.file) : undefined;
}

function helper(url: string): LoadFnOutput {
  const [mode = "", name = ""] = url.slice(HELPER.length).split("/");
  const format = mode === "require" ? "commonjs" : "module";
  const source = helperSource(name, format);
  if (source === undefined) throw new Error(`compiled code needs ${name}, which mlstack does not have`);
  return { format, source, shortCircuit: true };
}

/** Packages of mlstack need no hooks where they are linked. Loading the tools must not come back here. */
const isOurs = (state: State, file: string) => isMlstack((state.manifests ??= manifestFinder())(dirname(file))?.name);

const isInstalled = (file: string) => /[\\/]node_modules[\\/]/.test(file);

/** A file that is named in full is found by Node, and by the resolver alike. */
function isExact(parent: string, specifier: string): boolean {
  return /^\.{1,2}\//.test(specifier) && statSync(join(dirname(parent), specifier), { throwIfNoEntry: false })?.isFile() === true;
}

const isNotFound = (e: unknown) => ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND", "ERR_UNSUPPORTED_DIR_IMPORT", "ERR_PACKAGE_IMPORT_NOT_DEFINED"].includes(String((e as { code?: unknown }).code));
