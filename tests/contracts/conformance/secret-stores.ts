import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MlstackError, type ErrorCode, type SecretStore } from "@mlstack/core";
import plugin from "@mlstack/engine/plugin";
import type { SecretStoreSubject } from "@mlstack/testkit/conformance";

async function create(flavor: "env" | "file", config: object, projectDir: string, env: Readonly<Record<string, string | undefined>>): Promise<SecretStore> {
  const found = plugin.components.find((one) => one.contract === "secret_store@1" && one.flavor === flavor)!;
  return (await found.create(found.config.parse(config), { name: "s", projectDir, stateDir: join(projectDir, ".mlstack"), env })) as SecretStore;
}

/** A key that is none of a test's: what age-keygen makes, once. */
const ANOTHER_KEY = "AGE-SECRET-KEY-1JV4544NQJW8V8UNMCQUDZGHS6N58K7KTF622ZDW4UZSTTHWQH28S4USVK2";

/** Encrypted files of a project; the key is in a file of it as well. */
export function fileSubject(projectDir: string): SecretStoreSubject {
  const open = (env: Readonly<Record<string, string>> = {}) => create("file", { keyFile: "home/secrets.key" }, projectDir, env);
  const folder = join(projectDir, ".mlstack", "secrets");
  return {
    open: () => open(),
    openLocked: () => open({ MLSTACK_SECRETS_KEY: ANOTHER_KEY }),
    refusedNames: ["", "Upper", "a b", "-a", "a-", "../a", "ä", "x".repeat(101)],
    refusedValues: ["x".repeat(64 * 1024 + 1)],
    async damage(name) { mkdirSync(folder, { recursive: true }); for (const file of readdirSync(folder).filter((one) => one === `${name}.json`)) writeFileSync(join(folder, file), "{"); },
  };
}

/** Variables, which a person sets elsewhere. */
export function envSubject(): SecretStoreSubject {
  const env: Record<string, string> = {};
  const variable = (name: string) => `MLSTACK_SECRET_${name.toUpperCase()}`;
  return {
    open: () => create("env", {}, "/", env),
    outside: { put: async (name, value) => { env[variable(name)] = value; }, remove: async (name) => { delete env[variable(name)]; } },
  };
}

/** A store of which every call fails; the check says so. */
export function failingSecretStore(code: ErrorCode): SecretStore {
  const fail = async (): Promise<never> => { throw new MlstackError(code, "it fails"); };
  return { contract: "secret_store@1", get: fail, list: fail, set: fail, delete: fail, check: async () => [{ name: "reach", ok: false, message: "it fails" }] };
}

/** A store in memory that can all that a store may. Its objects share what it keeps. */
export function fullSecretStore(): SecretStoreSubject & { readonly kept: Map<string, { readonly value: string; readonly changedAt: Date }> } {
  const kept = new Map<string, { readonly value: string; readonly changedAt: Date }>();
  const damaged = new Set<string>();
  const legal = (name: string) => /^[a-z0-9]{1,60}$/.test(name);
  const store = (isLocked: boolean): SecretStore => ({
    contract: "secret_store@1",
    async get(name, { signal } = {}) {
      signal?.throwIfAborted();
      if (!kept.has(name)) return undefined;
      if (isLocked) throw new MlstackError("MLS8001", "another key");
      if (damaged.has(name)) throw new MlstackError("MLS8002", "damaged");
      const { value } = kept.get(name)!;
      return value === "" ? undefined : value;
    },
    async list({ signal } = {}) {
      signal?.throwIfAborted();
      return [...kept].filter(([, { value }]) => value !== "").map(([name, { changedAt }]) => ({ name, changedAt })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    },
    async set(name, value, { signal } = {}) {
      signal?.throwIfAborted();
      if (!legal(name)) throw new MlstackError("MLS8004", "no name for a secret");
      if (value === "" || value.length > 2 ** 16) throw new MlstackError("MLS8004", "no value for a secret");
      const replaced = kept.has(name);
      kept.set(name, { value, changedAt: new Date() });
      return { replaced, ...(kept.size === 1 && !replaced && { notice: "a key was made" }) };
    },
    async delete(name, { signal } = {}) {
      signal?.throwIfAborted();
      damaged.delete(name);
      return kept.delete(name);
    },
    check: async () => [{ name: "memory", ok: true, message: "it is there" }],
  });
  return {
    kept, open: async () => store(false), openLocked: async () => store(true),
    openDenied: async () => failingSecretStore("MLS6002"), openUnreachable: async () => failingSecretStore("MLS6001"),
    outside: { put: async (name, value) => { kept.set(name, { value, changedAt: new Date() }); }, remove: async (name) => { kept.delete(name); } },
    damage: async (name) => { damaged.add(name); },
    refusedNames: ["", "Upper", "a b"], refusedValues: ["x".repeat(2 ** 16 + 1)],
  };
}
