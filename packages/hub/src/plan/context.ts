import { broughtContracts, pluginManifest, type ContractSource, type PluginPackage } from "@mlstack/core";
import type { Catalog } from "../catalog/schema.ts";
import type { Lock } from "../lock/lock.ts";
import type { Registry } from "../registry/registry.ts";
import type { ProjectFacts } from "../resolve/fit.ts";
import type { Policy } from "../resolve/policy.ts";

/** What a plan is made from. */
export interface PlanContext {
  readonly catalog: Catalog;
  readonly registry: Pick<Registry, "document">;
  /** Undefined where the project has none. */
  readonly lock: Lock | undefined;
  /** The project's integrations as they are found, with those that are built in. */
  readonly installed: readonly PluginPackage[];
  readonly coreVersion: string;
  /** Such as `24.11.0`. */
  readonly nodeVersion: string;
  readonly policy: Policy;
  readonly now: Date;
  /** What paths are relative to. */
  readonly cwd: string;
  /** The root of the project's workspace, whose folders may be integrations; `cwd` by default. */
  readonly rootDir?: string | undefined;
}

/** What an integration has to fit; the contracts are those of core, of what is installed, and `more` in the place of what those packages bring now. */
export function projectFacts({ installed, coreVersion, nodeVersion }: Pick<PlanContext, "installed" | "coreVersion" | "nodeVersion">, more: readonly ContractSource[] = []): ProjectFacts {
  const stay = installed.filter(({ name }) => !more.some((one) => one.name === name)).map(contractSource);
  return { coreVersion, nodeVersion, contracts: broughtContracts([...stay, ...more]).contracts };
}

/** What a package brings, as its manifest says; nothing where that is none. */
export function contractSource({ name, version, manifest }: { readonly name: string; readonly version: string; readonly manifest?: unknown }): ContractSource {
  return { name, version, contracts: pluginManifest.safeParse(manifest).data?.contracts ?? [] };
}

export const lockOf = ({ lock }: Pick<PlanContext, "lock">): Lock => lock ?? { plugins: {} };
