import { describe, type Bindings, type Target } from "./bindings.ts";
import type { ModuleRecord } from "./model.ts";
import type { UncachedReason } from "./types.ts";

/** A module, or a package that is imported for its effects alone, at its place in the order of execution. */
export type EvaluationItem = { readonly module: ModuleRecord } | { readonly bare: Extract<Target, { kind: "package" | "inline" }>; readonly text: string };

/** What runs when a module is loaded, in order. */
export interface Evaluation {
  /** As plain Node loads it: an import that a compiler may drop is run, for only `import type` says that nothing is. */
  readonly items: readonly EvaluationItem[];
  /** As a compiler of single files leaves it, without the imports of which nothing is used; undefined where that is the same. */
  readonly elided: readonly EvaluationItem[] | undefined;
  /** Modules import each other in a circle: then the order in which they run can be noticed without any effect. */
  readonly isCircular: boolean;
  readonly failures: readonly UncachedReason[];
}

export interface EvaluationTable {
  of(entry: ModuleRecord): Evaluation;
}

export function evaluationTable(bindings: Bindings): EvaluationTable {
  const known = new Map<ModuleRecord, Evaluation>();
  return {
    of(entry) {
      let found = known.get(entry);
      if (found !== undefined) return found;
      const { mayElide, ...all } = evaluate(entry, bindings, true);
      known.set(entry, found = { ...all, elided: mayElide ? evaluate(entry, bindings, false).items : undefined });
      return found;
    },
  };
}

/** Depth first, in the order of the imports. */
function evaluate(entry: ModuleRecord, bindings: Bindings, runsElidable: boolean): Omit<Evaluation, "elided"> & { readonly mayElide: boolean } {
  const items: EvaluationItem[] = [];
  const failures: UncachedReason[] = [];
  const state = new Map<ModuleRecord, "running" | "done">();
  const bares = new Set<string>();
  let isCircular = false;
  let mayElide = false;

  const visit = (module: ModuleRecord): void => {
    const before = state.get(module);
    if (before === "running") isCircular = true;
    if (before !== undefined) return;
    state.set(module, "running");
    if (module.failure !== undefined) failures.push(module.failure);
    for (const { specifier, start, bare, mayBeElided, mode } of module.requests) {
      mayElide ||= mayBeElided;
      if (mayBeElided && !runsElidable) continue;
      const r = bindings.resolution(module, specifier, mode);
      if (r.kind === "own") visit(bindings.modules.get(r.file));
      else if (r.kind === "missing" && !mayBeElided && (bare || !r.isPackage)) failures.push(missing(module, specifier, start, r.isPackage, r.message));
      else if (bare && (r.kind === "package" || r.kind === "inline")) {
        for (const target of bindings.ofImport(module, specifier, "*", start)) {
          if (target.kind !== "package" && target.kind !== "inline") continue;
          const text = describe(target);
          if (!bares.has(text)) items.push({ bare: target, text });
          bares.add(text);
        }
      }
    }
    state.set(module, "done");
    items.push({ module });
  };
  visit(entry);
  return { items, isCircular, failures, mayElide };
}

/** The reason why code is not known: what it imports is not there. */
export function missing(module: ModuleRecord, specifier: string, start: number, isPackage: boolean, message: string): UncachedReason {
  return {
    rule: isPackage ? "unresolved-package" : "unreadable-module",
    message: `${JSON.stringify(specifier)} cannot be found: ${message}`,
    fix: isPackage ? `install ${specifier}` : "correct the path",
    at: module.at(start),
  };
}
