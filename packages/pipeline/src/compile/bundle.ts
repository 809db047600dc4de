import { posix, relative, sep } from "node:path";
import { MlstackError } from "@mlstack/core";
import { compare } from "./digest.ts";
import { notFound, syntaxError } from "./faults.ts";
import type { CodeIndex, IndexedLink, IndexedModule } from "./given.ts";
import { helperName, helperSource } from "./helpers.ts";
import { jsonModule } from "./json-module.ts";
import type { ModuleRecord } from "./model.ts";
import type { Project } from "./project.ts";
import type { RequestMode, Resolution } from "./resolve.ts";
import { inlineMap, shiftColumns } from "./source-map.ts";
import { rewrite, type FoundSpecifier } from "./specifiers.ts";
import type { CompilerSettings } from "./tsconfig.ts";
import type { CodeBundle } from "./types.ts";

/**
 * The own modules that the given ones import, compiled, with specifiers that lead to each other: they run in an empty folder, given the
 * packages. The same sources give the same bytes.
 *
 * @throws MLS1013 for a module that cannot be compiled, MLS1014 for one that is not there
 */
export function bundleOf(project: Project, modules: readonly string[]): CodeBundle {
  const files = new Map<string, Uint8Array>();
  const paths: Record<string, string> = {};
  const queue = modules.map((path) => {
    const file = project.paths.fileOf(path);
    if (file === undefined) throw new MlstackError("MLS1014", `the module ${JSON.stringify(path)} cannot be found`, { fix: "correct the path" });
    return project.modules.get(file);
  });
  const seen = new Set(queue);
  const indexed = new Map<ModuleRecord, [path: string, links: Record<string, IndexedLink>]>();
  for (const module of seen) {
    const links: Record<string, IndexedLink> = {};
    paths[module.path] = bundlePath(module);
    files.set(SOURCES + module.path, Buffer.from(module.text));
    files.set(bundlePath(module), Buffer.from(compileFor(module, project, {
      module: (next) => void seen.add(next),
      file: (path, content) => void files.set(path, content),
      link: (specifier, mode, to) => { links[`${mode} ${specifier}`] = to; },
    })));
    indexed.set(module, [module.path, links]);
  }
  files.set(INDEX, jsonFile(sorted(Object.entries(paths))));
  files.set(CODE, jsonFile(Object.entries(codeIndex(indexed))));
  return { files: new Map(sorted(files)), modules: Object.fromEntries(sorted(Object.entries(paths))) };
}

const sorted = <T>(entries: Iterable<[string, T]>): [string, T][] => [...entries].toSorted(([a], [b]) => compare(a, b));

const jsonFile = (entries: Iterable<[string, unknown]>): Uint8Array => Buffer.from(`${JSON.stringify(Object.fromEntries(entries), null, 1)}\n`);

/** The folder of a bundle that holds own modules and what they import as their authors wrote it, by their paths in the project. */
export const SOURCES = "_mlstack/sources/";

/** How those were read (`CodeIndex`). */
export const CODE = "_mlstack/code.json";

/** Where each module of the project lies in the bundle. */
const INDEX = "_mlstack/modules.json";

/** `src/a.ts` becomes src/a.mjs; other extensions stay in the name, so that src/a.ts and src/a.js do not meet. */
function bundlePath({ path, format }: ModuleRecord): string {
  const ext = format === "module" ? ".mjs" : ".cjs";
  return path.endsWith(".ts") ? `${path.slice(0, -3)}${ext}` : path + ext;
}

/** Few modules have settings of their own, so these are listed once. */
function codeIndex(modules: ReadonlyMap<ModuleRecord, [path: string, links: Record<string, IndexedLink>]>): CodeIndex {
  const places = new Map<string, number>();
  const settings: CompilerSettings[] = [];
  const placeOf = (of: CompilerSettings) => {
    const text = JSON.stringify(of);
    const known = places.get(text);
    if (known !== undefined) return known;
    places.set(text, settings.length);
    return settings.push(of) - 1;
  };
  const entries = [...modules].toSorted(([, [a]], [, [b]]) => compare(a, b));
  return { modules: Object.fromEntries(entries.map(([m, [path, links]]): [string, IndexedModule] => [path, { format: m.format, settings: placeOf(m.settings), links: Object.fromEntries(sorted(Object.entries(links))) }])), settings };
}

