import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { fileRefused, requireName, type ArtifactFile } from "./artifact-file.ts";

/**
 * A file of this machine, to be returned for an output that is declared as `storedFile()`. Nothing is read here, and the file need not
 * exist yet. A link is followed.
 *
 * @param path relative to the working directory, or absolute
 * @param options.name its name in the artifact, where it should not be the path's last part
 * @throws MLS3009 for a name that cannot be stored; later, by its methods, where there is no such file or it is not a regular one
 */
export function localFile(path: string, options: { readonly name?: string | undefined } = {}): ArtifactFile {
  const absolute = resolve(path);
  const name = options.name ?? basename(absolute);
  requireName(name, name);
  return {
    name,
    size: async () => (await regularFile(absolute)).size,
    sha256: () => digest(absolute),
    path: async () => (await regularFile(absolute)).path,
    stream: () => pieces(absolute),
    bytes: async () => new Uint8Array(await readFile((await regularFile(absolute)).path)),
  };
}

async function regularFile(absolute: string): Promise<{ path: string; size: number }> {
  try {
    const path = await realpath(absolute);
    const found = await stat(path);
    if (found.isFile()) return { path, size: found.size };
  } catch (cause) {
    throw fileRefused(absolute, "cannot be read", "return a file that the step has written", cause);
  }
  throw fileRefused(absolute, "is not a regular file", "return a regular file; for a folder declare storedDirectory()");
}

async function* pieces(absolute: string): AsyncIterable<Uint8Array> {
  const { path } = await regularFile(absolute);
  yield* createReadStream(path) as AsyncIterable<Uint8Array>;
}

async function digest(absolute: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of pieces(absolute)) hash.update(piece);
  return hash.digest("hex");
}
