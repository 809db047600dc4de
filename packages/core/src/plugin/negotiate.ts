import satisfies from "semver/functions/satisfies.js";
import type { ContractRegistry, KnownContract } from "../contracts/registry.ts";
import { parseContractId } from "../contracts/registry.ts";
import type { Component } from "../contracts/component.ts";
import { MlstackError } from "../errors/mlstack-error.ts";
import { didYouMean } from "../errors/suggest.ts";
import type { ComponentEntry, PluginManifest } from "./manifest.ts";
import type { PluginHost, PluginPackage } from "./plugin-host.ts";

/**
 * Why a plugin can't be used with this core; undefined when it can. Decided from the manifest alone.
 * The texts are computed from what is accepted here, so they can't grow stale.
 */
export function incompatibility(pkg: Pick<PluginPackage, "name" | "version">, manifest: PluginManifest, contracts: ContractRegistry, coreVersion: string, host: Pick<PluginHost, "installCommand">): MlstackError | undefined {
  const who = `${pkg.name}@${pkg.version}`;
  if (!satisfies(coreVersion, manifest.core, { includePrerelease: true })) {
    return new MlstackError("MLS2004", `${who} needs @mlstack/core ${manifest.core}, this project has ${coreVersion}`, {
      why: "the range is stated in the plugin's manifest", fix: host.installCommand([`${pkg.name}@latest`]),
      details: { package: pkg.name, version: pkg.version, found: coreVersion, accepted: manifest.core },
    });
  }
  for (const entry of manifest.components) {
    const id = parseContractId(entry.contract);
    const known = id === undefined ? undefined : contracts.get(id.type);
    if (id === undefined || known === undefined) return unknownType(who, entry, id?.type, contracts, host);
    if (!known.accepts.includes(id.version)) return otherVersion(pkg, entry.contract, known, coreVersion, host);
  }
  return undefined;
}

type Commands = Pick<PluginHost, "installCommand">;

function unknownType(who: string, { contract, flavor, contractPackage }: ComponentEntry, type: string | undefined, contracts: ContractRegistry, host: Commands): MlstackError {
  const details = { package: who.slice(0, who.lastIndexOf("@")), version: who.slice(who.lastIndexOf("@") + 1), found: contract, accepted: [...contracts.keys()].toSorted() };
  if (contractPackage !== undefined) {
    return new MlstackError("MLS2002", `${who} offers "${flavor}" for ${contract}, and ${contractPackage}, which brings that component type, is not among this project's integrations`, {
      why: "the contract of a component type comes with the package that brings it", fix: host.installCommand([contractPackage]), details: { ...details, contractPackage },
    });
  }
  const near = type === undefined ? undefined : didYouMean(type, contracts.keys());
  return new MlstackError("MLS2002", `${who} offers "${flavor}" for ${contract}, a component type that is not known here`, {
    why: `known are ${[...contracts.keys()].toSorted().join(", ")}${near === undefined ? "" : `; did its author mean ${near}?`}; its manifest does not say which package brings it`,
    fix: `install the package that brings this component type, or remove ${details.package}`, details,
  });
}

function otherVersion(pkg: Pick<PluginPackage, "name" | "version">, contract: string, known: KnownContract, coreVersion: string, host: Commands): MlstackError {
  const accepted = known.accepts.map((v) => `${known.type}@${v}`);
  const newer = parseContractId(contract)!.version > Math.max(...known.accepts);
  const { broughtBy } = known;
  const owner = broughtBy === undefined ? `@mlstack/core ${coreVersion}` : `${broughtBy.name}@${broughtBy.version}`;
  return new MlstackError("MLS2003", `${pkg.name}@${pkg.version} implements ${contract}, ${broughtBy === undefined ? "this core" : owner} accepts ${accepted.join(", ")}`, {
    why: newer ? `the plugin is newer than ${owner}${broughtBy === undefined ? "" : ", which brings the component type"}` : `${owner} no longer accepts that version`,
    fix: host.installCommand(!newer ? [`${pkg.name}@latest`] : broughtBy === undefined ? ["@mlstack/core@latest", "mlstack@latest"] : [`${broughtBy.name}@latest`]),
    details: { package: pkg.name, version: pkg.version, found: contract, accepted, newer, ...(broughtBy !== undefined && { contractPackage: broughtBy.name }) },
  });
}

/**
 * Wraps a component of an older accepted contract version, step by step, into the version that the engine works with.
 *
 * @param contracts with what wraps, of types that plugins bring too
 * @throws MLS2006 when the component's own tag differs from what its manifest says; MLS2003 when no wrapper leads on
 */
export function upgradeComponent(component: Component, declared: string, contracts: ContractRegistry, who: string): Component {
  if (component.contract !== declared) {
    throw new MlstackError("MLS2006", `${who}: the manifest says ${declared}, the component says ${String(component.contract)}`, { fix: "rebuild the plugin, so that its manifest is written anew" });
  }
  const id = parseContractId(declared);
  const known = id === undefined ? undefined : contracts.get(id.type);
  if (id === undefined || known === undefined) throw new MlstackError("MLS2002", `${who}: ${declared} is not known here`);
  const newest = Math.max(...known.accepts);
  let current = component;
  for (let version = id.version; version < newest; version++) {
    const wrap = known.upgrade?.[version];
    if (wrap === undefined) throw new MlstackError("MLS2003", `${who}: nothing wraps ${id.type}@${version} into ${id.type}@${version + 1}`, { details: { found: declared, accepted: known.accepts.map((v) => `${id.type}@${v}`) } });
    current = wrap(current);
  }
  return current;
}
