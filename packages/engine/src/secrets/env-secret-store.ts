import type { SecretStore } from "@mlstack/core";

/** Variables that hold secrets begin with this: `db-password` is looked for in `MLSTACK_SECRET_DB_PASSWORD`. */
export const PREFIX = "MLSTACK_SECRET_";

/** The variable of a secret: upper case, with one `_` for whatever is no letter or digit. */
export function variableOf(name: string, prefix: string = PREFIX): string {
  return prefix + name.replace(/[^A-Za-z0-9]+/g, "_").toUpperCase();
}

/** Secrets in environment variables, as a CI service sets them. What is empty is not there: so it is where a service has no value. */
export function envSecretStore(env: Readonly<Record<string, string | undefined>>, prefix: string = PREFIX): SecretStore {
  const valueOf = (variable: string) => (env[variable] === "" ? undefined : env[variable]);
  return {
    contract: "secret_store@1",
    async get(name, { signal } = {}) {
      signal?.throwIfAborted();
      return valueOf(variableOf(name, prefix));
    },
    async list({ signal } = {}) {
      signal?.throwIfAborted();
      return Object.keys(env).filter((variable) => variable.startsWith(prefix) && variable.length > prefix.length && valueOf(variable) !== undefined).map((variable) => ({ name: variable.slice(prefix.length).toLowerCase() })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    },
  };
}
