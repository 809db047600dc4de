import { ZONED_MEMBERS } from "./globals.ts";
import type { LinkTable, Use } from "./links.ts";
import type { Unit } from "./model.ts";
import { navigatorRead, osRead, processRead } from "./process-reads.ts";

/** What of its surroundings code reaches that has a part of the key of its own. */
export interface Reached {
  /** Time zone or language. */
  readonly zone: boolean;
  /** Operating system or processor. */
  readonly platform: boolean;
  /** Environment variables that count as declared. */
  readonly env: ReadonlySet<string>;
}

export interface ReachedTable {
  /** What all of these units reach, functions in them included. */
  of(units: Iterable<Unit>): Reached;
}

/**
 * Variables that decide nothing secret and that libraries look at as well: a guard like `if (process.env.NODE_ENV !== "production")` is
 * no reason to run a step again and again. They are treated as if each step that reads them declared them.
 */
export const IMPLIED_ENV: ReadonlySet<string> = new Set(["NODE_ENV"]);

export function reachedTable(links: LinkTable): ReachedTable {
  const known = new WeakMap<Unit, Reached>();
  const one = (unit: Unit): Reached => {
    let found = known.get(unit);
    if (found === undefined) known.set(unit, found = look(unit, links));
    return found;
  };
  return {
    of(units) {
      const all = [...units].map((u) => one(u));
      return { zone: all.some((r) => r.zone), platform: all.some((r) => r.platform), env: new Set(all.flatMap((r) => [...r.env])) };
    },
  };
}

function look(unit: Unit, links: LinkTable): Reached {
  const uses = links.of(unit).uses.filter((u) => u.use !== "typeof");
  return {
    zone: unit.facts.members.some((m) => ZONED_MEMBERS.has(m.name)) || uses.some((u) => isZoned(u)),
    platform: uses.some((u) => isPlatform(u)),
    env: new Set(uses.flatMap((u) => (IMPLIED_ENV.has(variableOf(u) ?? "") ? [variableOf(u) ?? ""] : []))),
  };
}

/** Dates turn into text by the zone of the process, in many ways that do not name it: whatever has to do with one counts. */
function isZoned({ of, path, use }: Use): boolean {
  const [first = ""] = path;
  if (of.kind === "global") {
    if (of.name === "Date") return first !== "now" && first !== "UTC" && use !== "compare";
    return of.name === "Intl" || of.name === "Temporal" || (of.name === "navigator" && first.startsWith("language"));
  }
  return of.kind === "package" && (of.trust === "zod" || of.trust === "mlstack") && path.includes("date");
}

function isPlatform({ of, path }: Use): boolean {
  if (of.kind === "global") return (of.name === "process" && processRead(path) === "platform") || (of.name === "navigator" && navigatorRead(path) === "platform");
  return of.kind === "builtin" && ((of.name === "node:process" && processRead(path) === "platform") || (of.name === "node:os" && osRead(path) === "platform"));
}

/** `process.env.NAME`. */
function variableOf({ of, path }: Use): string | undefined {
  const isProcess = (of.kind === "global" && of.name === "process") || (of.kind === "builtin" && of.name === "node:process");
  return isProcess && path[0] === "env" ? path[1] : undefined;
}
