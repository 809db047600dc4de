import type { PlanNode, PlanStep } from "@mlstack/pipeline";

/** One part of a key that differs between two executions, in a person's words. */
export interface PartChange {
  /** The part's name in the key, such as `code`, `params.depth`. */
  readonly part: string;
  /** `its code`, `the parameter depth`. */
  readonly what: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** For code: module and symbol; for packages: name and versions. One line each. */
  readonly details: readonly string[];
}

const NAMES: Readonly<Record<string, string>> = { code: "its code", packages: "a package it uses", runtime: "the runtime", platform: "the platform", zone: "the time zone or language it runs in", cacheVersion: "cacheVersion" };
const GROUPS: Readonly<Record<string, string>> = { params: "the parameter", inputs: "the input", data: "the data of", env: "the environment variable", files: "the file", outputs: "the format of the output", components: "the component" };

/** The parts of a key, and the plan's entry for the step; undefined where that plan has none any more. */
export interface Execution { readonly parts: Readonly<Record<string, string>>; readonly step: PlanStep | undefined }

/**
 * Every part that differs.
 *
 * @param node the plan's node of the later execution
 */
export function partChanges(before: Execution, after: Execution, node: PlanNode): PartChange[] {
  const names = [...new Set([...Object.keys(before.parts), ...Object.keys(after.parts)])].filter((n) => before.parts[n] !== after.parts[n]).toSorted();
  return names.map((part): PartChange => {
    const [group = "", ...rest] = part.split(".");
    const name = rest.join(".");
    const what = NAMES[part] ?? `${GROUPS[group] ?? group} ${name}`.trim();
    return { part, what, before: shown(before.parts[part]), after: shown(after.parts[part]), details: detailsOf(part, before.step, after.step) ?? (group === "inputs" ? inputChanges(node, name) : []) };
  });
}

/** `its code, the input x and the parameter depth`. */
export function namesOf(changes: readonly PartChange[]): string {
  const names = changes.map((c) => c.what);
  return names.length < 2 ? (names[0] ?? "nothing") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

function detailsOf(part: string, before: PlanStep | undefined, after: PlanStep | undefined): string[] | undefined {
  if (before === undefined || after === undefined) return undefined;
  return part === "code" ? codeChanges(before, after) : part === "packages" ? packageChanges(before, after) : undefined;
}

/** Values are stored with `=` before them, so that an empty one is not the same as none. */
const shown = (v: string | undefined): string | undefined => (v?.startsWith("=") === true ? v.slice(1) : v);

function codeChanges(before: PlanStep, after: PlanStep): string[] {
  const lines: string[] = [];
  const a = before.parts.code?.modules ?? {};
  const b = after.parts.code?.modules ?? {};
  for (const module of [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted()) {
    const [x, y] = [a[module], b[module]];
    if (x === undefined || y === undefined) { lines.push(`${module} ${x === undefined ? "is now reached" : "is no longer reached"}`); continue; }
    if (x.digest === y.digest) continue;
    const symbols = [...new Set([...Object.keys(x.symbols), ...Object.keys(y.symbols)])].toSorted().filter((s) => x.symbols[s] !== y.symbols[s]);
    for (const s of symbols) lines.push(`${module}: ${s} ${x.symbols[s] === undefined ? "is now reached" : y.symbols[s] === undefined ? "is no longer reached" : "changed"}`);
    if (symbols.length === 0) lines.push(`${module} changed`);
  }
  return lines;
}

function packageChanges(before: PlanStep, after: PlanStep): string[] {
  const a = before.parts.packages?.entries ?? {};
  const b = after.parts.packages?.entries ?? {};
  const lines: string[] = [];
  for (const entry of [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted()) {
    if (a[entry] === b[entry]) continue;
    lines.push(a[entry] === undefined ? `${entry} is new` : b[entry] === undefined ? `${entry} is gone` : `${entry}: its files on disk changed`);
  }
  // the digest is also over which copy each package sees
  return lines.length === 0 ? ["same packages, but another copy of one is seen"] : lines;
}

function inputChanges(node: PlanNode, port: string): string[] {
  if (node.kind !== "step") return [];
  const source = node.inputs[port];
  const sources = source === undefined ? [] : Array.isArray(source) ? source : [source];
  return sources.slice(0, 3).map((s) => `comes from ${s.node}.${s.output}`);
}
