import type { ArtifactStore, JsonObject } from "@mlstack/core";
import type { Records, UsedStore } from "../records/records.ts";
import type { NamedStore } from "../store/known-stores.ts";
import { isLocal } from "./local-components.ts";
import type { Place, Stack, StackSpec } from "./stack.ts";

/** The artifact stores that runs of the project have used, besides that of the active stack. */
export interface OtherStores {
  list(): Promise<readonly NamedStore[]>;
  /** Those of them that are no folders of this project, as another machine opens them. */
  elsewhere(): Promise<readonly (UsedStore & JsonObject)[]>;
  /** The store of a stack that a run used, which may be the active one. */
  of(stack: StackSpec): Promise<ArtifactStore>;
  dispose(): Promise<void>;
}

export function otherStores(stack: Stack, records: Pick<Records, "stores">, place: Place): OtherStores {
  const opened = new Map<string, Promise<ArtifactStore>>();
  const idOf = (flavor: string, config: unknown) => JSON.stringify([flavor, config ?? {}]);
  const own = stack.spec.components["artifact_store"];
  const active = own === undefined ? "" : idOf(own.flavor, own.config);
  const open = (name: string, flavor: string, config: unknown): Promise<ArtifactStore> => {
    const id = idOf(flavor, config);
    if (id === active) return stack.artifactStore();
    let store = opened.get(id);
    if (store === undefined) opened.set(id, (store = stack.loader.create("artifact_store", flavor, config, { name, ...place }, stack.secrets) as Promise<ArtifactStore>));
    return store;
  };
  return {
    async list() {
      const used = await records.stores();
      return used.filter((s) => idOf(s.flavor, s.config) !== active).map(({ name, flavor, config }) => ({ name: `${name} (${flavor})`, open: () => open(name, flavor, config) }));
    },
    async elsewhere() {
      const offered = await stack.loader.flavors("artifact_store");
      const used = await records.stores();
      return used.filter((s) => {
        const entry = offered.find((f) => f.flavor === s.flavor || f.entry.aliases.includes(s.flavor))?.entry;
        return idOf(s.flavor, s.config) !== active && entry !== undefined && !isLocal(entry, s);
      }).map((s) => ({ ...s }));
    },
    of({ components }) {
      const found = components["artifact_store"];
      return found === undefined ? stack.artifactStore() : open(found.name, found.flavor, found.config);
    },
    async dispose() {
      for (const store of opened.values()) await store.then((s) => s.dispose?.(), () => undefined);
      opened.clear();
    },
  };
}
