import { readFileSync, statSync } from "node:fs";
import * as nodeModule from "node:module";
import { dirname, extname, join } from "node:path";
import { MlstackError } from "@mlstack/core";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { LoadHookContext, LoadFnOutput, ResolveFnOutput, ResolveHookContext } from "node:module";
import { compileModule } from "./compile.ts";
import { notFound, syntaxError } from "./faults.ts";
import type { GivenCode } from "./given.ts";
import { helperName, helperSource } from "./helpers.ts";
import { jsonModule } from "./json-module.ts";
import { fileState, noteFile, noteLink, noteSource, sourceText } from "./loads.ts";
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
   * Own code that is used in place of what the files hold: code as it was at another time. Asked whenever something is imported; what it
   * gives may come later than the hooks, but before the first module of it.
   */
  readonly code?: (() => GivenCode | undefined) | undefined;
}

/**
 * Lets this process import the project's TypeScript as it is written: path aliases, imports without extension or with `.js` for a `.ts`,
 * enums, namespaces, parameter properties, decorators, JSX, JSON. Installed packages are left alone. Positions in stack traces are those
 * of the source. What is loaded is noted (`processLoads`), so that it can be told later what has run.
 *
 * Nothing is loaded before the first module that needs it. The function that comes back takes the hooks away.
 */
export function installSourceHooks({ projectDir = process.cwd(), code = () => undefined }: SourceHookOptions = {}): () => void {
  process.setSourceMapsEnabled(true);
  const state: State = { projectDir, code, manifests: undefined, resolver: undefined, settings: undefined };
  const hooks = nodeModule.registerHooks({
    resolve: (specifier, context, next) => noted(specifier, context, resolve(state, specifier, context, next)),
    load: (url, context, next) => load(state, url, context, next),
  });
  return () => hooks.deregister();
}

interface State {
  readonly projectDir: string;
  readonly code: () => GivenCode | undefined;
  resolver: SourceResolver | undefined;
  settings: SettingsFinder | undefined;
  manifests: ManifestFinder | undefined;
}

type NextResolve = (specifier: string, context?: Partial<ResolveHookContext>) => ResolveFnOutput;
type NextLoad = (url: string, context?: Partial<LoadHookContext>) => LoadFnOutput;

const HELPER = "mlstack-helper:";

