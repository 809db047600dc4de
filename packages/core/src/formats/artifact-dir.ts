/** One file of an artifact. */
export interface ManifestFile {
  /** Relative POSIX path, NFC. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
}

/**
 * Where a codec writes an artifact's files: regular files under relative POSIX paths. Names that differ only in case are refused
 * (MLS3009), as are links and devices.
 */
export interface OutputDir {
  /**
   * A real, writable, local directory, for libraries that write by path. All files that are in it in the end become part of the artifact.
   */
  readonly path: string;
  /** Writes a file that is in memory; hashed on the way. Text is written as UTF-8. */
  write(name: string, data: Uint8Array | string): Promise<void>;
  /** Opens a file for writing piece by piece; hashed on the way. The artifact has it once the stream has finished. */
  createWriteStream(name: string): NodeJS.WritableStream;
  /**
   * Makes a file that exists elsewhere on this machine part of the artifact, as it is now. It is copied, unless the step made it in its own
   * scratch folder: then its bytes may be taken as they lie, and must not be written to any more. The same file may be given several times.
   */
  adopt(name: string, path: string): Promise<void>;
}

/** Where a codec reads an artifact's files. Content is compared with its digest before it is used (MLS3002). */
export interface InputDir {
  /** All of the artifact's files. */
  readonly files: readonly ManifestFile[];
  /** A whole file, in memory. Throws MLS3001 when the artifact has no such file. */
  read(name: string): Promise<Uint8Array>;
  /**
   * A file piece by piece. A difference from its digest is thrown at the latest when the last piece is asked for; of a stream that is left
   * early, before the step's result is stored, for which the rest is read.
   */
  stream(name: string): AsyncIterable<Uint8Array>;
  /** The local path of one file, fetched on demand. Read-only: copy it before changing it. */
  file(name: string): Promise<string>;
  /** A local directory that holds all files. Read-only. */
  path(): Promise<string>;
}
