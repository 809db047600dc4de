import { contractRegistry, isBuiltInType, type ContractRegistry, type KnownContract } from "../contracts/registry.ts";
import { MlstackError } from "../errors/mlstack-error.ts";
import type { PluginManifest } from "./manifest.ts";

/** A package, and the component types that its manifest says it brings. */
export interface ContractSource { readonly name: string; readonly version: string; readonly contracts: PluginManifest["contracts"] }

/**
 * The component types that packages bring, with those of core. A type belongs to the one package that brings it: where two do, nobody can say whose
 * versions count, so nobody's do.
 *
 * @returns `contracts`: those that are known; `problems`: by package, why what it brings is not: MLS2001 for a type of core's, MLS2011 for one that
 * another package brings as well; `disputed`: the latter by type, for packages that implement it only
 */
export function broughtContracts(sources: Iterable<ContractSource>): { readonly contracts: ContractRegistry; readonly problems: ReadonlyMap<string, MlstackError>; readonly disputed: ReadonlyMap<string, MlstackError> } {
  const byType = new Map<string, (KnownContract & { readonly broughtBy: ContractSource })[]>();
  const problems = new Map<string, MlstackError>();
  const disputed = new Map<string, MlstackError>();
  for (const { name, version, contracts } of sources) {
    for (const { type, accepts, stability } of contracts) {
      if (isBuiltInType(type)) problems.set(name, ofCore(`${name}@${version}`, type));
      else byType.set(type, [...byType.get(type) ?? [], { type, accepts, stability, broughtBy: { name, version, contracts } }]);
    }
  }
  for (const [type, all] of byType) {
    if (all.length === 1) continue;
    const error = brought(type, all.map((c) => c.broughtBy));
    disputed.set(type, error);
    for (const { broughtBy } of all) problems.set(broughtBy.name, error);
  }
  const sound = [...byType.values()].filter((all) => all.length === 1).map(([one]): KnownContract => ({ ...one!, broughtBy: { name: one!.broughtBy.name, version: one!.broughtBy.version } }));
  return { contracts: contractRegistry(sound), problems, disputed };
}

function ofCore(who: string, type: string): MlstackError {
  return new MlstackError("MLS2001", `${who} brings the component type ${type}, which is one of @mlstack/core's`, { why: "the versions that are accepted of it are core's business", fix: "its author gives the type a name of its own, such as acme.vector_index", details: { package: who, type } });
}

/** The error for a type that several packages bring. */
function brought(type: string, packages: readonly { readonly name: string; readonly version: string }[]): MlstackError {
  const names = packages.map(({ name, version }) => `${name}@${version}`).toSorted();
  return new MlstackError("MLS2011", `${names.join(" and ")} both bring the component type ${type}`, {
    why: "which versions of it are accepted, and what wraps older ones, is said by one package alone", fix: `keep one of them: mlstack integration uninstall ${packages.at(-1)!.name}`,
    details: { type, packages: names },
  });
}
