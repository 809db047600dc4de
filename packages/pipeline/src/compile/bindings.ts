import type { ModuleRecord } from "./model.ts";
import type { ModuleTable } from "./modules.ts";
import type { RequestMode, Resolution, SourceResolver, Trust } from "./resolve.ts";

/** What a name stands for in the end, behind imports, re-exports and path aliases. */
export type Target =
  /** A module-level name of own code. `trust` where it was imported from a plugin that is linked into the workspace. */
  | { readonly kind: "unit"; readonly module: ModuleRecord; readonly name: string; readonly trust: Trust | undefined }
  | { readonly kind: "namespace"; readonly module: ModuleRecord; readonly trust: Trust | undefined }
  /** All of a module: it is CommonJS, or what is asked for was not found in it. */
  | { readonly kind: "whole"; readonly module: ModuleRecord; readonly name: string }
  /** JSON or another file; `imported` is a key of JSON where one is imported by name. */
  | { readonly kind: "data"; readonly file: string; readonly imported: string | undefined }
  | { readonly kind: "package"; readonly name: string; readonly specifier: string; readonly imported: string; readonly file: string | undefined; readonly from: ModuleRecord; readonly trust: Trust | undefined }
  | { readonly kind: "builtin"; readonly name: string; readonly imported: string }
  | { readonly kind: "inline"; readonly specifier: string; readonly imported: string }
  | { readonly kind: "missing"; readonly specifier: string; readonly isPackage: boolean; readonly message: string; readonly from: ModuleRecord; readonly start: number };

export interface Bindings {
  /** What a module-level name stands for; empty for a global one. */
  ofName(module: ModuleRecord, name: string): readonly Target[];
  /** What an export stands for; empty where the module has none of that name. Several where `export *` leaves it open. */
  ofExport(module: ModuleRecord, name: string): readonly Target[];
  /** What a specifier and an imported name (`*` for all) stand for in a module. */
  ofImport(module: ModuleRecord, specifier: string, imported: string, start: number, mode?: RequestMode): readonly Target[];
  /** All exports of a module by name, and the packages that it re-exports as a whole. */
  exportsOf(module: ModuleRecord): { readonly names: ReadonlySet<string>; readonly packages: readonly Target[] };
  resolution(module: ModuleRecord, specifier: string, mode?: RequestMode): Resolution;
  readonly modules: ModuleTable;
}