function resolve(state: State, specifier: string, context: ResolveHookContext, next: NextResolve): ResolveFnOutput {
  const parent = parentOf(context);
  const mode = modeOf(context);
  const helper = parent === undefined ? undefined : helperName(specifier);
  if (helper !== undefined) return { url: `${HELPER}${mode}/${helper}`, format: mode === "import" ? "module" : "commonjs", shortCircuit: true };
  if (parent === undefined || isInstalled(parent) || isOurs(state, parent) || /^(node|data|https?):/.test(specifier)) return next(specifier, context);
  const to = (file: string): ResolveFnOutput => {
    const suffix = isBare(specifier) ? "" : (/[?#].*$/.exec(specifier)?.[0] ?? "");
    return { url: pathToFileURL(file).href + suffix, importAttributes: context.importAttributes, shortCircuit: true };
  };
  const given = state.code()?.link(parent, specifier, mode);
  if (given !== undefined) return given === null ? next(specifier, context) : to(given);
  if (isExact(parent, specifier)) return next(specifier, context);
  state.resolver ??= sourceResolver(state.projectDir);
  const found = state.resolver.resolve(parent, specifier, mode);
  if (found.kind === "own" || found.kind === "data") return to(found.file);
  // a path of tsconfig.json comes first, as it does for TypeScript, though a package has that name
  if (found.kind === "package" && found.byPath && found.file !== undefined) return to(found.file);
  try { return next(specifier, context); } catch (e) {
    if (mode === "import" && isNotFound(e)) throw notFound(parent, specifier, e);
    throw e;
  }
}

function load(state: State, url: string, context: LoadHookContext, next: NextLoad): LoadFnOutput {
  if (url.startsWith(HELPER)) return helper(url);
  if (!url.startsWith("file:")) return next(url, context);
  const file = fileURLToPath(url);
  if (isInstalled(file)) return installed(file, () => next(url, context));
  if (isOurs(state, file)) return next(url, context);
  const code = state.code();
  const given = code?.content(file);
  if (extname(file) === ".json") return json(file, given, context);
  const isCompiled = isTypeScriptFile(file) || extname(file) === ".jsx";
  if (!isCompiled && (given === undefined || !isPlain(file))) return asItIs(file, given, next(url, context));
  const text = given === undefined ? readFileSync(file, "utf8") : Buffer.from(given).toString("utf8");
  state.resolver ??= sourceResolver(state.projectDir);
  const known = code?.module(file);
  const format = known?.format ?? formatBy(file, state.resolver.manifests(dirname(file)), text);
  const linked = (js: string) => (format === "module" ? { code: js, edits: [] } : rewrite(file, js, format, (found) => required(state, file, found)));
  if (!isCompiled) {
    noteSource(file, { text: sourceText(file, text), format });
    return { format, source: linked(text).code, shortCircuit: true };
  }
  const compiled = compileModule(file, text, format, known?.settings ?? (state.settings ??= settingsFinder())(dirname(file)));
  noteSource(file, { text: compiled.code, format });
  const { code: source, edits } = linked(compiled.code);
  return { format, source: source.trimEnd() + inlineMap({ ...compiled.map, sources: [url], mappings: shiftColumns(compiled.map.mappings, edits) }), shortCircuit: true };
}

function json(file: string, given: Uint8Array | undefined, context: LoadHookContext): LoadFnOutput {
  const text = given === undefined ? readFileSync(file, "utf8") : Buffer.from(given).toString("utf8");
  noteSource(file, { text: sourceText(file, text), format: undefined });
  // what is required has no attributes at all
  const asJson = (context.importAttributes as ImportAttributes | undefined)?.["type"] === "json" || modeOf(context) === "require";
  return asJson ? { format: "json", source: text, shortCircuit: true } : { format: "module", source: jsonModule(text), shortCircuit: true };
}

/** JavaScript, and what is neither code nor JSON, such as WebAssembly: Node loads it, and a text in its place would not be the file. */
function asItIs(file: string, given: Uint8Array | undefined, found: LoadFnOutput): LoadFnOutput {
  const text = sourceText(file, found.source ?? readFileSync(file));
  if (given !== undefined && text !== sourceText(file, given)) {
    throw new MlstackError("MLS4005", `${file} was changed while the run was going on`, { why: "steps run the code that the run was started with, and this file can't be given to them as it was", fix: "run again" });
  }
  noteSource(file, { text, format: found.format ?? undefined });
  return found;
}

/** A package's file counts as it lies on disk; one that is written while it is read is in no state that it ever was in. */
function installed(file: string, read: () => LoadFnOutput): LoadFnOutput {
  const before = fileState(file);
  const found = read();
  noteFile(file, fileState(file) === before ? before : "");
  return found;
}

function noted(specifier: string, context: ResolveHookContext, found: ResolveFnOutput): ResolveFnOutput {
  const parent = parentOf(context);
  if (parent === undefined || !found.url.startsWith("file:")) return found;
  const file = fileURLToPath(found.url);
  noteLink({ parent, specifier, mode: modeOf(context), file });
  // machine code is loaded without asking further
  if (file.endsWith(".node")) noteFile(file, fileState(file));
  return found;
}

const parentOf = ({ parentURL }: ResolveHookContext): string | undefined => (parentURL?.startsWith("file:") === true ? fileURLToPath(parentURL) : undefined);

const modeOf = ({ conditions }: { readonly conditions: readonly string[] }): RequestMode => (conditions.includes("require") ? "require" : "import");

/** JavaScript needs no compiling. */
const isPlain = (file: string) => /\.[cm]?js$/.test(file);

/** Most files say by their place that they are ES modules: only others are parsed to find out. */
function formatBy(file: string, manifest: Manifest | undefined, text: string): ModuleFormat {
  if ((manifest?.type === "module" || /\.m[jt]s$/.test(file)) && !/\.c[jt]s$/.test(file) && !/\bexport\s*=/.test(text)) return "module";
  const { format, fault } = parseFile(file, manifest, text);
  if (fault !== undefined) throw syntaxError(file, text, fault);
  return format;
}

/** In CommonJS that a hook gives, Node 22 resolves what is required without asking the hooks. */
function required(state: State, file: string, { specifier, mode }: FoundSpecifier): string | undefined {
  if (mode !== "require") return undefined;
  const given = state.code()?.link(file, specifier, mode);
  if (given !== undefined) return given === null ? undefined : JSON.stringify(given);
  const found = state.resolver?.resolve(file, specifier, mode);
  const isFile = found?.kind === "own" || found?.kind === "data" || (found?.kind === "package" && found.byPath);
  return isFile && found.file !== undefined ? JSON.stringify(found.file) : undefined;
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
