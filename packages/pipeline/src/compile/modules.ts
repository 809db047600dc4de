import { dirname } from "node:path";
import { interfaceOf } from "./imports.ts";
import type { ModuleRecord, Unit } from "./model.ts";
import type { ModulePaths } from "./paths.ts";
import { factsOf } from "./references.ts";
import type { SourceResolver } from "./resolve.ts";
import { isTypeScriptFile, parseFile, placeFinder, type ParsedSource } from "./source.ts";
import { UnsupportedSyntax } from "./syntax.ts";
import type { SettingsFinder } from "./tsconfig.ts";
import { unitsOf } from "./units.ts";

export interface ModuleTable {
  /** The module of a file, taken apart once. `file` is a real path. */
  get(file: string): ModuleRecord;
}

export function moduleTable(paths: ModulePaths, resolver: SourceResolver, settings: SettingsFinder): ModuleTable {
  const known = new Map<string, ModuleRecord>();
  return {
    get(file) {
      let found = known.get(file);
      if (found === undefined) known.set(file, found = load(file, paths, resolver, settings));
      return found;
    },
  };
}

function load(file: string, paths: ModulePaths, resolver: SourceResolver, settings: SettingsFinder): ModuleRecord {
  const path = paths.pathOf(file);
  const dir = dirname(file);
  const base = { path, file, isTypeScript: isTypeScriptFile(file), settings: settings(dir) };
  let text = "";
  const unreadable = (message: string, fix: string, at: string): ModuleRecord => ({ ...base, ...EMPTY, text, failure: { rule: "unreadable-module", message, fix, at }, at: () => at });
  let source: ParsedSource;
  try { source = parseFile(file, resolver.manifests(dir)); } catch (e) {
    return unreadable(`${path} cannot be read: ${e instanceof Error ? e.message : String(e)}`, "make the file readable", path);
  }
  text = source.text;
  const place = placeFinder(text);
  const at = (offset: number) => {
    const { line, column } = place(offset);
    return `${path}:${line}:${column}`;
  };
  if (source.fault !== undefined) return unreadable(`${path} cannot be parsed: ${source.fault.message}`, "correct the syntax", `${path}:${source.fault.line}:${source.fault.column}`);
  try { return takeApart(base, source, at); } catch (e) {
    if (e instanceof RangeError) return unreadable(`${path} is nested too deeply`, "keep large tables in JSON", path);
    if (!(e instanceof UnsupportedSyntax)) throw e;
    return unreadable(e.message, "write it in another way", at(e.start));
  }
}

const EMPTY_INTERFACE = { imports: new Map(), exports: new Map(), stars: [], requests: [] } as const;
const EMPTY = { format: "module", jsxPragmas: [], units: [], byName: new Map(), reassigned: new Map(), reassignedLater: new Map(), ...EMPTY_INTERFACE } as const;

function takeApart(base: Pick<ModuleRecord, "path" | "file" | "isTypeScript" | "settings">, { program, format, comments, text }: ParsedSource, at: ModuleRecord["at"]): ModuleRecord {
  const units: Unit[] = [];
  const byName = new Map<string, Unit[]>();
  const reassigned = new Map<string, number>();
  const reassignedLater = new Map<string, number>();
  const used = new Set<string>();
  const typesAreValues = base.isTypeScript && base.settings.emitDecoratorMetadata;
  const keepsImports = !base.isTypeScript || base.settings.verbatim;
  const record: ModuleRecord = {
    ...base, format, text, units, byName, reassigned, reassignedLater, at, failure: undefined,
    jsxPragmas: comments.flatMap((c) => c.value.match(/@jsx\w*\s+\S+/g) ?? []),
    ...EMPTY_INTERFACE,
  };
  for (const raw of program.body.flatMap((s) => unitsOf(s))) {
    const onWrite = (name: string, start: number, isLater: boolean) => {
      const binding = name === "" ? raw.names[0] : name;
      if (binding === undefined) return;
      if (!reassigned.has(binding)) reassigned.set(binding, start);
      if (isLater && !reassignedLater.has(binding)) reassignedLater.set(binding, start);
    };
    const unit: Unit = { ...raw, module: record, index: units.length, facts: factsOf(raw.node, { typesAreValues, onWrite }) };
    units.push(unit);
    for (const name of raw.names) byName.set(name, [...(byName.get(name) ?? []), unit]);
    for (const r of unit.facts.references) used.add(r.name);
  }
  // the units hold the record, so it is completed and not copied
  return Object.assign(record, interfaceOf(program, keepsImports, (name) => used.has(name)));
}
