import { isFixedInstant, STEADY_BUILTINS, STEADY_GLOBALS, UNSTEADY_MEMBERS, ZONED_MEMBERS } from "./globals.ts";
import type { LinkTable, Use } from "./links.ts";
import type { Unit } from "./model.ts";
import { importedCall, isPipelineMaker } from "./trust.ts";

/** Something in a unit whose value differs from process to process: a clock, a file, a package's result. */
export interface Mention {
  readonly what: string;
  readonly start: number;
  /** Counts only where a date is among what is reached. */
  readonly zoned: boolean;
  /** A fixed date: harmless by itself. */
  readonly date: boolean;
}

export interface OutsideTable {
  /** All of a unit's mentions. `process.env` and the file's own location are not among them: they have rules of their own. */
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
  const { uses } = links.of(unit);
  const found: Mention[] = [];
  for (const use of uses) {
    if (isFixedDate(use)) { found.push({ what: "Date", start: use.start, zoned: false, date: true }); continue; }
    const what = outside(use);
    if (what !== undefined) found.push({ what, start: use.start, zoned: false, date: false });
  }
  for (const { name, start } of unit.facts.members) {
    if (UNSTEADY_MEMBERS.has(name)) found.push({ what: `.${name}`, start, zoned: false, date: false });
    else if (ZONED_MEMBERS.has(name)) found.push({ what: `.${name}, which depends on the time zone`, start, zoned: true, date: false });
  }
  if (unit.facts.dynamicImports.length > 0) found.push(...unit.facts.dynamicImports.map(({ start }) => ({ what: "import()", start, zoned: false, date: false })));
  return found;
}

const isFixedDate = ({ of, path, use, argument }: Use) => of.kind === "global" && of.name === "Date" && path.length === 0 && use === "new" && isFixedInstant(argument);

/** What a use may read of the outside world, in the words of the source. */
function outside({ of, path, use }: Use): string | undefined {
  if (use === "typeof" || use === "write") return undefined;
  const [first] = path;
  const full = (name: string) => [name, ...path].join(".");
  switch (of.kind) {
    case "package": {
      if (of.trust === undefined) return `the package ${of.name}`;
      // a pipeline can be run by any code that it is handed to
      const acts = of.trust === "mlstack" && (importedCall("mlstack", path) === "act" || isPipelineMaker(path.at(-1) ?? ""));
      return acts ? `${path.at(-1) ?? of.name} of ${of.name}` : undefined;
    }
    case "builtin":
      if (of.name === "node:process") return processRead(path);
      return first !== undefined && STEADY_BUILTINS[of.name]?.has(first) === true ? undefined : `${of.name}${first === undefined ? "" : ` (${path.join(".")})`}`;
    case "global":
      switch (of.name) {
        case "import.meta": return first !== undefined && ["url", "dirname", "filename", "resolve", "env"].includes(first) ? undefined : full("import.meta");
        case "__dirname": case "__filename": case "require": case "module": return undefined;
        case "process": return processRead(path);
        case "Math": return first === undefined || first === "random" ? full("Math") : undefined;
        case "Date": return first === "UTC" ? undefined : full("Date");
        default: return STEADY_GLOBALS.has(of.name) ? undefined : full(of.name);
      }
  }
}

const processRead = (path: readonly string[]) => (path[0] === "env" ? undefined : ["process", ...path].join("."));
