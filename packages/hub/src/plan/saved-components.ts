import { checkConfig, MlstackError, parseContractId, pluginManifest, type ComponentEntry, type JsonObject, type PluginPackage } from "@mlstack/core";

/** A component that the project's files define. */
export interface SavedComponent {
  readonly type: string;
  readonly name: string;
  readonly flavor: string;
  /** Keys in camelCase, references as they are written. */
  readonly config: JsonObject | undefined;
  /** Where it is defined, from the project's folder. */
  readonly file: string;
  readonly line: number;
  /** The stacks that have it. */
  readonly stacks: readonly string[];
}

/** A component that could not be used any more. */
export interface RefusedComponent {
  readonly component: SavedComponent;
  /** MLS2008, or MLS2007 where the flavor is not offered any more. */
  readonly error: MlstackError;
  /** Whether it can't be used now, either. */
  readonly already: boolean;
}

/** The entry of a manifest for a component; undefined where it offers no such flavor. A manifest that is none offers nothing. */
export function entryOf(manifest: unknown, { type, flavor }: Pick<SavedComponent, "type" | "flavor">): ComponentEntry | undefined {
  const entries = (pluginManifest.safeParse(manifest).data?.components ?? []).filter(({ contract }) => parseContractId(contract)?.type === type);
  return entries.find((e) => e.flavor === flavor) ?? entries.find((e) => e.aliases.includes(flavor));
}

/** The components that only this integration offers the flavors of. */
export function usersOf(manifest: unknown, name: string, saved: readonly SavedComponent[], installed: readonly PluginPackage[]): readonly SavedComponent[] {
  return saved.filter((component) => entryOf(manifest, component) !== undefined && !installed.some((other) => other.name !== name && entryOf(other.manifest, component) !== undefined));
}

/**
 * The components of the project's files that another version of an integration would refuse, by its manifest.
 *
 * @param before the manifest that they are used by now, as found
 * @param after the manifest that they would be used by
 */
export function refusedBy(before: unknown, after: unknown, users: readonly SavedComponent[], version: string): readonly RefusedComponent[] {
  return users.flatMap((component): RefusedComponent[] => {
    const { type, name, flavor, config } = component;
    const [was, is] = [entryOf(before, component), entryOf(after, component)];
    if (is === undefined) return [{ component, already: false, error: new MlstackError("MLS2007", `${version} does not offer the ${type} flavor "${flavor}" any more`, { why: `the ${type} "${name}" is of it`, fix: "give it another flavor, or stay with the version that is installed", details: { type, flavor, component: name } }) }];
    const found = checkConfig({ type, name, flavor }, config, is.config);
    if (!MlstackError.is(found)) return [];
    return [{ component, error: found, already: was !== undefined && MlstackError.is(checkConfig({ type, name, flavor }, config, was.config)) }];
  });
}
