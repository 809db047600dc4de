import type { CallSite } from "@mlstack/core";
import { eachChild, isClass, isFunction, staticKey, staticText, withoutTypes, type Node, type NodeOf } from "./ast.ts";
import { real } from "./paths.ts";
import type { ModuleRecord, Unit } from "./model.ts";
import type { Project } from "./project.ts";
import { chainOf } from "./chains.ts";
import type { StepIdentity, UncachedReason } from "./types.ts";

/**
 * The export that a call of `step()` belongs to. The call must be all that its export is set to: only then is everything that the step
 * was made of written in the source. V8's columns may be off by a few where code was compiled, its lines are not.
 */
export function identify(project: Project, site: CallSite | undefined, name: string): StepIdentity | UncachedReason {
  if (site === undefined) return runTime(name, "where it was created is not known", "create it at the top level of a module, and export it", undefined);
  const file = real(site.file);
  if (file === undefined || !project.resolver.isOwn(file)) return runTime(name, "it was created outside of the project's own code", "create it at the top level of a module of the project, and export it", site.file);
  const module = project.modules.get(file);
  if (module.failure !== undefined) return module.failure;
  const at = `${module.path}:${site.line}:${site.column}`;
  const found = callsAt(module, site);
  if (found.length === 0) return runTime(name, "its call was not found in the source", "create it at the top level of a module, and export it", at);
  const direct = found.filter((c) => c.isDirect && isNamed(c.call, name) && isStepMaker(project, module, c.call));
  const [only] = direct.length > 1 ? direct.filter((c) => c.column === site.column) : direct;
  if (only === undefined || (direct.length > 1 && direct.filter((c) => c.column === site.column).length > 1)) return refused(name, found, at);
  const exported = exportOf(project, module, only.unit);
  if (exported === undefined) return runTime(name, "it is not exported", `export it: export const ${only.unit.names[0] ?? name} = …`, at);
  const reassigned = only.unit.names.some((n) => module.reassigned.has(n));
  if (reassigned) return runTime(name, `${exported} is assigned more than once`, "make it a const", at);
  return { module: module.path, export: exported };
}

interface FoundCall {
  readonly call: NodeOf<"CallExpression">;
  readonly unit: Unit;
  /** It is all that the unit's name is set to. */
  readonly isDirect: boolean;
  readonly inFunction: boolean;
  readonly column: number;
}

/** Calls whose callee's name stands in the line of a call site. Those in the very column win. */
function callsAt(module: ModuleRecord, site: CallSite): FoundCall[] {
  const found: FoundCall[] = [];
  for (const unit of module.units) {
    const direct = directCalls(unit);
    const search = (node: Node, inFunction: boolean): void => {
      if (node.type === "CallExpression") {
        const [line, column] = placeOf(module, node.callee);
        if (line === site.line) found.push({ call: node, unit, isDirect: direct.includes(node), inFunction, column });
      }
      const inside = inFunction || isFunction(node) || isClass(node);
      eachChild(node, (child) => search(child, inside));
    };
    search(unit.node, unit.kind === "function");
  }
  const exact = found.filter((c) => c.column === site.column);
  return exact.length > 0 ? exact : found;
}

/** Where V8 says that a call is: at the last name of its callee. */
function placeOf(module: ModuleRecord, callee: Node): [number, number] {
  const inner = withoutTypes(callee);
  const last = inner.type === "MemberExpression" ? inner.property : inner;
  const [, line, column] = /:(\d+):(\d+)$/.exec(module.at(last.start)) ?? [];
  return [Number(line), Number(column)];
}

/** The call that a unit's name is set to, and the calls that it is a chain on: `step({ … }).with(…)`. */
function directCalls(unit: Unit): Node[] {
  const { node } = unit;
  const init = node.type === "VariableDeclarator" && node.id.type === "Identifier" ? node.init : unit.kind === "default" ? node : null;
  const calls: Node[] = [];
  for (let call = init === null ? undefined : withoutTypes(init); call?.type === "CallExpression"; call = chainOf(call.callee).root) calls.push(call);
  return calls;
}

function isStepMaker(project: Project, module: ModuleRecord, call: NodeOf<"CallExpression">): boolean {
  const value = project.symbols.of(call, { module, locals: new Map() });
  return value.kind === "description" && value.trust !== "zod" && value.trust !== "node";
}

/** Where the name of the step is written out, it must be the one that the step has. */
function isNamed(call: NodeOf<"CallExpression">, name: string): boolean {
  const spec = call.arguments[0] === undefined ? undefined : withoutTypes(call.arguments[0]);
  if (spec?.type !== "ObjectExpression") return true;
  const written = spec.properties.flatMap((p) => (p.type === "Property" && staticKey(p.key, p.computed) === "name" ? [staticText(p.value)] : []));
  return written.every((w) => w === undefined || w === name);
}

/** The name under which a unit is exported; its own where it has several. */
function exportOf(project: Project, module: ModuleRecord, unit: Unit): string | undefined {
  const names = [...module.exports].flatMap(([exported, binding]) => ("local" in binding && unit.names.includes(binding.local) ? [exported] : []));
  return names.find((n) => unit.names.includes(n)) ?? names.toSorted()[0];
}

function refused(name: string, found: readonly FoundCall[], at: string): UncachedReason {
  if (found.every((c) => c.inFunction)) return runTime(name, "it was created at run time, inside of a function: its captured values are unknown", "create it at the top level of a module, and export it", at);
  return runTime(name, "it was created at run time: what its export is set to is not just the call that makes it", "write export const name = step({ … }), with everything in the call", at);
}

function runTime(name: string, message: string, fix: string, at: string | undefined): UncachedReason {
  return { rule: "run-time-step", message: `the step ${JSON.stringify(name)} has no identity: ${message}`, fix, at };
}
