import { describe, type Bindings, type Target } from "./bindings.ts";
import type { ModuleRecord, Reference, Unit } from "./model.ts";

/** One thing that a unit refers to, under the words by which it does. */
export interface Link {
  /** `helper`, `ns.helper`, `import ./x.ts`: what stands in the source. */
  readonly label: string;
  readonly target: Target;
  /** The module behind it is loaded when this code runs, not before. */
  readonly loads: boolean;
  /** Where in the source; empty for all of the unit. */
  readonly starts: readonly number[];
}

/** A use of something that is not own code: a global, a built-in module, a package. */
export interface Use {
  readonly start: number;
  /** `builtin` has `node:`; a global has its name; `import.meta`. */
  readonly of: { readonly kind: "global"; readonly name: string } | Extract<Target, { kind: "builtin" | "package" }>;
  /** Members read of it, those that were imported by name first. */
  readonly path: readonly string[];
  readonly use: Reference["use"];
  readonly argument: Reference["argument"];
  readonly count: Reference["count"];
  readonly texts: Reference["texts"];
  readonly within: Reference["within"];
  readonly depth: number;
}

export interface UnitLinks {
  readonly links: readonly Link[];
  readonly uses: readonly Use[];
}

export interface LinkTable {
  of(unit: Unit): UnitLinks;
}

export function linkTable(bindings: Bindings): LinkTable {
  const known = new WeakMap<Unit, UnitLinks>();
  return {
    of(unit) {
      let found = known.get(unit);
      if (found === undefined) known.set(unit, found = collect(unit, bindings));
      return found;
    },
  };
}

function collect(unit: Unit, bindings: Bindings): UnitLinks {
  const { module, facts } = unit;
  const links = new Map<string, Link & { readonly starts: number[] }>();
  const expanded = new Set<ModuleRecord>();
  const uses: Use[] = [];
  const link = (label: string, target: Target, start: number | undefined, loads = false) => {
    const key = `${label}\0${describe(target)}`;
    let found = links.get(key);
    if (found === undefined) links.set(key, found = { label, target, loads, starts: [] });
    if (start !== undefined) found.starts.push(start);
  };

  const linkAll = (label: string, target: ModuleRecord, start: number | undefined) => {
    link(label, { kind: "namespace", module: target, trust: undefined }, start);
    if (expanded.has(target)) return;
    expanded.add(target);
    const { names, packages } = bindings.exportsOf(target);
    for (const name of names) for (const t of bindings.ofExport(target, name)) reach(`${label}.${name}`, t, undefined, start);
    for (const t of packages) reach(`${label}.*`, t, undefined, start);
  };

  /** Follows members of namespaces as far as the source names them. */
  const reach = (label: string, target: Target, ref: Omit<Reference, "name"> | undefined, start = ref?.start): void => {
    const path = ref?.path ?? [];
    switch (target.kind) {
      case "namespace": {
        const [member, ...rest] = path;
        if (ref === undefined || member === undefined) {
          linkAll(label, target.module, start);
          return;
        }
        const found = bindings.ofExport(target.module, member);
        for (const t of found) {
          reach(`${label}.${member}`, t, { ...ref, path: rest });
          // called as ns.f(), a function sees the namespace as `this`
          if (rest.length === 0 && ref.use === "call" && usesThis(t)) linkAll(label, target.module, start);
        }
        if (found.length === 0) link(`${label}.${member}`, { kind: "whole", module: target.module, name: member }, start);
        return;
      }
      case "builtin": case "package":
        link(label, target, start);
        uses.push({ start: start ?? unit.node.start, of: target, path: membersOf(target, path), use: ref?.use ?? "value", argument: ref?.argument, count: ref?.count, texts: ref?.texts ?? [], within: undefined, depth: ref?.depth ?? 0 });
        return;
      default: link(label, target, start);
    }
  };

  for (const ref of facts.references) {
    const targets = ref.name === "import.meta" ? [] : bindings.ofName(module, ref.name);
    for (const target of targets) reach(ref.name, target, ref);
    if (targets.length > 0) continue;
    const { name, path } = global(ref);
    uses.push({ ...ref, of: { kind: "global", name }, path });
    if (name === "require" && path.length === 0 && ref.use === "call" && typeof ref.argument === "string") load("require", ref.argument, ref.start);
  }
  for (const { specifier, start } of facts.dynamicImports) if (specifier !== undefined) load("import", specifier, start);
  if (facts.hasJsx) for (const [label, target] of jsxTargets(unit, bindings)) reach(label, target, undefined);

  function load(mode: "import" | "require", specifier: string, start: number): void {
    const label = `${mode} ${specifier}`;
    for (const target of bindings.ofImport(module, specifier, "*", start, mode)) {
      reach(label, target, undefined, start);
      if (target.kind === "namespace" || target.kind === "whole") link(`${label} loads`, target, start, true);
    }
  }
  return { links: [...links.values()], uses };
}

/** Members of a package or built-in module, whichever way it was imported. The default export of a built-in is its namespace. */
function membersOf({ kind, imported }: Extract<Target, { kind: "builtin" | "package" }>, path: readonly string[]): readonly string[] {
  const full = imported === "*" ? path : [imported, ...path];
  return kind === "builtin" && full[0] === "default" ? full.slice(1) : full;
}

const usesThis = (target: Target) => target.kind === "unit" && (target.module.byName.get(target.name) ?? []).some((u) => u.facts.usesThis);

/** `globalThis.process.env` is `process.env`. */
function global({ name, path }: Reference): { readonly name: string; readonly path: readonly string[] } {
  let at = 0;
  let found = name;
  while ((found === "globalThis" || found === "global") && at < path.length) found = path[at++] ?? found;
  return { name: found, path: path.slice(at) };
}

/** What JSX becomes calls of: the functions that the settings or a comment name. */
function jsxTargets({ module, node }: Unit, bindings: Bindings): [string, Target][] {
  const pragma = (name: string) => module.jsxPragmas.map((p) => p.split(/\s+/)).findLast(([key]) => key === `@${name}`)?.[1];
  const { settings } = module;
  // as the compiler takes it: the name of a factory alone does not turn the automatic runtime off
  const isClassic = (pragma("jsxRuntime") ?? (settings.jsx === "react" ? "classic" : "automatic")) === "classic";
  if (isClassic) {
    const given = settings.jsx === "react" ? [settings.jsxFactory, settings.jsxFragmentFactory] : [];
    const factories = [pragma("jsx") ?? given[0] ?? "React.createElement", pragma("jsxFrag") ?? given[1] ?? "React.Fragment"];
    return factories.flatMap((f) => bindings.ofName(module, f.split(".")[0] ?? f).map((t): [string, Target] => [`jsx ${f}`, t]));
  }
  const source = pragma("jsxImportSource") ?? settings.jsxImportSource ?? "react";
  const runtime = bindings.ofImport(module, `${source}/jsx-runtime`, "*", node.start);
  // a key after a spread is compiled to createElement of the package itself
  const whole = bindings.ofImport(module, source, "createElement", node.start).filter((t) => t.kind !== "missing");
  return [...runtime, ...whole].map((t) => [`jsx ${source}`, t]);
}
