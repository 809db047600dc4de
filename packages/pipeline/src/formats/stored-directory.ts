import type { ArtifactType, InputDir, JsonObject } from "@mlstack/core";
import { byPath, type ArtifactDirectory, type ArtifactDirectoryEntry } from "./artifact-directory.ts";
import { artifactType, typeMismatch, type FormatOptions } from "./artifact-type.ts";

/** So many files are named in the preview. */
const SHOWN = 100;

/**
 * A folder of any size: format `directory/1`. A step returns `localDirectory(path)`, or a folder that it was given; a step that reads it
 * gets the same interface. The files keep their paths and bytes, not their times and permissions. They are streamed, never held in
 * memory. A folder without any file is fine; an empty folder inside a folder is refused, as it would be lost.
 *
 * (`dir()` is the parameter that names a folder outside of mlstack.)
 *
 * @throws on save MLS3009 for a folder that would not come back as it is (see `localDirectory`), MLS1009 for what is no
 *   ArtifactDirectory, such as a path
 */
export function storedDirectory(options: FormatOptions = {}): ArtifactType<ArtifactDirectory> {
  // after save the files may have been moved into the store
  const listings = new WeakMap<ArtifactDirectory, readonly ArtifactDirectoryEntry[]>();
  const filesOf = async (value: ArtifactDirectory): Promise<readonly ArtifactDirectoryEntry[]> => listings.get(value) ?? value.files();
  return artifactType<ArtifactDirectory>("directory/1", options, {
    async save(value, dir) {
      if (!isArtifactDirectory(value)) throw typeMismatch("directory/1", value, typeof value === "string" ? "localDirectory(path)" : "a folder: localDirectory(path)");
      const files = await value.files();
      listings.set(value, files);
      for (const { path } of files) await dir.adopt(path, await value.file(path));
    },
    load: (dir) => loaded(dir),
    async extractMetadata(value): Promise<JsonObject> {
      const files = await filesOf(value);
      return { files: files.length, bytes: files.reduce((sum, file) => sum + file.size, 0) };
    },
    async preview(value) {
      const files = await filesOf(value);
      const rows = files.slice(0, SHOWN).map((file) => [shortened(file.path), String(file.size)]);
      return { type: "table", columns: ["path", "bytes"], rows, totalRows: files.length };
    },
  });
}

function loaded(dir: InputDir): ArtifactDirectory {
  return {
    files: () => Promise.resolve(dir.files.map(({ path, size }) => ({ path, size })).toSorted(byPath)),
    path: () => dir.path(),
    file: (path) => dir.file(path),
  };
}

/** At most so long that the preview keeps within its 64 KiB. */
function shortened(path: string): string {
  return path.length <= 150 ? path : `…${path.slice(-149).replace(/^[\udc00-\udfff]/, "")}`;
}

function isArtifactDirectory(value: Partial<ArtifactDirectory> | null | undefined): value is ArtifactDirectory {
  return typeof value === "object" && value !== null && typeof value.files === "function" && typeof value.file === "function";
}
