import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exactIndex } from "@acme/mlstack-vector-index/memory-index";
import type { IndexedVector, VectorIndex } from "@acme/mlstack-vector-index";
import { MlstackError } from "@mlstack/core";

/** An index whose collections are JSON files of a folder. One process changes it at a time. */
export function flatIndex({ folder, metric }: { readonly folder: string; readonly metric: VectorIndex["metric"] }): VectorIndex {
  const fileOf = (collection: string): string => join(folder, `${encodeURIComponent(collection)}.json`);
  return {
    ...exactIndex(metric, {
      async read(collection) {
        const file = fileOf(collection);
        const text = await readFile(file, "utf8").catch((e: NodeJS.ErrnoException) => { if (e.code === "ENOENT") return undefined; throw unusable(`${file} can't be read`, e); });
        if (text === undefined) return undefined;
        try { return new Map((JSON.parse(text) as readonly IndexedVector[]).map((one) => [one.id, one])); } catch (e) { throw unusable(`${file} is damaged`, e); }
      },
      async write(collection, kept) {
        const file = fileOf(collection);
        if (kept === undefined) { await rm(file, { force: true }); return; }
        await mkdir(folder, { recursive: true });
        // whole or not at all: a name of its own first, and then the right one
        const written = `${file}.${randomUUID()}`;
        await writeFile(written, JSON.stringify([...kept.values()]));
        await rename(written, file);
      },
    }),
    async check() {
      try { await mkdir(folder, { recursive: true }); return [{ name: "folder", ok: true, message: folder }]; } catch (e) { return [{ name: "folder", ok: false, message: `${folder} can't be made: ${(e as Error).message}` }]; }
    },
  };
}

const unusable = (message: string, cause: unknown): MlstackError => new MlstackError("MLS6003", message, { fix: "remove the file, and fill the collection again", cause });
