import { pluginManifest, type PluginPackage } from "@mlstack/core";
import diff from "semver/functions/diff.js";
import lt from "semver/functions/lt.js";
import satisfies from "semver/functions/satisfies.js";
import type { Registry } from "../registry/registry.ts";
import { describedOf, versionOf, type ChangePlan, type PluginChange } from "./change-plan.ts";
import { refusedBy, usersOf, type RefusedComponent, type SavedComponent } from "./saved-components.ts";
import { schemaDifferences, type SchemaDifference } from "./schema-difference.ts";

/** Recorded results of a step whose key has an integration in it: its code reaches that package, and not only the stack. */
export interface KeyedResults {
  readonly pipeline: string;
  readonly step: string;
  /** How many keys. */
  readonly results: number;
}

/** What a change means for this project. */
export interface Impact {
  /** The package. */
  readonly name: string;
  /** How far it goes, by semver; undefined where the version stays, or it is no upgrade. */
  readonly step: "major" | "minor" | "patch" | "prerelease" | "back" | undefined;
  /** Whether semver calls it compatible: below 1.0 a minor step is not. */
  readonly compatible: boolean;
  /** Flavors that it offers besides, and that it offers no more, as `artifact_store s3`. */
  readonly flavors: { readonly gained: readonly string[]; readonly lost: readonly string[] };
  /** By `artifact_store s3`, what its configuration's schema differs in; undefined where the manifest that is used now is not known. */
  readonly config: Readonly<Record<string, readonly SchemaDifference[]>> | undefined;
  /** Components of the project's files that would be refused. */
  readonly refused: readonly RefusedComponent[];
  /** Components of the project's files that use it; of one that is removed they could not be created any more. */
  readonly users: readonly SavedComponent[];
  /** Recorded results that would not be found any more. Their keys are of other versions of the package. */
  readonly lostResults: readonly KeyedResults[];
}

/** What the impact of a plan is made from. */
export interface ImpactContext {
  readonly registry: Pick<Registry, "document">;
  readonly installed: readonly PluginPackage[];
  readonly saved: readonly SavedComponent[];
  /** Recorded results with a package in their keys. */
  readonly keyed: (name: string, version: string) => Promise<readonly KeyedResults[]>;
}

/**
 * What a plan's changes mean for this project. Writes nothing; asks a registry only where what is pinned is not installed.
 *
 * @returns for each change of the plan that has a before, in its order
 * @throws what the registry throws
 */
export async function impactOf(plan: Pick<ChangePlan, "changes">, context: ImpactContext): Promise<readonly Impact[]> {
  return Promise.all(plan.changes.filter(({ kind }) => kind !== "add").map(async (change) => impactOfChange(change, context)));
}

async function impactOfChange(change: PluginChange, context: ImpactContext): Promise<Impact> {
  const { name, before, target } = change;
  const old = await manifestBefore(change, context);
  const users = usersOf(old, name, context.saved, context.installed);
  const none: Impact = { name, step: undefined, compatible: true, flavors: { gained: [], lost: [] }, config: {}, refused: [], users, lostResults: [] };
  if (before === undefined || target === undefined) return none;
  const [from, to] = [before.version, versionOf(target)];
  const after = describedOf(target).manifest;
  const [was, is] = [schemasOf(old), schemasOf(after)];
  const config = [...was].flatMap(([flavor, schema]): [string, readonly SchemaDifference[]][] => {
    const differences = is.has(flavor) ? schemaDifferences(schema, is.get(flavor)!) : [];
    return differences.length === 0 ? [] : [[flavor, differences]];
  });
  return {
    ...none, step: stepOf(from, to), compatible: from === to || satisfies(to, `^${from}`, { includePrerelease: true }),
    flavors: { gained: [...is.keys()].filter((f) => !was.has(f)), lost: [...was.keys()].filter((f) => !is.has(f)) }, config: old === undefined ? undefined : Object.fromEntries(config),
    refused: refusedBy(old, after, users, `${name}@${to}`), lostResults: from === to ? [] : await context.keyed(name, from),
  };
}

/** The manifest that is used now, as found: of what is installed, or of the registry's version that is pinned. */
async function manifestBefore({ name, before }: PluginChange, { installed, registry }: ImpactContext): Promise<unknown> {
  const found = installed.find((p) => p.name === name && p.source !== "built-in" && (before === undefined || p.version === before.version));
  if (found !== undefined || before?.source !== "registry") return found?.manifest;
  return (await registry.document(name)).versions.find(({ version }) => version === before.version)?.manifest;
}

/** By `artifact_store s3`, sorted. */
function schemasOf(manifest: unknown): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  const components = pluginManifest.safeParse(manifest).data?.components ?? [];
  return new Map(components.map(({ contract, flavor, config }) => [`${contract.replace(/@.*/, "")} ${flavor}`, config] as const).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function stepOf(from: string, to: string): Impact["step"] {
  const step = diff(from, to);
  if (step === null) return undefined;
  return lt(to, from) ? "back" : step.startsWith("pre") ? "prerelease" : step as "major" | "minor" | "patch";
}
