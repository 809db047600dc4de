import { randomUUID } from "node:crypto";
import { open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { MlstackError, type SecretEntry, type SecretStore } from "@mlstack/core";
import { fsError, isMissing, makeFolder } from "../local/fs-errors.ts";
import { ownTag, sweep } from "../project/processes.ts";
import type { Keychain } from "./keychain.ts";
import { ensureKey, KEY_VARIABLE, readKey } from "./secret-key.ts";
import { openSealed, parseSealed, sealSecret } from "./sealed-secret.ts";

export interface FileSecretStoreOptions {
  /** The folder that holds one file per secret. */
  readonly folder: string;
  readonly keyFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where a new key is put; in the key file where it is left out. */
  readonly keychain?: Keychain | undefined;
  readonly now?: (() => Date) | undefined;
}

/** Lower case only: on some machines files whose names differ in case alone are one. */
const NAME = /^[a-z0-9](?:[a-z0-9._/-]{0,98}[a-z0-9])?$/;
const MOST_BYTES = 64 * 1024;
const ENDING = ".json";
const PARTIAL = ".tmp";

/**
 * Secrets as encrypted files of a folder, one per secret: who sets one touches no other, so terminals that write at the same time lose
 * nothing, and names can be listed without the key. Each is written beside its place and then put there, whole or not at all.
 */
export function fileSecretStore({ folder, keyFile, env, keychain, now = () => new Date() }: FileSecretStoreOptions): SecretStore {
  const places = { env, file: keyFile, keychain };
  // a slash is no folder: a name may also be the beginning of another
  const fileOf = (name: string) => join(folder, `${encodeURIComponent(name)}${ENDING}`);

  async function read(name: string): Promise<{ readonly file: string; readonly text: string } | undefined> {
    if (!NAME.test(name)) return undefined;
    const file = fileOf(name);
    try { return { file, text: await readFile(file, "utf8") }; } catch (e) {
      if (isMissing(e)) return undefined;
      throw fsError(e, "reading", file);
    }
  }

  return {
    contract: "secret_store@1",
    async get(name, { signal } = {}) {
      signal?.throwIfAborted();
      const found = await read(name);
      if (found === undefined) return undefined;
      const sealed = parseSealed(found.text, name, found.file);
      const key = await readKey(places);
      if (key === undefined) throw new MlstackError("MLS8001", `there is no key for the secret ${JSON.stringify(name)}`, { why: `it is encrypted for ${sealed.recipient}; ${KEY_VARIABLE} is not set, and there is no ${keyFile}`, fix: `set ${KEY_VARIABLE} to the key, or put back the key file`, details: { secret: name, recipient: sealed.recipient } });
      return openSealed(sealed, name, found.file, key);
    },
    async list({ signal } = {}) {
      signal?.throwIfAborted();
      let names: string[];
      try { names = await readdir(folder); } catch (e) {
        if (isMissing(e)) return [];
        throw fsError(e, "reading", folder);
      }
      const entries = await Promise.all(names.filter((file) => file.endsWith(ENDING)).map((file) => entryOf(decoded(file.slice(0, -ENDING.length)))));
      return entries.filter((e) => e !== undefined).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    },
    async set(name, value, { signal } = {}) {
      signal?.throwIfAborted();
      checkSecret(name, value);
      const { key, made } = await ensureKey(places);
      const replaced = (await read(name)) !== undefined;
      const file = fileOf(name);
      const partial = join(folder, `${ownTag()}${randomUUID()}${PARTIAL}`);
      try {
        makeFolder(folder);
        const handle = await open(partial, "wx", 0o600);
        try {
          await handle.writeFile(await sealSecret(name, value, key, now()));
          await handle.sync();
        } finally { await handle.close(); }
        // from here on it is done: it is there as a whole, or the old one is
        signal?.throwIfAborted();
        await rename(partial, file);
      } catch (e) { throw signal?.aborted === true ? signal.reason : fsError(e, "writing", file); } finally { await rm(partial, { force: true }).catch(() => undefined); }
      // of processes that were killed in the middle
      await sweep(folder);
      return { replaced, ...(made !== undefined && { notice: made }) };
    },
    async delete(name, { signal } = {}) {
      signal?.throwIfAborted();
      if (!NAME.test(name)) return false;
      try { await rm(fileOf(name)); } catch (e) {
        if (isMissing(e)) return false;
        throw fsError(e, "writing", fileOf(name));
      }
      return true;
    },
    async check({ signal } = {}) {
      signal?.throwIfAborted();
      const start = performance.now();
      const key = await readKey(places);
      const message = key === undefined ? `no key: neither ${KEY_VARIABLE} nor ${keyFile}; mlstack secret set makes one` : `the key in ${key.from} is ${key.recipient}`;
      return [{ name: "key for secrets", ok: true, message, ms: performance.now() - start }];
    },
  };

  async function entryOf(name: string): Promise<SecretEntry | undefined> {
    const found = await read(name);
    if (found === undefined) return undefined;
    // one that is damaged is listed as well: it is to be found, and set again
    try { return { name, changedAt: new Date(parseSealed(found.text, name, found.file).changedAt) }; } catch (e) { if (MlstackError.is(e, "MLS8002")) return { name }; throw e; }
  }
}

function decoded(name: string): string {
  try { return decodeURIComponent(name); } catch { return ""; }
}

function checkSecret(name: string, value: string): void {
  if (!NAME.test(name)) {
    const lower = name.toLowerCase().replace(/[^a-z0-9._/-]+/g, "-").replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, "").slice(0, 100);
    throw new MlstackError("MLS8004", `${JSON.stringify(name)} is no name for a secret`, { why: "it may hold a-z, 0-9, and between them . _ - and /; at most 100 of them", fix: NAME.test(lower) ? `call it ${lower}` : "call it such as db-password" });
  }
  if (value === "") throw new MlstackError("MLS8004", `the value of ${JSON.stringify(name)} is empty`, { fix: `mlstack secret delete ${name}, if it is not needed any more` });
  if (Buffer.byteLength(value) > MOST_BYTES) throw new MlstackError("MLS8004", `the value of ${JSON.stringify(name)} has ${Buffer.byteLength(value)} bytes`, { why: `a secret has at most ${MOST_BYTES}`, fix: "keep data where data is kept, and its key here" });
}
