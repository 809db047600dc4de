import { MlstackError } from "@mlstack/core";
import type { Dirent } from "node:fs";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { byPath, type ArtifactDirectory, type ArtifactDirectoryEntry } from "./artifact-directory.ts";
import { fileRefused, requireName } from "./artifact-file.ts";

/**
 * A folder of this machine, to be returned for an output that is declared as `storedDirectory()`. Nothing is read here, and the folder
 * need not exist yet. The folder itself may be a link; links inside are refused.
 *
 * @param path relative to the working directory, or absolute
 * @throws by its methods MLS3009, before anything is stored, for a folder that would not come back as it is: links, sockets, devices,
 *   empty folders inside, names that differ only in case, are not Unicode or not in composed form (NFC)
 */
export function localDirectory(path: string): ArtifactDirectory {
  const absolute = resolve(path);
  const root = (): Promise<string> => folder(absolute);
  return {
    path: root,
    async files() {
      const found: ArtifactDirectoryEntry[] = [];
      await collect(await root(), "", found);
      return found.toSorted(byPath);
    },
    async file(name) {
      const at = join(await root(), ...name.split("/"));
      const found = name.split("/").includes("..") ? undefined : await lstat(at).catch(() => undefined);
      if (found?.isFile() !== true) throw new MlstackError("MLS3001", `the folder has no file "${name}"`, { details: { folder: absolute, name } });
      return at;
    },
  };
}

async function folder(absolute: string): Promise<string> {
  try {
    const path = await realpath(absolute);
    if ((await stat(path)).isDirectory()) return path;
  } catch (cause) {
    throw fileRefused(absolute, "cannot be read", "return a folder that the step has written", cause);
  }
  throw fileRefused(absolute, "is not a folder", "return a folder; for one file declare storedFile()");
}

async function collect(at: string, prefix: string, found: ArtifactDirectoryEntry[]): Promise<void> {
  const entries = await readdir(at, { withFileTypes: true, encoding: "buffer" });
  if (entries.length === 0 && prefix !== "") throw fileRefused(prefix.slice(0, -1), "is an empty folder, which would not come back", "remove it, or write a file into it");
  const seen = new Map<string, string>();
  for (const entry of entries) {
    const name = nameOf(entry, prefix);
    const path = prefix + name;
    const twin = seen.get(name.toLowerCase());
    if (twin !== undefined) throw fileRefused(path, `and "${twin}" differ only in case: some machines keep only one of them`, "rename one of them");
    seen.set(name.toLowerCase(), path);
    if (entry.isDirectory()) await collect(join(at, name), `${path}/`, found);
    else if (entry.isFile()) found.push({ path, size: (await stat(join(at, name))).size });
    else throw fileRefused(path, `is ${entry.isSymbolicLink() ? "a link" : "not a regular file"}`, entry.isSymbolicLink() ? "copy what it points to" : "remove it");
  }
}

function nameOf(entry: Dirent<Buffer>, prefix: string): string {
  const name = entry.name.toString("utf8");
  const path = prefix + name;
  if (!Buffer.from(name).equals(entry.name)) throw fileRefused(path, "has a name that is not UTF-8", "rename it");
  requireName(name, path);
  return name;
}
