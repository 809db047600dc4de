import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { ArtifactType, InputDir } from "@mlstack/core";
import { inputDir, listing, outputDir } from "../../files/stored-value.ts";
import { NotApplicable } from "../suite.ts";

/** A format under test: an artifact type, and values of it. Needs no service; its files lie in a folder of this machine, which is removed. */
export interface FormatSubject<T = unknown> {
  /** The type whose codec is tried. */
  readonly type: ArtifactType<T>;
  /** Values that come back as they are: the usual ones, the empty one, the odd ones. No two of them are equal. */
  readonly samples: readonly { readonly name: string; readonly value: T }[];
  /** Values that it can't hold, each for a reason of its own. */
  readonly rejects?: readonly { readonly name: string; readonly value: unknown }[] | undefined;
  /** Files that are no artifact of it. */
  readonly damaged?: readonly { readonly name: string; readonly files: FileContents }[] | undefined;
  /** Artifacts that earlier versions or other programs have written, and what they hold. */
  readonly kept?: readonly { readonly name: string; /** One of those that the codec reads. */ readonly format: string; readonly files: FileContents; readonly value: T }[] | undefined;
  /** Whether two values are equal; by default as `isDeepStrictEqual` of node:util sees it. */
  same?(a: T, b: T): boolean | Promise<boolean>;
}

/** Files of an artifact by their paths. */
export type FileContents = Readonly<Record<string, Uint8Array | string>>;

/** An artifact in a folder. */
export interface Stored {
  readonly folder: string;
  readonly input: InputDir;
  /** Of the files, or of the value where the codec has a digest of that. */
  readonly digest: string;
}

export interface FormatContext {
  readonly subject: FormatSubject;
  readonly type: ArtifactType<unknown>;
  same(a: unknown, b: unknown): Promise<boolean>;
  /** Saves a value into a folder of its own. */
  save(value: unknown): Promise<Stored>;
  /** Reads what was stored, as a process does that has nothing else of it. */
  load(stored: Pick<Stored, "input">, format?: string): Promise<unknown>;
  /** An artifact of these files. */
  artifact(files: FileContents): Promise<Stored>;
  /** The folder in which all others lie. */
  readonly root: string;
}

export async function withinFormat<T>(subject: FormatSubject, _id: string, use: (context: FormatContext) => Promise<T>): Promise<T> {
  const { type } = subject;
  if (type.items !== undefined || type.settled !== undefined || type.optional === true) throw new NotApplicable(`${type.format} holds artifacts of another type: put that one under test`);
  const place = await mkdtemp(join(tmpdir(), "mlstack-conformance-"));
  const [root, store] = [join(place, "artifacts"), join(place, "store")];
  for (const one of [root, store]) await mkdir(one);
  const stored = async (folder: string, digest?: string): Promise<Stored> => {
    const files = await listing(folder);
    const input = inputDir(folder, files);
    // as in a store, a file's path ends in its digest: nothing can be told by its name
    const file = async (name: string): Promise<string> => {
      const from = await input.file(name);
      const to = join(store, files.find((one) => one.path === name)!.sha256);
      await copyFile(from, to);
      return to;
    };
    return { folder, input: { ...input, file }, digest: digest ?? files.map(({ path, sha256 }) => `${path} ${sha256}`).join("\n") };
  };
  try {
    return await use({
      subject, type, root,
      same: async (a, b) => (subject.same === undefined ? isDeepStrictEqual(a, b) : subject.same(a, b)),
      async save(value) {
        const folder = await mkdtemp(join(root, "saved-"));
        await type.codec.save(value, outputDir(folder));
        return stored(folder, await type.codec.contentDigest?.(value));
      },
      load: async ({ input }, format = type.format) => type.codec.load(input, format),
      async artifact(files) {
        const folder = await mkdtemp(join(root, "made-"));
        for (const [path, content] of Object.entries(files)) { await mkdir(dirname(join(folder, path)), { recursive: true }); await writeFile(join(folder, path), content); }
        return stored(folder);
      },
    });
  } finally { await rm(place, { recursive: true, force: true }); }
}
