import { randomUUID } from "node:crypto";
import { access, constants, mkdir, readdir, readFile, rename, rm, stat, unlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { MlstackError, type SecretStore } from "@mlstack/core";

const NAME = /^[a-z0-9][a-z0-9_.-]{0,99}$/;
/** In bytes; services have such a limit, too. */
const LARGEST = 64 * 1024;

/**
 * A file for each secret, not encrypted, which this user alone can read. With a service, its client is made here, and each method is a request of it. No
 * error, list or log may ever show a value: errors of an SDK may quote what was sent, so they are no cause of those of `set`.
 */
export function acmeSecrets(path: string, projectDir: string): SecretStore {
  const root = resolve(projectDir, path);
  return {
    contract: "secret_store@1",

    async get(name, { signal } = {}) {
      signal?.throwIfAborted();
      if (!NAME.test(name)) return undefined;
      const value = await readFile(join(root, name), "utf8").catch((e: unknown) => { if (isMissing(e)) return ""; throw failure(e, `reading ${name}`); });
      return value === "" ? undefined : value;
    },

    async list({ signal } = {}) {
      signal?.throwIfAborted();
      const names = await readdir(root).catch((e: unknown) => { if (isMissing(e)) return []; throw failure(e, "listing"); });
      const found = await Promise.all(names.filter((name) => NAME.test(name)).map(async (name) => {
        // one that is removed meanwhile is in no list
        const { size, mtime } = await stat(join(root, name)).catch(() => ({ size: 0, mtime: undefined }));
        return size === 0 ? [] : [{ name, changedAt: mtime }];
      }));
      return found.flat().toSorted((a, b) => (a.name < b.name ? -1 : 1));
    },

    async set(name, value, { signal } = {}) {
      signal?.throwIfAborted();
      if (!NAME.test(name)) throw new MlstackError("MLS8004", `${JSON.stringify(name)} can't be the name of a secret`, { fix: "use up to 100 lower-case letters, digits, . _ and -" });
      if (value === "" || Buffer.byteLength(value) > LARGEST) throw new MlstackError("MLS8004", `the value of ${name} is ${value === "" ? "empty" : "too long"}`, { fix: `give one of at most ${LARGEST} bytes` });
      const half = join(root, `~${randomUUID()}`);
      try {
        await mkdir(root, { recursive: true, mode: 0o700 });
        await writeFile(half, value, { mode: 0o600 });
        signal?.throwIfAborted();
        const replaced = await stat(join(root, name)).then(() => true, () => false);
        // all or nothing: of two that set the same name the later stays, and others lose nothing
        await rename(half, join(root, name));
        return { replaced };
      } catch (e) {
        await rm(half, { force: true });
        signal?.throwIfAborted();
        throw failure(e, `writing ${name}`);
      }
    },

    async delete(name, { signal } = {}) {
      signal?.throwIfAborted();
      if (!NAME.test(name)) return false;
      return unlink(join(root, name)).then(() => true, (e: unknown) => { if (isMissing(e)) return false; throw failure(e, `removing ${name}`); });
    },

    async check() {
      const error = await mkdir(root, { recursive: true, mode: 0o700 }).then(() => access(root, constants.W_OK)).then(() => undefined, (e: unknown) => failure(e, `writing to ${root}`));
      return [{ name: "folder writable", ok: error === undefined, message: error?.message ?? root }];
    },
  };
}

const isMissing = (e: unknown): boolean => ["ENOENT", "ENOTDIR"].includes((e as { code?: string }).code ?? "");

/** Every rejection is an MlstackError. Of a service: MLS6001 where it does not serve at the moment, MLS6002 where the credentials do not allow it, else MLS6003. */
function failure(e: unknown, doing: string): MlstackError {
  const { code = "unknown" } = e as { code?: string };
  return new MlstackError(["EACCES", "EPERM", "EROFS"].includes(code) ? "MLS6002" : "MLS6003", `${doing} failed: ${code}`);
}
