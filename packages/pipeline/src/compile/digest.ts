import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe } from "./bindings.ts";
import type { Closures } from "./closure.ts";
import type { LinkTable } from "./links.ts";
import type { ModuleRecord, Unit } from "./model.ts";
import type { ModulePaths } from "./paths.ts";
import type { PurityAnalysis } from "./purity.ts";
import { serialize } from "./serialize.ts";
import type { ModuleFingerprint } from "./types.ts";
import { DEFAULT_NAME } from "./units.ts";

/**
 * Version of everything that decides a code digest: what is kept, how it is written down, how it is hashed. The golden test fails when a
 * change (or a new parser) alters a digest: then count this up, so that no result of the old reading is taken for one of the new.
 */
export const CODE_ALGORITHM = "mlstack-code/2";

/** SHA-256 (hex) over a list of texts. JSON frames them: no two lists look the same, and no text is lossy. */
export function digestOf(parts: readonly unknown[]): string {
  return hash("sha256", JSON.stringify(parts), "hex");
}

export interface UnitDigests {
  of(unit: Unit): string;
}

/** A unit's digest: its syntax, the settings that change what it does, and what its names stand for. */
export function unitDigests(links: LinkTable, paths: ModulePaths): UnitDigests {
  const known = new WeakMap<Unit, string>();
  return {
    of(unit) {
      let found = known.get(unit);
      if (found === undefined) known.set(unit, found = compute(unit));
      return found;
    },
  };

  function compute(unit: Unit): string {
    const { settings, isTypeScript } = unit.module;
    let text = serialize(unit.node);
    const isDecorated = text.includes("(Decorator");
    if (isDecorated && isTypeScript && settings.emitDecoratorMetadata) text = serialize(unit.node, true);
    const flags: string[] = [];
    if (isTypeScript && /\((PropertyDefinition|TSParameterProperty)/.test(text)) flags.push(`defineFields=${settings.defineFields}`);
    if (isTypeScript && isDecorated) flags.push(`decorators=${settings.experimentalDecorators}/${settings.emitDecoratorMetadata}/${settings.strictNullChecks}`);
    if (unit.facts.hasJsx) flags.push(`jsx=${JSON.stringify([settings.jsx, settings.jsxFactory, settings.jsxFragmentFactory, settings.jsxImportSource, unit.module.jsxPragmas])}`);
    const targets = links.of(unit).links.map(({ label, target, loads }) => `${label} = ${describe(target, paths.pathOf)}${loads ? " (loaded)" : ""}`);
    // what may be written as let or const alike is treated alike
    const isConstant = unit.declarationKind === "let" && !unit.names.some((n) => unit.module.reassigned.has(n));
    const kind = isConstant ? "const" : (unit.declarationKind ?? "");
    return digestOf([unit.kind, kind, text, flags, targets.toSorted()]);
  }
}

/** What of one module is kept. */
export interface ModuleDigestInput {
  readonly module: ModuleRecord;
  readonly units: readonly Unit[];
}

export interface ModuleDigests {
  /** `order`: digest of the order in which modules with effects run; of the entry only. */
  of(input: ModuleDigestInput, order: string | undefined): ModuleFingerprint;
}

/** Steps share most of what they reach: the same units of a module are digested once. */
export function moduleDigests(digests: UnitDigests, purity: PurityAnalysis, closures: Closures): ModuleDigests {
  const known = new WeakMap<ModuleRecord, Map<string, ModuleFingerprint>>();
  return {
    of({ module, units }, order) {
      const sorted = units.toSorted((a, b) => a.index - b.index);
      const key = `${sorted.map((u) => (u === module.units[u.index] ? u.index : `${u.index}'`)).join()} ${order ?? ""}`;
      let prints = known.get(module);
      if (prints === undefined) known.set(module, prints = new Map());
      let found = prints.get(key);
      if (found === undefined) prints.set(key, found = moduleDigest(module, sorted, order, { digests, purity, closures }));
      return found;
    },
  };
}

/**
 * A module's digest. Statements with effects count in their order; what has none counts without, except that it notes how many effects
 * come before it where its value could depend on that.
 */
function moduleDigest(module: ModuleRecord, units: readonly Unit[], order: string | undefined, tools: { readonly digests: UnitDigests; readonly purity: PurityAnalysis; readonly closures: Closures }): ModuleFingerprint {
  const { digests, purity, closures } = tools;
  const ordered: [string, string, readonly string[]][] = [];
  const free: [string, number | null, string, readonly string[]][] = [];
  const symbols = new Map<string, string[]>(order === undefined ? [] : [["(order)", [order]]]);
  const hasEffects = units.some((u) => isOrdered(u, purity));
  for (const unit of units) {
    const name = unit.names.map((n) => (n === DEFAULT_NAME ? "default" : n)).join(",") || "(effects)";
    const digest = digests.of(unit);
    if (isOrdered(unit, purity)) ordered.push([name, digest, closures.early(unit)]);
    else free.push([name, hasEffects && purity.of(unit).readsState ? ordered.length : null, digest, closures.early(unit)]);
    symbols.set(name, [...(symbols.get(name) ?? []), digest]);
  }
  free.sort(([a, , da], [b, , db]) => compare(a, b) || compare(da, db));
  return {
    digest: digestOf([module.path, module.format, free, ordered, order ?? null]),
    symbols: Object.fromEntries([...symbols].map(([name, list]) => [name, list.length === 1 ? (list[0] ?? "") : digestOf(list)] as const).toSorted(([a], [b]) => compare(a, b))),
  };
}

/** Whether a unit's place among the others counts: it has effects, or shares a name with another. */
export function isOrdered(unit: Unit, purity: PurityAnalysis): boolean {
  return !purity.of(unit).droppable || unit.names.some((n) => (unit.module.byName.get(n)?.length ?? 0) > 1);
}

/** Files that code imports and that are no code. Each is read once, so what is hashed is what is bundled. */
export interface DataFiles {
  /** @throws what reading the file throws */
  bytes(file: string): Uint8Array;
  /**
   * Digests by key; of all of a file, as the default export that it stands for.
   *
   * @param keys those that count of a JSON object; null for all
   * @throws what reading or parsing the file throws
   */
  digests(file: string, keys: ReadonlySet<string> | null): Readonly<Record<string, string>>;
}

export function dataFiles(): DataFiles {
  const contents = new Map<string, Uint8Array>();
  const known = new Map<string, Content>();
  const bytes: DataFiles["bytes"] = (file) => {
    let found = contents.get(file);
    if (found === undefined) contents.set(file, found = readFileSync(file));
    return found;
  };
  return {
    bytes,
    digests(file, keys) {
      let found = known.get(file);
      if (found === undefined) known.set(file, found = contentOf(file, bytes(file)));
      const { whole, json } = found;
      return keys === null ? { default: whole } : Object.fromEntries([...keys].toSorted().map((key) => [key, digestOf(["key", hasOwn(json, key) ? canonicalJson(json[key]) : null])]));
    },
  };
}

interface Content { readonly whole: string; readonly json: unknown }

const hasOwn = (json: unknown, key: string): json is Readonly<Record<string, unknown>> => typeof json === "object" && json !== null && Object.hasOwn(json, key);

/** JSON counts by its content, in the order of its keys; other files by their bytes. */
function contentOf(file: string, bytes: Uint8Array): Content {
  if (!file.endsWith(".json")) return { whole: digestOf(["bytes", hash("sha256", bytes, "hex")]), json: undefined };
  const json: unknown = JSON.parse(Buffer.from(bytes).toString("utf8").replace(/^\uFEFF/, ""));
  return { whole: digestOf(["json", canonicalJson(json)]), json };
}

/** JSON.stringify would write -0 as 0 and Infinity (1e999) as null. */
export function canonicalJson(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (Array.isArray(value)) return `[${value.map((v) => canonicalJson(v)).join(",")}]`;
  if (typeof value === "object" && value !== null) return `{${Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`).join(",")}}`;
  return JSON.stringify(value) ?? "undefined";
}

export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

