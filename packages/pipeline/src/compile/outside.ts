import { STEADY_BUILTINS, STEADY_GLOBALS, UNSTEADY_MEMBERS } from "./globals.ts";
import type { LinkTable, Use } from "./links.ts";
import type { Unit } from "./model.ts";
import { importedCall, isPipelineMaker } from "./trust.ts";

/** Something in a unit whose value differs from process to process: a clock, a file, a package's result. */
export interface Mention {
  readonly what: string;
  readonly start: number;
}

export interface OutsideTable {
  /**
   * All of a unit's mentions. What has a rule of its own (unknowable.ts) is not among them, nor is what the key holds where it counts: the
   * platform, the time zone and the language.
   */
  of(unit: Unit): readonly Mention[];
}

export function outsideTable(links: LinkTable): OutsideTable {
  const known = new WeakMap<Unit, readonly Mention[]>();
  return {
    of(unit) {
      let found = known.get(unit);
      if (found === undefined) known.set(unit, found = mentions(unit, links));
      return found;
    },
  };
}

function mentions(unit: Unit, links: LinkTable): Mention[] {
  const found: Mention[] = [];
  for (const use of links.of(unit).uses) {
    const what = outside(use);
    if (what !== undefined) found.push({ what, start: use.start });
  }
  for (const { name, start } of unit.facts.members) if (UNSTEADY_MEMBERS.has(name)) found.push({ what: `.${name}`, start });
  for (const { start } of unit.facts.dynamicImports) found.push({ what: "import()", start });
  return found;
}

/** What a use may read of the outside world, in the words of the source. */
function outside({ of, path, use, count }: Use): string | undefined {
  if (use === "typeof" || use === "write") return undefined;
  const [first] = path;
  const full = (name: string) => [name, ...path].join(".");
  switch (of.kind) {
    case "package": {
      const isPure = typeof of.trust !== "object" || (of.trust.pure.has(first ?? "") && (path.length === 1 || (use !== "call" && use !== "new")));
      if (of.trust === undefined || !isPure) return `the package ${of.name}`;
      // a pipeline can be run by any code that it is handed to
      const acts = of.trust === "mlstack" && (importedCall("mlstack", path) === "act" || isPipelineMaker(path.at(-1) ?? ""));
      return acts ? `${path.at(-1) ?? of.name} of ${of.name}` : undefined;
    }
    case "builtin":
      switch (of.name) {
        case "node:process": return processRead(path);
        case "node:os": case "node:tty": return undefined;
        default: return STEADY_BUILTINS[of.name]?.has(first ?? "default") === true || (of.name === "node:util" && first === "parseArgs") ? undefined : `${of.name}${first === undefined ? "" : ` (${path.join(".")})`}`;
      }
    case "global":
      switch (of.name) {
        case "import.meta": case "__dirname": case "__filename": case "require": case "module": return undefined;
        case "process": return processRead(path);
        case "Math": return first === undefined || first === "random" ? full("Math") : undefined;
        // of what it is given it makes the same at any time; without arguments it is the clock
        case "Date": return first === "UTC" || first === "parse" || use === "compare" || (first === undefined && use === "new" && count !== undefined && count > 0) ? undefined : full("Date");
        default: return STEADY_GLOBALS.has(of.name) ? undefined : full(of.name);
      }
  }
}

/** Measurements: they differ each time. The rest of process has rules of its own. */
const processRead = (path: readonly string[]) => (/^(hrtime|uptime|memoryUsage|cpuUsage|threadCpuUsage|resourceUsage|constrainedMemory|availableMemory|getActiveResourcesInfo)$/.test(path[0] ?? "") ? ["process", ...path].join(".") : undefined);
