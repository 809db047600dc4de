import { MlstackError } from "@mlstack/core";

/**
 * One file as an artifact's value: the same type where a step returns it (made by `localFile`) and where a step reads it. Nothing is
 * read until it is asked for.
 */
export interface ArtifactFile {
  /** Its name in the artifact, such as `model.onnx`. */
  readonly name: string;
  /** In bytes. */
  size(): Promise<number>;
  /** Hex SHA-256 of the bytes; a file that is not stored yet is read for it. */
  sha256(): Promise<string>;
  /** A local path to the bytes, fetched on demand. Read-only: copy the file before changing it. */
  path(): Promise<string>;
  /** The bytes piece by piece. Of an input that is left early, the rest is read before the step's result is stored: all of it must be what its digest says. */
  stream(): AsyncIterable<Uint8Array>;
  /** All bytes, in memory. */
  bytes(): Promise<Uint8Array>;
}

/** The error for a file or folder that cannot be stored. */
export function fileRefused(path: string, problem: string, fix: string, cause?: unknown): MlstackError {
  return new MlstackError("MLS3009", `"${path}" ${problem}`, { fix, details: { path, problem }, cause });
}

/** Refuses a name that some machine could not keep: of a file or folder, without what lies above it. */
export function requireName(name: string, path: string): void {
  if (name === "" || name === "." || name === ".." || /[/\\\0]/.test(name)) throw fileRefused(path, "has no name that a file can have everywhere", "rename it");
  if (/\p{Surrogate}/u.test(name)) throw fileRefused(path, "has a name that is not Unicode", "rename it");
  if (name !== name.normalize("NFC")) throw fileRefused(path, "has a name that is not in Unicode's composed form (NFC)", `rename it to name.normalize("NFC")`);
}
