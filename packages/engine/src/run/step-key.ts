import type { ArtifactPointer, DataPointer } from "@mlstack/core";
import { actionKey, flattenParts, type KeyParts, type PlanStep, type PlanStepNode, type UncachedReason } from "@mlstack/pipeline";
import { USUAL_ZONE } from "../step/zone.ts";

/** A node's action key with its parts, or the reasons for which it has none. */
export type StepKey =
  | { readonly key: string; readonly parts: Readonly<Record<string, string>> }
  | { readonly key: null; readonly reasons: readonly UncachedReason[] };

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
  if (code === null || packages === null || reasons.length > 0) return { key: null, reasons };
  const params: Record<string, string> = {};
  const dataDigests: Record<string, string> = {};
  for (const [name, param] of Object.entries(node.params)) {
    if ("value" in param) params[name] = JSON.stringify(param.value);
    else if ("data" in param) dataDigests[name] = `${data[name]!.digest} ${data[name]!.name}`;
  }
  const byComponent = Object.entries(step.uses).filter(([, use]) => typeof use === "object").map(([name]) => name);
  const parts: KeyParts = {
    code: code.digest, packages: packages.digest, runtime: step.parts.runtime, platform: step.parts.platform, env: step.parts.env, files: step.parts.files,
    params, data: dataDigests, inputs: Object.fromEntries(Object.entries(inputs).map(([port, p]) => [port, { identity: p.identity, format: p.format }])),
    outputs: Object.fromEntries(Object.entries(step.outputs).map(([name, o]) => [name, o.items === undefined ? o.format : `${o.format}<${o.items}>`])),
    zone: zone === USUAL_ZONE ? null : zone,
    components: Object.fromEntries(byComponent.map((name) => [name, component(name)])), cacheVersion: step.parts.cacheVersion,
  };
  return { key: actionKey(parts), parts: Object.fromEntries(flattenParts(parts)) };
}
