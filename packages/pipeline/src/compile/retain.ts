import type { Target } from "./bindings.ts";
import { missing, type Evaluation, type EvaluationTable } from "./evaluation.ts";
import type { LinkTable } from "./links.ts";
import type { ModuleRecord, Unit } from "./model.ts";
import type { PurityAnalysis } from "./purity.ts";
import type { UncachedReason } from "./types.ts";

/** Everything that one piece of code can reach. */
export interface Retained {
  readonly units: ReadonlySet<Unit>;
  /** JSON and other files by real path, with the keys that are read; null for all of it. */
  readonly data: ReadonlyMap<string, ReadonlySet<string> | null>;
  readonly packages: readonly Extract<Target, { kind: "package" }>[];
  /** What runs when the entry is loaded, and then what runs for each module that is loaded later, by path. */
  readonly evaluations: readonly (Pick<Evaluation, "items" | "elided" | "isCircular"> & { readonly root: ModuleRecord })[];
  readonly failures: readonly UncachedReason[];
}

export interface RetainTools {
  readonly links: LinkTable;
  readonly purity: PurityAnalysis;
  readonly evaluations: EvaluationTable;
}

/**
 * What is kept for an entry: its units and all that they reach, and from every module that is loaded on the way the statements that have
 * effects, with all that those reach.
 *
 * @param onOwn called for each name of own code that is reached
 */
export function retain(entry: ModuleRecord, start: readonly Unit[], { links, purity, evaluations }: RetainTools, onOwn: (module: ModuleRecord, name: string) => void): Retained {
  const units = new Set<Unit>();
  const queue: Unit[] = [];
  const data = new Map<string, Set<string> | null>();
  const packages = new Map<string, Extract<Target, { kind: "package" }>>();
  const failures: UncachedReason[] = [];
  const roots = new Set<ModuleRecord>();
  const loaded = new Set<ModuleRecord>();

  const keep = (unit: Unit) => {
    if (units.has(unit)) return;
    units.add(unit);
    queue.push(unit);
  };
  const addPackage = (target: Extract<Target, { kind: "package" }>) => { if (target.trust !== "mlstack") packages.set(`${target.name}\0${target.from.file}\0${target.file ?? ""}`, target); };
  const addData = ({ file, imported }: Extract<Target, { kind: "data" }>) => {
    const keys = data.get(file);
    if (imported === undefined) data.set(file, null);
    else if (keys !== null) data.set(file, (keys ?? new Set()).add(imported));
  };
  const load = (root: ModuleRecord) => {
    if (roots.has(root)) return;
    roots.add(root);
    const { items, failures: found } = evaluations.of(root);
    failures.push(...found);
    for (const item of items) {
      if ("bare" in item) { if (item.bare.kind === "package") addPackage(item.bare); continue; }
      if (loaded.has(item.module)) continue;
      loaded.add(item.module);
      for (const unit of purity.effectsOf(item.module)) keep(unit);
    }
  };

  for (const unit of start) keep(unit);
  load(entry);
  for (let unit = queue.pop(); unit !== undefined; unit = queue.pop()) {
    for (const { target, loads } of links.of(unit).links) {
      switch (target.kind) {
        case "unit":
          onOwn(target.module, target.name);
          for (const u of target.module.byName.get(target.name) ?? []) keep(u);
          break;
        case "whole":
          for (const u of target.module.units) keep(u);
          if (target.module.failure !== undefined) failures.push(target.module.failure);
          if (loads) load(target.module);
          break;
        case "namespace": if (loads) load(target.module); break;
        case "data": addData(target); break;
        case "package": addPackage(target); break;
        case "missing": failures.push(missing(target.from, target.specifier, target.start, target.isPackage, target.message)); break;
        default: break;
      }
    }
  }
  const all = [entry, ...[...roots].filter((r) => r !== entry).toSorted((a, b) => (a.path < b.path ? -1 : 1))];
  return {
    units, data, packages: [...packages.values()], failures,
    evaluations: all.map((root) => ({ root, ...evaluations.of(root) })),
  };
}
