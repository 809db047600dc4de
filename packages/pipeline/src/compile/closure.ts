import { eachChild, isClass, isFunction, type Node } from "./ast.ts";
import type { Target } from "./bindings.ts";
import type { LinkTable } from "./links.ts";
import type { Unit } from "./model.ts";
import type { PurityAnalysis } from "./purity.ts";

/** What code can get at by names, whether it does or not. */
export interface Closures {
  /** All units that a part of a unit can reach. */
  from(unit: Unit, part: Node): readonly Unit[];
  /**
   * Declarations further down in the module that the unit may use while the module is still being loaded. There they have no value yet,
   * or that of `var`: what comes first then matters. There are none in almost all code.
   */
  early(unit: Unit): readonly string[];
}

export function closures(links: LinkTable, purity: PurityAnalysis): Closures {
  const known = new WeakMap<Unit, readonly string[]>();

  const from: Closures["from"] = (unit, part) => {
    const seen = new Set(linked(unit, (start) => start >= part.start && start < part.end));
    for (const next of seen) for (const { target } of links.of(next).links) for (const u of unitsOf(target)) seen.add(u);
    return [...seen];
  };

  const linked = (unit: Unit, isIn: (start: number) => boolean): Unit[] =>
    links.of(unit).links.filter((l) => l.starts.length === 0 || l.starts.some((s) => isIn(s))).flatMap((l) => unitsOf(l.target));

  const early: Closures["early"] = (unit) => {
    let found = known.get(unit);
    if (found === undefined) {
      const { module, index } = unit;
      const isLater = (u: Unit) => u.module === module && u.index > index && !isHoisted(u);
      found = module.units.some((u) => isLater(u)) ? namesOf(usedAtOnce(unit).filter((u) => isLater(u))) : [];
      known.set(unit, found);
    }
    return found;
  };

  /** What a unit uses where it stands: outside of functions by name, and through what it calls. */
  function usedAtOnce(unit: Unit): Unit[] {
    if (isHoisted(unit)) return [];
    const deferred = functionsIn(unit.node);
    const direct = linked(unit, (start) => !deferred.some((f) => start >= f.start && start < f.end));
    return [...direct, ...purity.of(unit).impurities.flatMap((i) => from(unit, i.node))];
  }

  return { from, early };
}

function unitsOf(target: Target): readonly Unit[] {
  if (target.kind === "unit") return target.module.byName.get(target.name) ?? [];
  return target.kind === "whole" ? target.module.units : [];
}

const isHoisted = (unit: Unit) => unit.node.type === "FunctionDeclaration";

/** The outermost functions in a node. A class is no function: its heritage, keys and static members run at once. */
function functionsIn(node: Node, into: Node[] = []): Node[] {
  eachChild(node, (child) => {
    if (isFunction(child) && !isClass(child)) into.push(child);
    else functionsIn(child, into);
  });
  return into;
}

const namesOf = (units: readonly Unit[]): string[] => [...new Set(units.flatMap((u) => u.names))].toSorted();
