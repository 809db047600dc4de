import type { ArtifactPointer, DataPointer } from "@mlstack/core";
import { actionKey, flattenParts, type KeyParts, type PlanStep, type PlanStepNode, type UncachedReason } from "@mlstack/pipeline";
import { USUAL_ZONE } from "../step/zone.ts";

/** A node's action key with its parts, or the reasons for which it has none. */
export type StepKey = (
  | { readonly key: string; readonly parts: Readonly<Record<string, string>> }
  | { readonly key: null; readonly reasons: readonly UncachedReason[] }
) & {
  /** What the step is going to do, as a digest: the key that it would have if everything could be cached. Left out where a part of it can't be known. */
  readonly work?: string | undefined;
};

/** Reasons for which a result is not for others, though everything that it was made of is known. */
const KNOWN = new Set<string>(["switched-off", "effects"] satisfies UncachedReason["rule"][]);

/** Whether everything is known that a step's work is made of: else nobody can say that it would be the same again. */
export const isKnownWork = (reasons: readonly UncachedReason[]): boolean => reasons.every((r) => KNOWN.has(r.rule));

/** What of a key is known when the step is about to start. */
interface Given {
  readonly inputs: Readonly<Record<string, ArtifactPointer>>;
  readonly data: Readonly<Record<string, DataPointer>>;
  readonly zone: string | null;
}

/** Computes the key of a node, now that its inputs are known. A part that is unknown makes it uncached; none is left out. */
export function stepKey(step: PlanStep, node: PlanStepNode, { inputs, data, zone }: Given, component: (name: string) => string): StepKey {
  const reasons = [...step.uncached, ...node.uncached] as UncachedReason[];
  const { code, packages } = step.parts;
  if (code === null || packages === null || !isKnownWork(reasons)) return { key: null, reasons };
  const params: Record<string, string> = {};
  const dataDigests: Record<string, string> = {};
  for (const [name, param] of Object.entries(node.params)) {
    if ("value" in param) params[name] = JSON.stringify(param.value);
    else if ("data" in param) dataDigests[name] = `${data[name]!.digest} ${data[name]!.name}`;
  }
  const fingerprints = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, component(name)]));
  const byComponent = Object.entries(step.uses).filter(([, use]) => typeof use === "object").map(([name]) => name);
  const parts: KeyParts = {
    code: code.digest, packages: packages.digest, runtime: step.parts.runtime, platform: step.parts.platform, env: step.parts.env, files: step.parts.files,
    params, data: dataDigests, inputs: Object.fromEntries(Object.entries(inputs).map(([port, p]) => [port, { identity: p.identity, format: p.format }])),
    outputs: Object.fromEntries(Object.entries(step.outputs).map(([name, o]) => [name, o.items === undefined ? o.format : `${o.format}<${o.items}>`])),
    zone: zone === USUAL_ZONE ? null : zone,
    components: fingerprints(byComponent), cacheVersion: step.parts.cacheVersion,
  };
  // a tracker is told what the step did, and decides nothing of it
  const handed = [...Object.keys(step.requires), ...Object.keys(step.uses)].filter((name) => name !== "experimentTracker");
  const work = actionKey(handed.length === byComponent.length ? parts : { ...parts, components: fingerprints(handed) });
  if (reasons.length > 0) return { key: null, reasons, work };
  const key = handed.length === byComponent.length ? work : actionKey(parts);
  return { key, parts: Object.fromEntries(flattenParts(parts)), work };
}
