import type { Bindings } from "./bindings.ts";
import { withoutTypes, isFunction, type FunctionNode } from "./ast.ts";
import { isKnownGlobal } from "./globals.ts";
import type { LinkTable } from "./links.ts";
import type { ModuleRecord, Mutation, Unit } from "./model.ts";
import type { Retained } from "./retain.ts";
import type { UncachedReason } from "./types.ts";

/** Finds what other code may put into the objects and globals that a step reads. */
export interface WriteTable {
  /**
   * @param loaded modules whose graphs the process loads besides the step's own: the pipeline's
   * @returns a reason for each name that holds what can't be read from the step's own code
   */
  of(retained: Retained, loaded: readonly ModuleRecord[]): readonly UncachedReason[];
}

interface Write { readonly unit: Unit; readonly mutation: Mutation }
interface Use { readonly unit: Unit; readonly depth: number; readonly isCall: boolean }

/** All that a set of modules writes and uses, by what is written to or used: `src/a.ts config`, `package lib`, `global X`. */
interface Index {
  readonly writes: ReadonlyMap<string, readonly Write[]>;
  readonly uses: ReadonlyMap<string, readonly Use[]>;
}

/** Where a function is called when modules are loaded; null where it may run later. */
type Callers = ReadonlySet<ModuleRecord> | null;

export function writeTable(bindings: Bindings, links: LinkTable, graphOf: (root: ModuleRecord) => Iterable<ModuleRecord>): WriteTable {
  const known = new Map<string, Index>();

  function indexOf(modules: ReadonlySet<ModuleRecord>): Index {
    const key = [...modules].map((m) => m.file).toSorted().join("\0");
    let found = known.get(key);
    if (found === undefined) known.set(key, found = makeIndex(modules, bindings));
    return found;
  }

  return {
    of(retained, loaded) {
      const own = new Set(retained.evaluations.flatMap((e) => e.items.flatMap((i) => ("module" in i ? [i.module] : []))));
      const all = new Set([...own, ...loaded.flatMap((root) => [...graphOf(root)])]);
      const index = indexOf(all);
      const isRetained = retainedTest(retained);
      const reasons = new Map<string, UncachedReason>();
      for (const key of readKeys(retained, links)) {
        const write = index.writes.get(key)?.find((w) => isHidden(w, index, own, isRetained));
        if (write !== undefined) reasons.set(key, reason(key, write));
      }
      for (const [key, unknown] of unknownGlobals(retained, links, index, own)) if (!reasons.has(key)) reasons.set(key, unknown);
      return [...reasons.values()];
    },
  };
}

/** Whether the step's code does not tell that the write happens, or when. */
function isHidden({ unit, mutation }: Write, index: Index, own: ReadonlySet<ModuleRecord>, isRetained: (unit: Unit) => boolean): boolean {
  // at the top of a module it is an effect: kept with the code of each step that loads the module
  if (mutation.depth === 0) return !own.has(unit.module);
  // what a step's own helpers remember, such as a cache, is their business as long as they only use collections
  if (mutation.by === "method" && isRetained(unit)) return false;
  const callers = mutation.depth === 1 ? callersOf(unit, index, new Set(), mutation.by) : null;
  return callers === null || [...callers].some((m) => !own.has(m));
}

/** The modules that call a function at their top; null where it may be called by what runs later. */
function callersOf(unit: Unit, index: Index, seen: Set<Unit>, by: Mutation["by"]): Callers {
  const fn = functionOf(unit);
  if (fn === undefined || fn.async || fn.generator) return null;
  if (seen.has(unit)) return new Set();
  seen.add(unit);
  const uses = unit.names.flatMap((name) => index.uses.get(keyOf(unit.module, name)) ?? []).filter((u) => u.unit !== unit);
  // nobody here calls it: a setter that is exported is there for somebody, what only clears a collection may be there for tests
  if (uses.length === 0) return by === "write" && isExported(unit) ? null : new Set();
  const callers = new Set<ModuleRecord>();
  for (const use of uses) {
    if (!use.isCall || use.depth > 1) return null;
    if (use.depth === 0) { callers.add(use.unit.module); continue; }
    const above = callersOf(use.unit, index, seen, by);
    if (above === null) return null;
    for (const m of above) callers.add(m);
  }
  return callers;
}

/** The function that a unit is, under a name. */
function functionOf({ node }: Unit): FunctionNode | undefined {
  const inner = node.type === "VariableDeclarator" ? (node.id.type === "Identifier" && node.init !== null ? withoutTypes(node.init) : undefined) : node;
  return inner !== undefined && isFunction(inner) ? inner : undefined;
}

const isExported = ({ module, names }: Unit) => [...module.exports.values()].some((e) => "local" in e && names.includes(e.local));

