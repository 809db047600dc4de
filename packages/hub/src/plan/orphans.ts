import { broughtContracts, incompatibility, MlstackError, pluginManifest, type ContractSource, type PluginManifest } from "@mlstack/core";
import { describedOf, versionOf, type ChangePlan } from "./change-plan.ts";
import { contractSource, type PlanContext } from "./context.ts";

/** An integration that a change leaves as it is, and that would not work any more. */
export interface Orphan {
  readonly name: string;
  readonly version: string;
  /** The package whose change it is. */
  readonly by: string;
  readonly error: MlstackError;
}

/** What a plan takes from integrations that stay: the component types, or versions of them, that they implement. */
export function orphansOf({ changes }: Pick<ChangePlan, "changes">, { installed, coreVersion }: Pick<PlanContext, "installed" | "coreVersion">): readonly Orphan[] {
  const stay = installed.filter(({ name, source }) => source !== "built-in" && !changes.some((c) => c.name === name));
  const after = changes.flatMap(({ name, target }): ContractSource[] => (target === undefined ? [] : [contractSource({ name, version: versionOf(target), manifest: describedOf(target).manifest })]));
  const known = (sources: readonly ContractSource[]) => broughtContracts(sources).contracts;
  const [before, then] = [known(installed.map(contractSource)), known([...stay.map(contractSource), ...after])];
  return stay.flatMap((pkg): Orphan[] => {
    const manifest = pluginManifest.safeParse(pkg.manifest).data;
    if (manifest === undefined) return [];
    const problem = (contracts: typeof then) => incompatibility(pkg, manifest, contracts, coreVersion, { installCommand: () => "" });
    const error = problem(then);
    if (error === undefined || problem(before) !== undefined) return [];
    return [{ name: pkg.name, version: pkg.version, by: ownerOf(manifest, before) ?? changes[0]!.name, error }];
  });
}

/** The package that brings a type which the manifest implements. */
function ownerOf({ components }: PluginManifest, contracts: ReturnType<typeof broughtContracts>["contracts"]): string | undefined {
  return components.map(({ contract }) => contracts.get(contract.replace(/@.*/, ""))?.broughtBy?.name).find((name) => name !== undefined);
}

/**
 * Stops where an integration that stays would not work any more.
 *
 * @param allowed packages that are removed all the same
 * @throws MLS8410 where a component type is removed that another integration implements; MLS2003 where a version of it is not accepted any more
 */
export function refuseOrphans(orphans: readonly Orphan[], { changes }: Pick<ChangePlan, "changes">, allowed: readonly string[]): void {
  const open = orphans.filter(({ by }) => !allowed.includes(by));
  const [first] = open;
  if (first === undefined) return;
  const names = [...new Set(open.map(({ name }) => name))].join(" ");
  const details = { orphans: open.map(({ name, version, by, error }) => ({ package: name, version, by, code: error.code, reason: error.message })) };
  if (changes.find(({ name }) => name === first.by)?.kind === "remove") {
    throw new MlstackError("MLS8410", `${first.by} brings a component type that ${open.map(({ name, version }) => `${name}@${version}`).join(", ")} ${open.length === 1 ? "implements" : "implement"}`, {
      why: "without it that type is not known, and they can't be used", fix: `remove them together: mlstack integration uninstall ${first.by} ${names}; to remove it all the same: --allow-in-use ${first.by}`, details,
    });
  }
  throw new MlstackError(first.error.code, open.map(({ error }) => error.message).join("; "), { why: `after this change ${first.by} does not go with ${open.length === 1 ? "it" : "them"}`, fix: `change them together: mlstack integration upgrade ${first.by} ${names} --major`, details });
}
