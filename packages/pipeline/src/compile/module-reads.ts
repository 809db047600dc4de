import type { Node } from "./ast.ts";
import type { Closures } from "./closure.ts";
import type { Unit } from "./model.ts";
import type { OutsideTable } from "./outside.ts";
import type { PurityAnalysis } from "./purity.ts";
import { chainOf } from "./chains.ts";
import type { UncachedReason } from "./types.ts";

/**
 * Values that are computed when a module is loaded and that may differ from time to time although the source is the same: a file that is
 * read, a clock, a package's result. Inside of `run` such reads are the step's own business; at the top of a module they are hidden.
 */
export interface ModuleReadTable {
  /** @param retained all units that are kept: what one of them stores somewhere, another may call */
  of(retained: Iterable<Unit>): readonly UncachedReason[];
}

export function moduleReadTable(purity: PurityAnalysis, outside: OutsideTable, closures: Closures): ModuleReadTable {
  const reads = new WeakMap<Unit, readonly UncachedReason[]>();
  const stored = new WeakMap<Unit, Found | null>();
  return {
    of(retained) {
      const units = [...retained];
      const reasons = units.flatMap((unit) => remembered(reads, unit, () => readsOf(unit)));
      const holders = units.flatMap((unit) => {
        const found = purity.of(unit).stores.length === 0 ? null : remembered(stored, unit, () => storedIn(unit));
        return found === null ? [] : [{ unit, found }];
      });
      for (const { unit, found } of holders) {
        const caller = callerOf(unit, units);
        if (caller !== undefined) reasons.push(reason(unit, found.node.start, `${found.what}, and ${nameOf(caller)} may call it (${caller.module.at(caller.node.start)})`, found.where));
      }
      return reasons;
    },
  };

  /**
   * Something that runs when modules are loaded and may get at what `holder` stored. Whatever code with effects reaches may have been
   * put together by it, so all of that is taken for one.
   */
  function callerOf(holder: Unit, units: readonly Unit[]): Unit | undefined {
    const groups = new Groups();
    let storesGlobally = false;
    for (const unit of units) {
      for (const { node, effect, isStore } of purity.of(unit).impurities) {
        if (!effect) continue;
        const reached = closures.from(unit, node);
        for (const other of reached) groups.join(unit, other);
        if (unit === holder && isStore && reached.length === 0 && !isExports(node)) storesGlobally = true;
      }
    }
    return units.find((u) => (storesGlobally || groups.areJoined(u, holder)) && purity.of(u).impurities.some((i) => i.effect && !i.isStore));
  }

  /** What runs when the unit's module is loaded. */
  function readsOf(unit: Unit): UncachedReason[] {
    for (const { node, finding } of purity.of(unit).impurities) {
      if (finding) return [reason(unit, node.start, "what mlstack finds in a stack or a run", undefined)];
      const found = within(unit, node);
      if (found !== null) return [reason(unit, node.start, found.what, found.where)];
    }
    return [];
  }

  /** What may run because something holds it. */
  function storedIn(unit: Unit): Found | null {
    for (const node of purity.of(unit).stores) {
      const found = within(unit, node);
      if (found !== null) return found;
    }
    return null;
  }

  /** The first mention of the outside world in a part of a unit, or in what that part reaches. */
  function within(unit: Unit, node: Node): Found | null {
    const inside = (start: number) => start >= node.start && start < node.end;
    const direct = outside.of(unit).filter((m) => inside(m.start));
    const reached = closures.from(unit, node);
    const [worst] = [...direct.map((mention) => ({ unit, mention })), ...reached.flatMap((u) => outside.of(u).map((mention) => ({ unit: u, mention })))];
    return worst === undefined ? null : { node, what: worst.mention.what, where: worst.unit.module.at(worst.mention.start) };
  }
}

/** `exports.x = …`: who gets at that names the module. */
function isExports(target: Node): boolean {
  const { root } = chainOf(target);
  return root.type === "Identifier" && (root.name === "exports" || root.name === "module");
}

/** Sets of units, joined one by one. */
class Groups {
  readonly #parents = new Map<Unit, Unit>();
  #root(unit: Unit): Unit {
    let root = unit;
    for (let next = this.#parents.get(root); next !== undefined; next = this.#parents.get(root)) root = next;
    return root;
  }
  join(a: Unit, b: Unit): void {
    const [x, y] = [this.#root(a), this.#root(b)];
    if (x !== y) this.#parents.set(x, y);
  }
  areJoined(a: Unit, b: Unit): boolean {
    return this.#root(a) === this.#root(b);
  }
}

interface Found {
  readonly node: Node;
  readonly what: string;
  readonly where: string;
}

function remembered<V>(cache: WeakMap<Unit, V>, unit: Unit, make: () => V): V {
  let found = cache.get(unit);
  if (found === undefined) cache.set(unit, found = make());
  return found;
}

const nameOf = (unit: Unit) => (unit.names[0] === undefined || unit.names[0].startsWith("*") ? "this statement" : unit.names.join(", "));

function reason(unit: Unit, start: number, what: string, where: string | undefined): UncachedReason {
  const at = unit.module.at(start);
  return {
    rule: "module-level-read",
    message: `${nameOf(unit)} is computed when the module is loaded, and reaches ${what}${where === undefined || where === at ? "" : ` (${where})`}`,
    fix: "compute it inside of run, or hand it in as a parameter",
    at,
  };
}
