import { redactor, type ComponentContext, type PluginLoader, type Redactor, type SecretSource, type SecretStore } from "@mlstack/core";
import type { StackSpec } from "../stack/stack.ts";

/** A secret store with the name that people know it by. */
export interface NamedSecretStore {
  readonly name: string;
  readonly flavor: string;
  open(): Promise<SecretStore>;
}

/** Where the secrets of a stack come from, and what is known of their values. */
export interface StackSecrets extends SecretSource {
  readonly redactor: Redactor;
  /** In the order in which they are asked. */
  readonly list: readonly NamedSecretStore[];
  dispose(): Promise<void>;
}

/** What a stack without a secret store uses. */
const DEFAULTS = [{ name: "variables", flavor: "env" }, { name: "file", flavor: "file" }] as const;

/**
 * The secrets of a stack: of its secret store, or where it has none, of environment variables and then of the project's encrypted files.
 *
 * @param travelled values that the driver has sent to this process; they are asked first
 */
export function stackSecrets(spec: StackSpec, loader: PluginLoader, place: Omit<ComponentContext, "name">, travelled: Readonly<Record<string, string>> = {}): StackSecrets {
  const own = spec.components["secret_store"];
  const made = new Map<string, Promise<SecretStore>>();
  const store = (name: string, flavor: string, config: unknown): NamedSecretStore => ({
    name, flavor,
    open() {
      let found = made.get(name);
      // what opens secrets is opened by none: its own references lead to variables only
      if (found === undefined) made.set(name, found = loader.create("secret_store", flavor, config, { name, ...place }, { redactor: hidden }) as Promise<SecretStore>);
      return found;
    },
  });
  const list = own === undefined ? DEFAULTS.map(({ name, flavor }) => store(name, flavor, undefined)) : [store(own.name, own.flavor, own.config)];
  const known = new Map(Object.entries(travelled));
  const hidden = redactor(known.values());
  return {
    list, redactor: hidden,
    stores: own === undefined ? "variables (MLSTACK_SECRET_…) and the project's secrets" : `the secret store "${own.name}" (${own.flavor})`,
    async get(name) {
      const before = known.get(name);
      if (before !== undefined) return before;
      for (const one of list) {
        const value = await (await one.open()).get(name);
        if (value === undefined) continue;
        known.set(name, value);
        hidden.add([value]);
        return value;
      }
      return undefined;
    },
    async dispose() {
      for (const one of made.values()) await one.then((s) => s.dispose?.(), () => undefined);
      made.clear();
    },
  };
}
