import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readJson, record, type Loose } from "./json.ts";

/** Goes up when the digest or the form of the index changes: an index of another version is not used. */
const VERSION = 1;

/** Remembers digests of package folders between runs, by the state that their files were in. */
export interface TreeIndex {
  get(folder: string, state: string): string | undefined;
  put(folder: string, state: string, digest: string): void;
  flush(): void;
}

type Entries = Map<string, readonly [state: string, digest: string]>;

/**
 * The index in `<stateDir>/packages.json`. It only saves time, so nothing about it is an error: one that is missing, broken or of
 * another version is an empty one, and where it can't be written the next run computes again. Written beside and renamed, so that a
 * reader never sees half of it; of two writers at once the last one wins, with what the first wrote before it.
 */
export function treeIndex(stateDir: string): TreeIndex {
  const path = join(stateDir, "packages.json");
  const fresh: Entries = new Map();
  let stored: Entries | undefined;

  return {
    get(folder, state) {
      stored ??= load(path);
      const entry = fresh.get(folder) ?? stored.get(folder);
      return entry?.[0] === state ? entry[1] : undefined;
    },
    put(folder, state, digest) {
      fresh.set(folder, [state, digest]);
    },
    flush() {
      if (fresh.size === 0) return;
      const all = new Map([...load(path), ...fresh]);
      const kept = [...all].filter(([folder]) => existsSync(folder)).toSorted(([a], [b]) => (a < b ? -1 : 1));
      if (writeIndex(stateDir, path, { version: VERSION, packages: Object.fromEntries(kept) })) fresh.clear();
      stored = all;
    },
  };
}

/** Writes a file beside its place and renames it. False where that can't be done. */
export function writeIndex(stateDir: string, path: string, content: Loose): boolean {
  const beside = `${path}.${process.pid}-${randomUUID().slice(0, 8)}.tmp`;
  try {
    mkdirSync(stateDir, { recursive: true });
    writeFileSync(beside, JSON.stringify(content), { flag: "wx" });
    renameSync(beside, path);
    return true;
  } catch {
    try { rmSync(beside, { force: true }); } catch { /* it could not be written in the first place */ }
    return false;
  }
}

function load(path: string): Entries {
  const entries: Entries = new Map();
  let json: Loose | undefined;
  try { json = readJson(path); } catch { return entries; }
  if (json?.["version"] !== VERSION) return entries;
  for (const [folder, entry] of Object.entries(record(json["packages"]))) {
    const [state, digest] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (isDigest(state) && isDigest(digest)) entries.set(folder, [state, digest]);
  }
  return entries;
}

function isDigest(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}
