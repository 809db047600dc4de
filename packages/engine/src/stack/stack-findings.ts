import { didYouMean, MlstackError, parseContractId, PLANNED_TYPES, type PluginLoader, type SecretSource } from "@mlstack/core";
import { secretsFor } from "./stack-references.ts";
import type { StackFinding, StackSpec } from "./stack.ts";

/** Types of components without which nothing runs. */
const NEEDED = ["artifact_store", "orchestrator"];

/**
 * Looks at each component of a stack without creating any.
 *
 * @returns MLS7004 for a type that nobody knows: its component would be ignored; MLS4004 where one is missing without which nothing runs;
 * MLS2007, MLS2008, MLS2010, MLS8001, MLS8002 and what else is wrong with a flavor or its configuration
 */
export async function stackFindings({ name, components }: StackSpec, loader: PluginLoader, secrets: SecretSource): Promise<StackFinding[]> {
  // plugins may bring types of their own
  const plugins = await loader.list();
  const known = [...loader.contracts.keys(), ...PLANNED_TYPES];
  const findings: StackFinding[] = [];
  for (const type of Object.keys(components)) {
    if (known.includes(type)) continue;
    // there may be a plugin that has it, and lacks the package that brings the type
    const broken = plugins.find((p) => p.broken !== undefined && p.manifest?.components.some((c) => parseContractId(c.contract)?.type === type && (c.flavor === components[type]!.flavor || c.aliases.includes(components[type]!.flavor))) === true)?.broken;
    if (broken !== undefined) { findings.push({ type, error: broken }); continue; }
    const near = didYouMean(type, known);
    findings.push({ type, error: new MlstackError("MLS7004", `the stack "${name}" has a component of the type ${JSON.stringify(type)}, which is not known`, {
      why: type.includes(".") ? "no installed plugin brings that type" : `known are ${known.toSorted().join(", ")}`, fix: near !== undefined ? `write ${near}` : type.includes(".") ? "install the plugin that brings it, and list it in package.json" : `leave ${type} out`, details: { stack: name, type },
    }) });
  }
  for (const type of NEEDED) {
    if (components[type] === undefined) findings.push({ type, error: new MlstackError("MLS4004", `the stack "${name}" has no ${type}`, { why: "no pipeline runs without one", fix: `add ${type}: { type: local } to its components`, details: { stack: name, component: type } }) });
  }
  for (const [type, c] of Object.entries(components)) {
    if (!loader.contracts.has(type)) continue;
    try { await loader.check(type, c.flavor, c.config, c.name, secretsFor(type, secrets)); } catch (e) {
      if (!MlstackError.is(e)) throw e;
      findings.push({ type, error: e });
    }
  }
  return findings;
}