interface Sink {
  module(module: ModuleRecord): void;
  file(path: string, content: Uint8Array): void;
  link(specifier: string, mode: RequestMode, to: IndexedLink): void;
}

function compileFor(module: ModuleRecord, project: Project, sink: Sink): string {
  const { text } = module;
  if (module.failure !== undefined) throw failed(module, text);
  const { code, map } = project.compiled(module);
  const from = posix.dirname(bundlePath(module));
  const { code: linked, edits } = rewrite(module.file, code, module.format, (found) => replacement(found, module, project, sink, from));
  return linked.trimEnd() + inlineMap({ ...map, mappings: shiftColumns(map.mappings, edits) });
}

function failed(module: ModuleRecord, text: string): MlstackError {
  const [, line = "1", column = "1"] = /:(\d+):(\d+)$/.exec(module.failure?.at ?? "") ?? [];
  return syntaxError(module.file, text, { line: Number(line), column: Number(column), message: module.failure?.message ?? "" });
}

/** What a specifier is replaced with; undefined leaves it as it is. */
function replacement({ specifier, mode, attributes, names }: FoundSpecifier, module: ModuleRecord, project: Project, sink: Sink, from: string): string | undefined {
  const written = (path: string) => {
    const way = posix.relative(from, path);
    return JSON.stringify(way.startsWith(".") ? way : `./${way}`);
  };
  const helper = helperName(specifier);
  if (helper !== undefined) {
    const source = helperSource(helper, module.format);
    if (source === undefined) throw new MlstackError("MLS1013", `${module.path} uses syntax that cannot be compiled for Node (${helper})`, { fix: "write it in another way" });
    const path = `_mlstack/${helper}${module.format === "module" ? ".mjs" : ".cjs"}`;
    sink.file(path, Buffer.from(source));
    return written(path);
  }
  const r = project.bindings.resolution(module, specifier, mode);
  sink.link(specifier, mode, linkTo(r, project));
  switch (r.kind) {
    case "own": {
      const target = project.modules.get(r.file);
      sink.module(target);
      return written(bundlePath(target));
    }
    case "data": {
      const path = project.paths.pathOf(r.file);
      const bytes = project.data.bytes(r.file);
      sink.file(SOURCES + path, bytes);
      if (!path.endsWith(".json") || mode === "require") { sink.file(path, bytes); return written(path); }
      if (names.length > 0 && attributes === "none") {
        sink.file(`${path}.mjs`, Buffer.from(jsonModule(Buffer.from(bytes).toString("utf8"))));
        return written(`${path}.mjs`);
      }
      sink.file(path, bytes);
      return written(path) + (attributes === "static" ? ` with { type: "json" }` : attributes === "dynamic" ? `, { with: { type: "json" } }` : "");
    }
    case "package": return r.trust === "mlstack" || r.specifier === specifier ? undefined : packageSpecifier(r, module, project, mode, written);
    case "missing":
      if (r.isPackage || mode === "require") return undefined;
      throw notFound(module.file, specifier, undefined);
    default: return undefined;
  }
}

/** Where a specifier leads, for who loads the sources where they lie; null for what Node finds there by itself. */
function linkTo(r: Resolution, project: Project): IndexedLink {
  if (r.kind === "own" || r.kind === "data") return project.paths.pathOf(r.file);
  return r.kind === "package" && r.byPath && r.file !== undefined ? { installed: relative(project.dir, r.file).split(sep).join("/") } : null;
}

/** An alias or a path that leads into a package, as a specifier that works without the alias: by name, or by path where the name leads to another copy. */
function packageSpecifier(r: { readonly name: string; readonly specifier: string; readonly file: string | undefined }, module: ModuleRecord, project: Project, mode: RequestMode, written: (path: string) => string): string {
  const leads = (specifier: string) => { const found = project.bindings.resolution(module, specifier, mode); return found.kind === "package" && found.file === r.file; };
  const full = r.specifier.replace("//", "/");
  const named = [r.name, full].find((specifier) => leads(specifier));
  const path = r.file === undefined ? undefined : project.paths.pathOf(r.file);
  return named !== undefined || path === undefined || path.startsWith("_") ? JSON.stringify(named ?? full) : written(path);
}
