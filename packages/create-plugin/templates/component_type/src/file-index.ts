import { randomUUID } from "node:crypto";
import { access, constants, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { MlstackError } from "@mlstack/core";
import type { VectorIndex } from "./contract.ts";

type Vectors = ReadonlyMap<string, readonly number[]>;

/**
 * Vectors in a file of JSON, which is written anew as a whole: for tests and small sets, and one process that writes. With a service, its client is made
 * here, and each method is a request of it.
 */
export function fileIndex(path: string, projectDir: string): VectorIndex {
  const file = resolve(projectDir, path);
  let last: Promise<unknown> = Promise.resolve();
  /** One change after another. */
  const change = async (edit: (vectors: Map<string, readonly number[]>) => void, signal: AbortSignal | undefined): Promise<void> => {
    signal?.throwIfAborted();
    const before = last;
    const turn = (async () => {
      await before;
      signal?.throwIfAborted();
      const vectors = new Map(await read(file));
      edit(vectors);
      await write(file, vectors);
    })();
    last = turn.catch(() => undefined);
    return turn;
  };

  return {
    contract: "acme.vector_index@1",
    upsert: (items, { signal } = {}) => change((vectors) => {
      for (const { id, vector } of items) {
        const [there = vector] = vectors.values();
        if (vector.length !== there.length) throw new MlstackError("MLS6003", `the vector ${id} has ${vector.length} numbers, and others have ${there.length}`);
        if (vector.length === 0 || !vector.every(Number.isFinite)) throw new MlstackError("MLS6003", `the vector ${id} is empty, or holds what is no finite number`);
        vectors.set(id, [...vector]);
      }
    }, signal),
    async query(vector, k, { signal } = {}) {
      signal?.throwIfAborted();
      const vectors = await read(file);
      const [there = vector] = vectors.values();
      if (vector.length !== there.length) throw new MlstackError("MLS6003", `the vector has ${vector.length} numbers, and those that are there have ${there.length}`);
      const all = [...vectors].map(([id, other]) => ({ id, similarity: cosine(vector, other) }));
      return all.toSorted((a, b) => b.similarity - a.similarity || (a.id < b.id ? -1 : 1)).slice(0, k);
    },
    delete: (ids, { signal } = {}) => change((vectors) => { for (const id of ids) vectors.delete(id); }, signal),
    async check() {
      const folder = dirname(file);
      const error = await mkdir(folder, { recursive: true }).then(() => access(folder, constants.W_OK)).then(() => undefined, (e: unknown) => failure(e, file));
      return [{ name: "folder writable", ok: error === undefined, message: error?.message ?? folder }];
    },
  };
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, value, n) => sum + value * y[n]!, 0);
  const lengths = Math.sqrt(dot(a, a) * dot(b, b));
  return lengths === 0 ? 0 : dot(a, b) / lengths;
}

async function read(file: string): Promise<Vectors> {
  const text = await readFile(file, "utf8").catch((e: unknown) => { if ((e as { code?: string }).code === "ENOENT") return "{}"; throw failure(e, file); });
  try { return new Map(Object.entries(JSON.parse(text) as Record<string, number[]>)); } catch (e) { throw failure(e, file); }
}

async function write(file: string, vectors: Vectors): Promise<void> {
  const half = `${file}.${randomUUID()}`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(half, JSON.stringify(Object.fromEntries(vectors)));
    await rename(half, file);
  } catch (e) {
    await rm(half, { force: true });
    throw failure(e, file);
  }
}

/** Every rejection is an MlstackError. Of a service: MLS6001 where it does not serve at the moment, MLS6002 where the credentials do not allow it, else MLS6003. */
function failure(e: unknown, file: string): MlstackError {
  const { code = "", message } = e as { code?: string; message?: string };
  return new MlstackError(["EACCES", "EPERM", "EROFS"].includes(code) ? "MLS6002" : "MLS6003", `${file} can't be used: ${message ?? code}`, { cause: e });
}
