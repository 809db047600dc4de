import { decodeValue, MlstackError, serializeError, type ArtifactPointer } from "@mlstack/core";
import { failureType, type PlanCondition, type PlanMapNode, type PlanSource } from "@mlstack/pipeline";
import { join } from "node:path";
import type { StoredOutput } from "../store/action-space.ts";
import type { Drive } from "./drive.ts";
import { sha256 } from "../store/manifest.ts";
import { sideBySide } from "../store/side-by-side.ts";
import { addStates, itemScope, valueOf, type ItemRun, type MapRun, type NodeState } from "./node-states.ts";

/** What maps and conditions need of a drive: to read artifacts, and to make lists of them. */
export interface Reading {
  readonly layers: Pick<Drive["layers"], "content" | "artifacts">;
  readonly io: Pick<Drive["io"], "artifacts" | "scratchDir">;
}

/** Reads a small JSON artifact that decides how the run goes on. */
async function readJson(d: Reading, pointer: ArtifactPointer, what: string): Promise<unknown> {
  if (!pointer.format.startsWith("json/")) throw new MlstackError("MLS1007", `${what} is a ${pointer.format}, expected json/1`, { fix: "declare the output as json(…)" });
  const manifest = await d.layers.content.readManifest(pointer.manifest);
  const file = manifest.files[0];
  if (file === undefined) throw new MlstackError("MLS3002", `the artifact of ${what} has no file`);
  return decodeValue(JSON.parse(Buffer.from(await d.layers.content.read(file.sha256)).toString("utf8")) as never);
}

/** The first condition that does not hold, as `<node>.<output>`. */
export async function unmet(d: Reading, state: NodeState): Promise<string | undefined> {
  for (const condition of state.node.conditions) if (!(await holds(d, state, condition))) return `${condition.source.node}.${condition.source.output}`;
  return undefined;
}

async function holds(d: Reading, state: NodeState, { source, equals }: PlanCondition): Promise<boolean> {
  const value = await truth(d, state, source);
  // a condition that was itself skipped holds for neither branch
  return value === undefined ? false : value === equals;
}

export async function truth(d: Reading, state: NodeState, source: PlanSource): Promise<boolean | undefined> {
  const pointer = valueOf(state.scope, source);
  if (pointer === undefined) return undefined;
  const value = await readJson(d, pointer, `the condition ${source.node}.${source.output}`);
  if (typeof value === "boolean") return value;
  throw new MlstackError("MLS1009", `the condition ${source.node}.${source.output} is ${JSON.stringify(value)}, expected true or false`, { fix: "declare it as output: json(z.boolean())" });
}

/** Makes the nodes of every item of a map. Those that can start at once are returned. */
export async function expand(d: Reading, state: NodeState, node: PlanMapNode): Promise<{ readonly map: MapRun; readonly ready: readonly NodeState[] }> {
  const over = valueOf(state.scope, node.over);
  const items = over === undefined ? [] : await d.layers.artifacts.items(over);
  const map: MapRun = { state, node, items: [], open: items.length };
  const ready: NodeState[] = [];
  const keys = await itemKeys(d, state, node, items);
  for (const [i, item] of items.entries()) {
    const scope = itemScope(state, keys[i]!, item);
    const run: ItemRun = { map, scope, open: 0 };
    map.items.push(run);
    ready.push(...addStates(scope, node.body, run));
    run.open = node.body.length;
    if (run.open === 0) map.open--;
  }
  return { map, ready };
}

/** What an item is called: the key that was given, or else its content and, where that comes again, how often it came before. */
async function itemKeys(d: Reading, state: NodeState, node: PlanMapNode, items: readonly ArtifactPointer[]): Promise<string[]> {
  if (node.keys === null) {
    const seen = new Map<string, number>();
    return items.map(({ identity }) => {
      const short = (/^[0-9a-f]{12,}$/.test(identity) ? identity : sha256(identity)).slice(0, 12);
      const n = seen.get(short) ?? 0;
      seen.set(short, n + 1);
      return short + (n === 0 ? "" : `+${n}`);
    });
  }
  const given = valueOf(state.scope, node.keys);
  const keys = given === undefined ? [] : await readJson(d, given, `the keys of ${node.id}`);
  if (!Array.isArray(keys) || keys.length !== items.length || keys.some((k) => typeof k !== "string") || new Set(keys).size !== keys.length) {
    throw new MlstackError("MLS1009", `the keys of "${node.id}" do not name its ${items.length} items`, { why: Array.isArray(keys) ? `there are ${keys.length} keys, ${new Set(keys).size} of them distinct` : "they are not a list", fix: "give one text per item, all of them different" });
  }
  // names of nodes are names of files and objects, and those of maps in maps add up
  const room = 100 - state.scope.suffix.length;
  return (keys as string[]).map((key) => (/^[A-Za-z0-9_=+-](?:[A-Za-z0-9._=+-]{0,62}[A-Za-z0-9_=+-])?$/.test(key) && key.length <= room ? key : sha256(key).slice(0, 16)));
}

/** The results of a map whose items are all done: one list per output. */
export async function collect(d: Reading, map: MapRun): Promise<Record<string, StoredOutput>> {
  const outputs: Record<string, StoredOutput> = {};
  for (const [name, source] of Object.entries(map.node.outputs)) {
    const items = await sideBySide(map.items, async (item) => {
      const pointer = item.failure === undefined ? valueOf(item.scope, source) : await failure(d, map, item);
      if (pointer !== undefined) return pointer;
      throw new MlstackError("MLS1009", `an item of "${map.node.id}" has no ${source.node}.${source.output}: it was skipped by a condition`, { fix: "give the item a result in both branches of when" });
    });
    const { format, kind } = map.node.outputTypes[name]!;
    outputs[name] = await d.io.artifacts.list({ format, kind }, items);
  }
  return outputs;
}

async function failure(d: Reading, map: MapRun, item: ItemRun): Promise<ArtifactPointer> {
  // of several steps that failed side by side, always the same one: the list's identity must not hang on which was quicker
  const first = [...item.scope.states.values()].find((s) => s.item === item && s.status === "failed" && s.error !== undefined);
  const { code, message } = first?.error ?? item.failure!;
  return d.io.artifacts.save(failureType, { code: code ?? "MLS4001", message }, join(d.io.scratchDir, map.state.id));
}

/** The outputs of a choice: of the branch that was taken. */
export async function choose(d: Reading, state: NodeState): Promise<Record<string, ArtifactPointer>> {
  if (state.node.kind !== "choose") return {};
  const taken = await truth(d, state, state.node.condition);
  const outputs: Record<string, ArtifactPointer> = {};
  if (taken === undefined) return outputs;
  for (const [name, { whenTrue, whenFalse }] of Object.entries(state.node.outputs)) {
    const pointer = valueOf(state.scope, taken ? whenTrue : whenFalse);
    if (pointer !== undefined) outputs[name] = pointer;
  }
  return outputs;
}

export const failedBefore = (id: string) => serializeError(new MlstackError("MLS4006", `not started because the step "${id}" failed`));
