/** A file of an artifact that is a folder. */
export interface ArtifactDirectoryEntry {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
}

/**
 * A folder as an artifact's value: the same type where a step returns it (made by `localDirectory`) and where a step reads it. Nothing is
 * read until it is asked for.
 */
export interface ArtifactDirectory {
  /** All files, those in folders below too, sorted by path. */
  files(): Promise<readonly ArtifactDirectoryEntry[]>;
  /** A local folder that holds all files, fetched on demand. Read-only: copy it before changing it. */
  path(): Promise<string>;
  /** The local path of one file, fetched on demand; its path is one of `files()`. Throws MLS3001 when there is none. */
  file(path: string): Promise<string>;
}

/** The order of manifests: by the UTF-8 bytes of the path. */
export function byPath(a: ArtifactDirectoryEntry, b: ArtifactDirectoryEntry): number {
  return Buffer.compare(Buffer.from(a.path), Buffer.from(b.path));
}
