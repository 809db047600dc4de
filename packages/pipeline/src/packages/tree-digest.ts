import { hashFile, sha256 } from "./hash.ts";
import type { TreeIndex } from "./tree-index.ts";
import { packageFiles, type PackageFile } from "./walk.ts";

export interface Tree {
  /** SHA-256 over the sorted (relative path, SHA-256) of its files. */
  readonly digest: string;
  /** It holds machine code or what is built to it. */
  readonly native: boolean;
  /** Digest of the names and states of its files: another as soon as somebody writes to one of them. */
  readonly state: string;
  /** The state of each file, by path. */
  readonly states: ReadonlyMap<string, string>;
  /** When one of them was changed last, in nanoseconds since 1970. */
  readonly changed: bigint;
}

/** The state of a package's files as it is now, which `Tree.state` can be compared with. */
export function treeState(folder: string): string {
  return stateOf(packageFiles(folder));
}

function stateOf(files: readonly PackageFile[]): string {
  return sha256(files.map(({ relative, state }) => `${relative}\0${state}\n`).join(""));
}

/** No file system that is in use keeps times coarser than this (FAT does, at two seconds). */
const GRANULARITY_NS = 2_000_000_000n;

/**
 * Digests of packages' folders. Only paths and contents count, not modes, times or where the folder lies, so that the same tarball has
 * the same digest on every machine.
 *
 * A folder whose files all have the size, times and inode that they had is not read again. The change time is among them because,
 * unlike the modification time, it can't be set back. A file that changed just before it was looked at could change once more without
 * a new time, so such a folder is not remembered yet; git knows the same hole.
 */
export function treeDigester(index: TreeIndex, now: () => number = Date.now): { digest(folder: string): Tree } {
  return {
    digest(folder) {
      const settled = BigInt(now()) * 1_000_000n - GRANULARITY_NS;
      const files = packageFiles(folder);
      const native = files.some((file) => isNative(file.relative));
      const state = stateOf(files);
      const changed = files.reduce((latest, file) => (file.changed > latest ? file.changed : latest), 0n);
      const seen = { native, state, states: new Map(files.map((file) => [file.path, file.state])), changed };
      const remembered = index.get(folder, state);
      if (remembered !== undefined) return { digest: remembered, ...seen };
      const digest = contentDigest(files);
      if (changed < settled) index.put(folder, state, digest);
      return { digest, ...seen };
    },
  };
}

/** Names are in NFC, since some file systems give them back decomposed. */
function contentDigest(files: readonly PackageFile[]): string {
  const lines = files.map(({ path, relative, size }) => `${relative.normalize("NFC")}\0${hashFile(path, size)}\n`);
  return sha256(lines.toSorted().join(""));
}

/** Libraries and programs count besides Node's own addons: a package may call them by ffi or start them. WebAssembly does not. */
function isNative(relative: string): boolean {
  return relative === "binding.gyp" || /\.(?:node|dll|dylib|exe|so(?:\.\d+)*)$/i.test(relative);
}