export function bindings(modules: ModuleTable, resolver: SourceResolver): Bindings {
  const names = new WeakMap<ModuleRecord, Map<string, readonly Target[]>>();
  const exported = new WeakMap<ModuleRecord, Map<string, readonly Target[]>>();
  const listed = new WeakMap<ModuleRecord, ReturnType<Bindings["exportsOf"]>>();
  const resolution: Bindings["resolution"] = (module, specifier, mode = "import") => resolver.resolve(module.file, specifier, mode);
  const modeOf = (module: ModuleRecord): RequestMode => (module.format === "commonjs" ? "require" : "import");

  const ofImport = (module: ModuleRecord, specifier: string, imported: string, start: number, mode: RequestMode = modeOf(module), seen: ReadonlySet<string> = new Set()): readonly Target[] => {
    const r = resolution(module, specifier, mode);
    switch (r.kind) {
      case "builtin": return [{ kind: "builtin", name: r.name, imported }];
      case "package": return [{ kind: "package", name: r.name, specifier: r.specifier, imported, file: r.file, from: module, trust: trustOf(r.trust, imported) }];
      case "inline": return [{ kind: "inline", specifier, imported }];
      case "data": return [{ kind: "data", file: r.file, imported: r.file.endsWith(".json") && imported !== "*" && imported !== "default" ? imported : undefined }];
      case "missing": return [{ kind: "missing", specifier, isPackage: r.isPackage, message: r.message, from: module, start }];
      case "own": {
        const target = modules.get(r.file);
        if (target.format === "commonjs" || target.failure !== undefined) return [{ kind: "whole", module: target, name: imported }];
        if (imported === "*") return [{ kind: "namespace", module: target, trust: r.trust }];
        const found = exportOf(target, imported, seen);
        // an export that is not found is a mistake of the author, or one of ours: everything there counts then
        if (found.length === 0) return [{ kind: "whole", module: target, name: imported }];
        const trust = trustOf(r.trust, imported);
        return trust === undefined ? found : found.map((t) => (t.kind === "unit" || t.kind === "namespace" ? { ...t, trust } : t));
      }
    }
  };

  const ofName: Bindings["ofName"] = (module, name) => {
    const known = cacheOf(names, module);
    let found = known.get(name);
    if (found === undefined) known.set(name, found = nameIn(module, name, new Set()));
    return found;
  };

  const nameIn = (module: ModuleRecord, name: string, seen: ReadonlySet<string>): readonly Target[] => {
    const binding = module.imports.get(name);
    const units: Target[] = module.byName.has(name) ? [{ kind: "unit", module, name, trust: undefined }] : [];
    return binding === undefined ? units : [...ofImport(module, binding.specifier, binding.imported, binding.start, binding.mode, seen), ...units];
  };

  const exportOf = (module: ModuleRecord, name: string, seen: ReadonlySet<string>): readonly Target[] => {
    const known = cacheOf(exported, module);
    const before = known.get(name);
    if (before !== undefined) return before;
    const key = `${module.file}\0${name}`;
    if (seen.has(key)) return []; // a circle of re-exports gives nothing
    const inner = new Set(seen).add(key);
    const found = exportIn(module, name, inner);
    if (seen.size === 0) known.set(name, found); // inside of a circle an answer may be partial
    return found;
  };

  const exportIn = (module: ModuleRecord, name: string, seen: ReadonlySet<string>): readonly Target[] => {
    const explicit = module.exports.get(name);
    if (explicit !== undefined) return "local" in explicit ? nameIn(module, explicit.local, seen) : ofImport(module, explicit.specifier, explicit.imported, explicit.start, undefined, seen);
    if (name === "default") return [];
    const own = new Map<string, Target>();
    const others: Target[] = [];
    for (const star of module.stars) {
      const r = resolution(module, star.specifier);
      if (r.kind !== "own") { others.push(...ofImport(module, star.specifier, name, star.start)); continue; }
      const from = modules.get(r.file);
      const found: readonly Target[] = from.format === "commonjs" || from.failure !== undefined ? [{ kind: "whole", module: from, name }] : exportOf(from, name, seen);
      for (const target of found) own.set(describe(target), target);
    }
    return own.size > 0 ? [...own.values()] : others;
  };

  const exportsOf: Bindings["exportsOf"] = (module) => {
    let found = listed.get(module);
    if (found === undefined) {
      const all = new Set<string>();
      const packages: Target[] = [];
      const seen = new Set<ModuleRecord>();
      const collect = (from: ModuleRecord): void => {
        if (seen.has(from)) return;
        seen.add(from);
        for (const name of from.exports.keys()) if (from === module || name !== "default") all.add(name);
        for (const star of from.stars) {
          const r = resolution(from, star.specifier);
          if (r.kind === "own" && modules.get(r.file).format === "module" && modules.get(r.file).failure === undefined) collect(modules.get(r.file));
          else packages.push(...ofImport(from, star.specifier, "*", star.start));
        }
      };
      collect(module);
      listed.set(module, found = { names: all, packages });
    }
    return found;
  };

  return { ofName, ofExport: (module, name) => exportOf(module, name, new Set()), ofImport: (module, specifier, imported, start, mode) => ofImport(module, specifier, imported, start, mode), exportsOf, resolution, modules };
}

/** Of a plugin one export may be pure and another not; of its namespace it is asked for when a member is read. */
function trustOf(trust: Trust | undefined, imported: string): Trust | undefined {
  return typeof trust !== "object" || imported === "*" || trust.pure.has(imported) ? trust : undefined;
}

function cacheOf<V>(caches: WeakMap<ModuleRecord, Map<string, V>>, module: ModuleRecord): Map<string, V> {
  let cache = caches.get(module);
  if (cache === undefined) caches.set(module, cache = new Map());
  return cache;
}

/** A target as it enters digests: the same text means the same thing on every machine. */
export function describe(target: Target, pathOf: (file: string) => string = (file) => file): string {
  switch (target.kind) {
    case "unit": return `own ${target.module.path} ${target.name}`;
    case "namespace": return `namespace ${target.module.path}`;
    case "whole": return `whole ${target.module.path} ${target.name}`;
    case "data": return `data ${pathOf(target.file)}${target.imported === undefined ? "" : ` ${JSON.stringify(target.imported)}`}`;
    case "package": return `package ${target.specifier} ${target.imported}`;
    case "builtin": return `builtin ${target.name} ${target.imported}`;
    case "inline": return `inline ${target.imported} ${target.specifier}`;
    case "missing": return `missing ${target.specifier}`;
  }
}
