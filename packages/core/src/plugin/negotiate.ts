import satisfies from "semver/functions/satisfies.js";
import type { ContractRegistry } from "../contracts/registry.ts";
import { parseContractId } from "../contracts/registry.ts";
import type { Component } from "../contracts/component.ts";
import { MlstackError } from "../errors/mlstack-error.ts";
import { didYouMean } from "../errors/suggest.ts";
import type { PluginManifest } from "./manifest.ts";
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
    if (id === undefined || known === undefined) {
      const near = id === undefined ? undefined : didYouMean(id.type, contracts.keys());
      return new MlstackError("MLS2002", `${who} offers "${entry.flavor}" for ${entry.contract}, a component type that is not known here`, {
        why: `known are ${[...contracts.keys()].toSorted().join(", ")}${near === undefined ? "" : `; did its author mean ${near}?`}`,
        fix: `install the package that brings this component type, or remove ${pkg.name}`,
        details: { package: pkg.name, version: pkg.version, found: entry.contract, accepted: [...contracts.keys()].toSorted() },
      });
    }
    if (!known.accepts.includes(id.version)) {
      const accepted = known.accepts.map((v) => `${id.type}@${v}`);
      const newer = id.version > Math.max(...known.accepts);
      return new MlstackError("MLS2003", `${who} implements ${entry.contract}, this core accepts ${accepted.join(", ")}`, {
        why: newer ? `the plugin is newer than @mlstack/core ${coreVersion}` : `@mlstack/core ${coreVersion} no longer accepts that version`,
        fix: newer ? host.installCommand(["@mlstack/core@latest", "mlstack@latest"]) : host.installCommand([`${pkg.name}@latest`]),
        details: { package: pkg.name, version: pkg.version, found: entry.contract, accepted },
      });
    }
  }
  return undefined;
}

/**
 * Wraps a component of an older accepted contract version, step by step, into the version that the engine works with.
 *
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
