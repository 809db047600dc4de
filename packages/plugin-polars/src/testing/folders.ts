import { MlstackError, type ArtifactType, type InputDir, type OutputDir } from "@mlstack/core";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** For tests: runs `use` with a new folder, whose name is as awkward as a path may be, and removes it. */
export async function inFolder<R>(use: (path: string) => Promise<R>): Promise<R> {
  const root = await mkdtemp(join(tmpdir(), "mlstack-polars-"));
  const path = join(root, "a *[b]{c}? %20.parquet=d");
  await mkdir(path);
  try {
    return await use(path);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** For tests: a folder to write an artifact to. */
export function outputDir(path: string): OutputDir {
  return {
    path,
    write: (name, data) => writeFile(join(path, name), data),
    createWriteStream: (name) => createWriteStream(join(path, name)),
    adopt: () => Promise.reject(new Error("not here")),
  };
}

/** For tests: the files of a folder as an artifact. As in a store, a file's path ends in its digest, and is a link. */
export async function inputDir(path: string): Promise<InputDir> {
  const names = await readdir(path);
  const files = await Promise.all(names.map(async (name) => {
    const bytes = await readFile(join(path, name));
    return { path: name, size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  }));
  const find = (name: string): string => {
    const file = files.find((f) => f.path === name);
    if (file === undefined) throw new MlstackError("MLS3001", `no file "${name}"`);
    return file.sha256;
  };
  return {
    files,
    read: (name) => readFile(join(path, name)),
    stream: (name) => createReadStream(join(path, name)) as AsyncIterable<Uint8Array>,
    async file(name) {
      const link = join(await mkdtemp(join(path, "..", "store-")), find(name));
      await symlink(join(path, name), link);
      return link;
    },
    path: () => Promise.resolve(path),
  };
}

/** For tests: saves a value and reads it back; the files are there until `use` ends. */
export async function throughFiles<T, R>(type: ArtifactType<T>, value: T, use: (loaded: T, file: string) => R | Promise<R>): Promise<R> {
  return inFolder(async (path) => {
    await type.codec.save(value, outputDir(path));
    return use(await type.codec.load(await inputDir(path), type.format), join(path, "data.parquet"));
  });
}

/** For tests: reads an artifact of one file that something else has written. */
export async function loadBytes<T>(type: ArtifactType<T>, bytes: Uint8Array, name = "data.parquet"): Promise<T> {
  return inFolder(async (path) => {
    await writeFile(join(path, name), bytes);
    return type.codec.load(await inputDir(path), type.format);
  });
}
