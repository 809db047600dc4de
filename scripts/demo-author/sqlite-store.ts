import { mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { isObjectKey, MlstackError, type ArtifactStore, type ObjectStat } from "@mlstack/core";

const CHUNK = 1 << 18;
type Row = Record<"key" | "version", string> & Record<"size" | "at", number> & { readonly body: Uint8Array | null };
const COLUMNS = "key, length(body) AS size, at, version";

/** All objects in one SQLite file, which is easily carried away. */
export function sqliteStore(path: string, projectDir: string): ArtifactStore {
  const file = resolve(projectDir, path);
  let db: DatabaseSync | undefined;
  const ask = (sql: string, ...values: SQLInputValue[]): Row[] => {
    try {
      mkdirSync(dirname(file), { recursive: true });
      if (db === undefined) (db = new DatabaseSync(file, { timeout: 60_000 })).exec("PRAGMA journal_mode = wal; PRAGMA synchronous = normal; CREATE TABLE IF NOT EXISTS objects (key TEXT PRIMARY KEY, body BLOB, at INTEGER, version TEXT)");
      return db.prepare(sql).all(...values) as Row[];
    } catch (e) {
      const { errcode, message } = e as { errcode?: number; message: string };
      throw new MlstackError(errcode === 5 ? "MLS6001" : errcode === 13 ? "MLS3004" : errcode === 8 ? "MLS3005" : "MLS3003", `${file}: ${message}`, { cause: e });
    }
  };
  const checked = (key: string, signal: AbortSignal | undefined): string => {
    signal?.throwIfAborted();
    if (!isObjectKey(key)) throw new MlstackError("MLS3011", `${JSON.stringify(key)} is no object key`);
    return key;
  };
  const statOf = ({ key, size, at, version }: Row): ObjectStat => ({ key, size, modifiedAt: new Date(at), version });
  return {
    contract: "artifact_store@1", capabilities: { createIfAbsent: true, wireChecksum: "none", deleteIfVersion: true },
    async put(key, source, { ifAbsent = false, signal } = {}) {
      checked(key, signal);
      const body = source.kind === "bytes" ? source.bytes : await readFile(source.path, { signal }).catch((e: unknown) => { signal?.throwIfAborted(); throw new MlstackError("MLS3003", `${source.path} can't be read`, { cause: e }); });
      if (source.kind === "file" && body.length < source.size) throw new MlstackError("MLS3003", `${source.path} has become shorter`);
      const written = ask(`INSERT INTO objects VALUES (?, ?, ?, hex(randomblob(16))) ON CONFLICT DO ${ifAbsent ? "NOTHING" : "UPDATE SET body = excluded.body, at = excluded.at, version = excluded.version"} RETURNING key`, key, body, Date.now());
      if (written.length === 0) throw new MlstackError("MLS3012", `${key} exists already`);
    },
    async get(key, { range, signal } = {}) {
      const [row] = ask("SELECT substr(body, ?, ?) AS body FROM objects WHERE key = ?", (range?.offset ?? 0) + 1, range?.length ?? Number.MAX_SAFE_INTEGER, checked(key, signal));
      if (row === undefined) throw new MlstackError("MLS3001", `there is no object ${key}`);
      // SQLite gives null for an empty one
      const body = row.body ?? new Uint8Array();
      async function* chunks(): AsyncGenerator<Uint8Array> { for (let at = 0; at < body.length; at += CHUNK) { signal?.throwIfAborted(); yield body.subarray(at, at + CHUNK); } signal?.throwIfAborted(); }
      return { size: body.length, bytes: async () => { signal?.throwIfAborted(); return body; }, close: async () => undefined, [Symbol.asyncIterator]: chunks };
    },
    async stat(key, { signal } = {}) { return ask(`SELECT ${COLUMNS} FROM objects WHERE key = ?`, checked(key, signal)).map(statOf)[0]; },
    async *list(prefix, { signal } = {}) {
      signal?.throwIfAborted();
      // no key has a character behind "~"
      for (const row of ask(`SELECT ${COLUMNS} FROM objects WHERE key >= ? AND key < ?`, prefix, `${prefix}~`)) { signal?.throwIfAborted(); yield statOf(row); }
    },
    async delete(key, { ifVersion, signal } = {}) { ask("DELETE FROM objects WHERE key = ?1 AND (?2 IS NULL OR version = ?2)", checked(key, signal), ifVersion ?? null); },
    async touch(key, { signal } = {}) { if (ask("UPDATE objects SET at = ? WHERE key = ? RETURNING key", Date.now(), checked(key, signal)).length === 0) throw new MlstackError("MLS3001", `there is no object ${key}`); },
    async check() {
      try { ask("SELECT key FROM objects LIMIT 1"); } catch (e) { return [{ name: "file writable", ok: false, message: (e as Error).message }]; }
      return [{ name: "file writable", ok: true, message: file }];
    },
    async dispose() { db?.close(); db = undefined; },
  };
}
