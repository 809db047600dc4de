import type { SecretStore } from "@mlstack/core";
import type { Clock } from "../clock.ts";

/** A secret store in this process's memory. An empty value is none. */
export function memorySecrets(values: Readonly<Record<string, string>> = {}, { now }: Pick<Clock, "now"> = Date): SecretStore {
  const kept = new Map<string, { readonly value: string; readonly changedAt: Date }>();
  for (const [name, value] of Object.entries(values)) kept.set(name, { value, changedAt: new Date(now()) });
  return {
    contract: "secret_store@1",
    async get(name, { signal } = {}) {
      signal?.throwIfAborted();
      const value = kept.get(name)?.value;
      return value === "" ? undefined : value;
    },
    async list({ signal } = {}) {
      signal?.throwIfAborted();
      return [...kept].map(([name, { changedAt }]) => ({ name, changedAt })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    },
    async set(name, value, { signal } = {}) {
      signal?.throwIfAborted();
      const replaced = kept.has(name);
      kept.set(name, { value, changedAt: new Date(now()) });
      return { replaced };
    },
    async delete(name, { signal } = {}) {
      signal?.throwIfAborted();
      return kept.delete(name);
    },
  };
}
