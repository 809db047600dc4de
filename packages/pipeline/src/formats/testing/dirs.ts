import { MlstackError, type ArtifactType, type InputDir, type ManifestFile, type OutputDir } from "@mlstack/core";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { copyFile, lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** For tests: an artifact in a temporary folder, written by one side and read by the other. */
export interface TestingDirs {
  readonly output: OutputDir;
  /** What was written so far. */
  input(): Promise<InputDir>;
  /** Removes the folder. */
  dispose(): Promise<void>;
}

/** Makes an empty artifact. */
export async function testingDirs(): Promise<TestingDirs> {
  const root = await mkdtemp(join(tmpdir(), "mlstack-formats-"));
  const names = new Set<string>();
  const at = async (name: string): Promise<string> => {
    if (name !== name.normalize("NFC") || names.has(name.toLowerCase()) || name.split("/").some((part) => ["", ".", ".."].includes(part))) {
      throw new MlstackError("MLS3009", `"${name}" is not a name of a file in an artifact`);
    }
    names.add(name.toLowerCase());
    await mkdir(dirname(join(root, name)), { recursive: true });
    return join(root, name);
  };
  return {
    output: {
      path: root,
      write: async (name, data) => writeFile(await at(name), data),
      createWriteStream: (name) => createWriteStream(join(root, name)),
      async adopt(name, path) {
        if (!(await lstat(path)).isFile()) throw new MlstackError("MLS3009", `"${path}" is not a regular file`);
        await copyFile(path, await at(name));
      },
    },
    input: async () => inputDir(root, await listing(root)),
    dispose: () => rm(root, { recursive: true, force: true }),
  };
}

function inputDir(root: string, files: readonly ManifestFile[]): InputDir {
  const at = (name: string): string => {
    if (!files.some((file) => file.path === name)) throw new MlstackError("MLS3001", `no file "${name}"`);
    return join(root, name);
  };
  return {
    files,
    read: async (name) => readFile(at(name)),
    stream: (name) => createReadStream(at(name)) as AsyncIterable<Uint8Array>,
    file: async (name) => at(name),
    path: async () => root,
  };
}

async function listing(root: string): Promise<ManifestFile[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.toSorted().map(async (path) => {
    const hash = createHash("sha256");
    let size = 0;
    for await (const piece of createReadStream(path) as AsyncIterable<Uint8Array>) {
      hash.update(piece);
      size += piece.length;
    }
    return { path: path.slice(root.length + 1), size, sha256: hash.digest("hex") };
  }));
}

/** For tests: saves a value, reads it back, and hands both over; the files are removed afterwards. */
export async function throughFiles<T, R>(type: ArtifactType<T>, value: T, use: (loaded: T, input: InputDir) => R | Promise<R>): Promise<R> {
  const dirs = await testingDirs();
  try {
    await type.codec.save(value, dirs.output);
    const input = await dirs.input();
    return await use(await type.codec.load(input, type.format), input);
  } finally {
    await dirs.dispose();
  }
}

/** For tests: an artifact in memory, of files that no codec has written. */
export function memoryInput(contents: Readonly<Record<string, string | Uint8Array>>, pieceSize = 7): InputDir {
  const bytes = (name: string): Uint8Array => {
    const content = contents[name];
    if (content === undefined) throw new MlstackError("MLS3001", `no file "${name}"`);
    return typeof content === "string" ? new TextEncoder().encode(content) : content;
  };
  return {
    files: Object.keys(contents).map((path) => ({ path, size: bytes(path).length, sha256: createHash("sha256").update(bytes(path)).digest("hex") })),
    read: (name) => Promise.resolve(bytes(name)),
    async *stream(name) {
      for (let at = 0; at < bytes(name).length; at += pieceSize) yield bytes(name).subarray(at, at + pieceSize);
    },
    file: () => Promise.reject(new Error("in memory")),
    path: () => Promise.reject(new Error("in memory")),
  };
}
