import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, mkdirSync } from "node:fs";
import { copyFile, lstat, mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { MlstackError, type ArtifactHandle, type ArtifactType, type InputDir, type JsonObject, type ManifestFile, type OutputDir } from "@mlstack/core";

/** A value that was saved and read back. */
export interface StoredValue {
  readonly value: unknown;
  readonly metadata: JsonObject;
  readonly handle: ArtifactHandle;
}

/** Saves values and reads them back, each in a folder of its own. */
export function testFiles(folder: string): { through(type: ArtifactType<unknown>, value: unknown): Promise<StoredValue> } {
  async function through(type: ArtifactType<unknown>, value: unknown): Promise<StoredValue> {
    if (type.items !== undefined) return throughList(type, type.items, value);
    const root = await mkdtemp(join(folder, "artifact-"));
    await type.codec.save(value, outputDir(root));
    const metadata = (await type.codec.extractMetadata?.(value)) ?? {};
    await type.codec.preview?.(value);
    const input = inputDir(root, await listing(root));
    // what a settled type has saved may be a failure, and the codec reads both by their files
    const format = type.settled !== undefined && (value as { ok?: unknown }).ok === false ? FAILURE : type.format;
    return { value: await type.codec.load(input, format), metadata, handle: handleOf(format, input) };
  }

  async function throughList(type: ArtifactType<unknown>, items: ArtifactType<unknown>, value: unknown): Promise<StoredValue> {
    if (!Array.isArray(value)) throw new MlstackError("MLS1009", "a list was not given an array", { fix: "give an array" });
    const stored: StoredValue[] = [];
    for (const item of value as unknown[]) stored.push(await through(items, item));
    const root = await mkdtemp(join(folder, "list-"));
    await writeFile(join(root, "items.json"), JSON.stringify(stored.map(({ handle: { digest, format, size } }) => ({ digest, format, size }))));
    return { value: stored.map((s) => s.value), metadata: { items: stored.length }, handle: handleOf(type.format, inputDir(root, await listing(root))) };
  }
  return { through };
}

const FAILURE = "mlstack.failure/1";

/** Where a codec writes, in a folder of this machine. */
export function outputDir(root: string): OutputDir {
  const taken = new Set<string>();
  const at = (name: string): string => {
    if (name !== name.normalize("NFC") || name.includes("\\") || name.split("/").some((part) => ["", ".", ".."].includes(part))) throw new MlstackError("MLS3009", `${JSON.stringify(name)} is no name of a file in an artifact`, { fix: "write relative paths with slashes" });
    if (taken.has(name.toLowerCase()) && !taken.has(`=${name}`)) throw new MlstackError("MLS3009", `${JSON.stringify(name)} differs from another file in case only`, { why: "some file systems hold one of them only", fix: "rename it" });
    taken.add(name.toLowerCase());
    taken.add(`=${name}`);
    return join(root, name);
  };
  const inFolder = async (name: string) => { const path = at(name); await mkdir(dirname(path), { recursive: true }); return path; };
  return {
    path: root,
    write: async (name, data) => writeFile(await inFolder(name), data),
    createWriteStream(name) {
      const path = at(name);
      mkdirSync(dirname(path), { recursive: true });
      return createWriteStream(path);
    },
    async adopt(name, path) {
      if (!(await lstat(path)).isFile()) throw new MlstackError("MLS3009", `${JSON.stringify(path)} is no regular file`);
      await copyFile(path, await inFolder(name));
    },
  };
}

/** Where a codec reads what lies in a folder. */
export function inputDir(root: string, files: readonly ManifestFile[]): InputDir {
  const at = (name: string): string => {
    if (!files.some((file) => file.path === name)) throw new MlstackError("MLS3001", `the artifact has no file ${JSON.stringify(name)}`);
    return join(root, name);
  };
  return { files, read: async (name) => readFile(at(name)), stream: (name) => createReadStream(at(name)) as AsyncIterable<Uint8Array>, file: async (name) => at(name), path: async () => root };
}

/** @throws MLS3009 for what is no regular file */
export async function listing(root: string): Promise<ManifestFile[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const other = entries.find((entry) => !entry.isFile() && !entry.isDirectory());
  if (other !== undefined) throw new MlstackError("MLS3009", `${JSON.stringify(other.name)} is no regular file`, { fix: "write regular files only" });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/")).toSorted();
  return Promise.all(paths.map(async (path) => {
    const hash = createHash("sha256");
    let size = 0;
    for await (const piece of createReadStream(join(root, path)) as AsyncIterable<Uint8Array>) { hash.update(piece); size += piece.byteLength; }
    return { path, size, sha256: hash.digest("hex") };
  }));
}

export function handleOf(format: string, input: InputDir): ArtifactHandle {
  return { digest: createHash("sha256").update(JSON.stringify(input.files)).digest("hex"), format, size: input.files.reduce((sum, f) => sum + f.size, 0), open: async () => input };
}