const keyOf = (module: ModuleRecord, name: string) => `${module.path} ${name}`;

function makeIndex(modules: Iterable<ModuleRecord>, bindings: Bindings): Index {
  const writes = new Map<string, Write[]>();
  const uses = new Map<string, Use[]>();
  const push = <T>(map: Map<string, T[]>, key: string, value: T) => { const list = map.get(key); if (list === undefined) map.set(key, [value]); else list.push(value); };
  for (const module of modules) {
    for (const unit of module.units) {
      for (const mutation of unit.facts.mutations) for (const { key } of heldBy(unit, mutation.name, mutation.path, bindings)) push(writes, key, { unit, mutation });
      for (const { name, path, use, depth, start } of unit.facts.references) {
        for (const { key, rest } of heldBy(unit, name, path, bindings)) push(uses, key, { unit, depth, isCall: use === "call" && rest === 0 });
        // in sloppy code a name that nobody declares is a global, once it is assigned
        if (use === "write" && path.length === 0 && bindings.ofName(module, name).length === 0) push(writes, `global ${name}`, { unit, mutation: { name, path, start, depth, by: "write" } });
      }
    }
  }
  return { writes, uses };
}

/** What a name, and members that are read of it, stand for, and how many members are left. */
function heldBy(unit: Unit, name: string, path: readonly string[], bindings: Bindings): readonly { readonly key: string; readonly rest: number }[] {
  if (name === "") return unit.names.map((own) => ({ key: keyOf(unit.module, own), rest: path.length }));
  const targets = bindings.ofName(unit.module, name);
  if (targets.length === 0) return (name === "globalThis" || name === "global") && path[0] !== undefined ? [{ key: `global ${path[0]}`, rest: path.length - 1 }] : [];
  return targets.flatMap((target) => {
    const [member] = path;
    const inside = target.kind === "namespace";
    const found = inside ? (member === undefined ? [] : bindings.ofExport(target.module, member)) : [target];
    const rest = path.length - (inside ? 1 : 0);
    return found.flatMap((t) => (t.kind === "unit" ? [{ key: keyOf(t.module, t.name), rest }] : t.kind === "package" ? [{ key: `package ${t.name}`, rest }] : t.kind === "data" ? [{ key: `data ${t.file}`, rest }] : []));
  });
}

/** All that retained code can read, by the same keys. */
function readKeys({ units, packages, data }: Retained, links: LinkTable): Set<string> {
  const keys = new Set<string>();
  for (const unit of units) {
    for (const name of unit.names) keys.add(keyOf(unit.module, name));
    for (const { of, use } of links.of(unit).uses) if (of.kind === "global" && use !== "typeof") keys.add(`global ${of.name}`);
  }
  for (const { name } of packages) keys.add(`package ${name}`);
  for (const file of data.keys()) keys.add(`data ${file}`);
  return keys;
}

/** A step's own declaration is kept in another form, without its options. */
function retainedTest({ units }: Retained): (unit: Unit) => boolean {
  const places = new Set([...units].map((u) => `${u.module.path} ${u.index}`));
  return (unit) => places.has(`${unit.module.path} ${unit.index}`);
}

/** Globals that Node does not define and that the step's own modules do not set when they are loaded. */
function unknownGlobals({ units }: Retained, links: LinkTable, index: Index, own: ReadonlySet<ModuleRecord>): ReadonlyMap<string, UncachedReason> {
  const found = new Map<string, UncachedReason>();
  for (const unit of units) {
    for (const { of, use, start } of links.of(unit).uses) {
      if (of.kind !== "global" || use === "typeof" || use === "write" || isKnownGlobal(of.name)) continue;
      const key = `global ${of.name}`;
      const isSet = index.writes.get(key)?.some((w) => w.mutation.depth === 0 && own.has(w.unit.module)) === true;
      if (!isSet && !found.has(key)) found.set(key, { rule: "unknown-global", message: `the global ${of.name} is set by code that the step does not import`, fix: `import what ${of.name} holds, or hand it in as a parameter`, at: unit.module.at(start) });
    }
  }
  return found;
}

function reason(key: string, { unit, mutation: { name, path, start, depth, by } }: Write): UncachedReason {
  const what = [name === "" ? (unit.names[0] ?? "") : name, ...path].join(".");
  const when = depth === 0 ? "by a module that the step does not import" : "by a function that may run before the step";
  return {
    rule: "reassigned-binding", message: `${what} is changed ${when}${by === "method" || key.startsWith("global ") ? "" : ", member by member"}: what it holds depends on what ran before`,
    fix: "hand the value in as a parameter, or make it inside of run", at: unit.module.at(start),
  };
}
