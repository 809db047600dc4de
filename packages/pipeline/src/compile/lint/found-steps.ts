import { eachChild, staticKey, staticText, withoutTypes, type FunctionNode, type Node, type NodeOf } from "../ast.ts";
import type { ModuleRecord, Unit } from "../model.ts";
import type { Project } from "../project.ts";
import type { Symbolic } from "../symbolic.ts";

/** A call of `step()` in the source, as far as the source says what it is. */
export interface FoundStep {
  readonly module: ModuleRecord;
  readonly unit: Unit;
  readonly call: NodeOf<"CallExpression">;
  /** As its definition says, else as the variable is called. */
  readonly name: string;
  /** What it is made of, where that is written out. */
  readonly spec: StepSource | undefined;
}

/** The parts of a definition that the linter reads. What is computed is undefined. */
export interface StepSource {
  readonly node: NodeOf<"ObjectExpression">;
  /** Names of its outputs; `single` for the short form. */
  readonly outputs: readonly string[] | "single" | undefined;
  readonly run: FunctionNode | undefined;
  readonly env: readonly string[] | undefined;
  readonly files: readonly string[] | undefined;
  /** `cache: false`, or it is handed a component that it changes something with. */
  readonly isUncached: boolean;
}

/** All calls of `step()` in a module, in the order of the source. */
export function stepsOf(project: Project, module: ModuleRecord): FoundStep[] {
  const found: FoundStep[] = [];
  for (const unit of module.units) {
    const search = (node: Node): void => {
      if (node.type === "CallExpression" && isStep(project, module, node)) found.push(foundStep(project, unit, node));
      eachChild(node, search);
    };
    search(unit.node);
  }
  return found;
}

function isStep(project: Project, module: ModuleRecord, call: NodeOf<"CallExpression">): boolean {
  const callee = project.symbols.of(call.callee, { module, locals: new Map() });
  return callee.kind === "import" && callee.trust === "mlstack" && callee.path.at(-1) === "step";
}

function foundStep(project: Project, unit: Unit, call: NodeOf<"CallExpression">): FoundStep {
  const { module } = unit;
  const given = call.arguments[0] === undefined ? undefined : withoutTypes(call.arguments[0]);
  const node = given?.type === "ObjectExpression" ? given : undefined;
  const written = node === undefined ? undefined : propertyOf(node, "name");
  const name = (written === undefined ? undefined : staticText(written)) ?? unit.names[0] ?? "(unnamed)";
  return { module, unit, call, name, spec: node === undefined ? undefined : sourceOf(project, module, node) };
}

function sourceOf(project: Project, module: ModuleRecord, node: NodeOf<"ObjectExpression">): StepSource | undefined {
  // what is spread in may be any of its parts
  if (node.properties.some((p) => p.type !== "Property" || staticKey(p.key, p.computed) === undefined)) return undefined;
  const valueOf = (name: string): Symbolic | undefined => {
    const value = propertyOf(node, name);
    return value === undefined ? undefined : project.symbols.of(value, { module, locals: new Map() });
  };
  const [outputs, run, cache] = [valueOf("outputs"), valueOf("run"), propertyOf(node, "cache")];
  return {
    node,
    outputs: propertyOf(node, "output") !== undefined ? "single" : outputs === undefined ? [] : outputs.kind === "object" ? keysOf(outputs.node) : undefined,
    run: run?.kind === "function" ? run.node : undefined,
    env: textsOf(valueOf("env")), files: textsOf(valueOf("files")),
    isUncached: (cache?.type === "Literal" && cache.value === false) || hasEffects(node),
  };
}

/** Whether a step's results are never stored, for it is handed more than the tracker: all that `requires` names, and in `uses` what does not say how to cache it. */
function hasEffects(step: NodeOf<"ObjectExpression">): boolean {
  const named = (of: string) => {
    const value = propertyOf(step, of);
    return value?.type !== "ObjectExpression" ? [] : value.properties.flatMap((p) => {
      const key = p.type === "Property" ? staticKey(p.key, p.computed) : undefined;
      return p.type !== "Property" || key === undefined || key === "experimentTracker" ? [] : [{ key, value: withoutTypes(p.value) }];
    });
  };
  const uses = named("uses");
  const isCached = (key: string) => uses.some((u) => u.key === key && u.value.type === "ObjectExpression");
  return [...named("requires"), ...uses].some(({ key }) => !isCached(key));
}

/** The value of a property that is written out. */
export function propertyOf(node: NodeOf<"ObjectExpression">, name: string): Node | undefined {
  const found = node.properties.findLast((p) => p.type === "Property" && staticKey(p.key, p.computed) === name);
  return found?.type === "Property" ? withoutTypes(found.value) : undefined;
}

/** The keys of an object literal; undefined where some are computed or spread. */
export function keysOf(node: NodeOf<"ObjectExpression">): string[] | undefined {
  const keys = node.properties.map((p) => (p.type === "Property" ? staticKey(p.key, p.computed) : undefined));
  return keys.every((k) => k !== undefined) ? keys : undefined;
}

function textsOf(value: Symbolic | undefined): string[] | undefined {
  if (value === undefined) return [];
  if (value.kind !== "array") return undefined;
  const texts = value.node.elements.map((e) => (e === null || e.type === "SpreadElement" ? undefined : staticText(e)));
  return texts.every((t) => t !== undefined) ? texts : undefined;
}
