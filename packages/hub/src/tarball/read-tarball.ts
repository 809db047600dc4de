import { gunzipSync } from "node:zlib";
import { MlstackError } from "@mlstack/core/errors";
import type { ReadEntry } from "tar";
import { safePaths } from "./safe-paths.ts";

/** The files of a package by their path: relative, with `/`, in Unicode's form C, without the tarball's first folder. */
export type PackageFiles = ReadonlyMap<string, Uint8Array>;

/** What a package may hold at most. */
export interface TarballLimits {
  readonly files: number;
  /** Of all files together, unpacked, in bytes. */
  readonly bytes: number;
}

export const DEFAULT_LIMITS: TarballLimits = { files: 20_000, bytes: 256 * 1024 * 1024 };

/** A tarball is made of blocks: a header of one per entry, padding, and two or more of zeros at its end. */
const BLOCK = 512;
/** Names longer than a header's field, and other extensions, take entries of their own. */
const BLOCKS_PER_FILE = 8;

/**
 * Reads a package's tarball into memory, whole or not at all: nothing is written, so nothing can be written to a wrong place.
 *
 * @param what how messages call it: `s3@1.2.0`, or its path
 * @throws MLS8202 for links, devices, paths that lead out of the package or are not the same everywhere, two entries of one path, more than
 * the limits, and bytes that are no tarball
 */
export async function readTarball(bytes: Uint8Array, what: string, limits: TarballLimits = DEFAULT_LIMITS): Promise<PackageFiles> {
  const archive = unzipped(bytes, what, limits.bytes + (limits.files * BLOCKS_PER_FILE + 20) * BLOCK);
  const { Parser } = await import("tar");
  const entries: { readonly path: string; readonly chunks: Uint8Array[] }[] = [];
  const problems: string[] = [];
  let size = 0;
  const parser = new Parser({
    gzip: false, brotli: false, zstd: false,
    // a header that is wrong in any way is one that two programs may read differently
    onwarn: (code, message) => { problems.push(`${code}: ${String(message)}`); },
    onReadEntry: (entry) => {
      const kind = kindProblem(entry);
      if (kind !== undefined) problems.push(kind);
      const isFile = kind === undefined && entry.type !== "Directory";
      if (isFile && entries.length === limits.files) problems.push(`more than ${limits.files} files`);
      const keep = isFile && problems.length === 0;
      const chunks: Uint8Array[] = [];
      if (keep) entries.push({ path: entry.path, chunks });
      entry.on("data", (chunk: Uint8Array) => {
        size += chunk.length;
        if (size > limits.bytes) problems.push(`more than ${limits.bytes} bytes`);
        else if (keep) chunks.push(chunk);
      });
    },
  });
  parser.on("ignoredEntry", (entry: ReadEntry) => { problems.push(`${entry.path}: an entry of a kind that packages do not have (${entry.type})`); });
  try {
    await new Promise<void>((resolve, reject) => {
      parser.on("end", resolve).on("error", reject);
      parser.write(Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength));
      parser.end();
    });
  } catch (cause) { throw unsafe(what, cause instanceof Error ? cause.message : String(cause)); }
  const paths = safePaths(entries.map(({ path }) => path));
  const problem = problems[0] ?? paths.problem ?? (entries.length === 0 ? "it holds no files" : undefined);
  if (problem !== undefined) throw unsafe(what, problem);
  const files = entries.map(({ chunks }, i) => [paths.safe[i]!, chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)] as const);
  return new Map(files.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
}

function unzipped(bytes: Uint8Array, what: string, most: number): Uint8Array {
  try { return gunzipSync(bytes, { maxOutputLength: most }); } catch (e) {
    const { code, message } = e as NodeJS.ErrnoException;
    throw unsafe(what, code === "ERR_BUFFER_TOO_LARGE" ? `it unpacks to more than ${most} bytes` : `it is no gzip archive (${message})`);
  }
}

/** What files and folders are not: npm leaves links out without a word, other tools make them. */
function kindProblem(entry: ReadEntry): string | undefined {
  if (["File", "OldFile", "ContiguousFile", "Directory"].includes(entry.type)) return undefined;
  const kind = { SymbolicLink: "a symbolic link", Link: "a hard link" }[entry.type as string] ?? `a special file (${entry.type})`;
  return `${entry.path} is ${kind}${entry.linkpath === undefined ? "" : ` to ${entry.linkpath}`}`;
}

function unsafe(what: string, problem: string): MlstackError {
  return new MlstackError("MLS8202", `the tarball of ${what} is not safe to unpack: ${problem}`, {
    why: "a package holds plain files below one folder, under names that are the same on every system", fix: "do not install it, and tell its author", details: { package: what, problem },
  });
}
