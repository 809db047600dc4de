import type { ArtifactType, InputDir } from "@mlstack/core";
import { requireName, type ArtifactFile } from "./artifact-file.ts";
import { artifactType, readWhole, typeMismatch, unreadable, type FormatOptions } from "./artifact-type.ts";

/**
 * One file of any kind and size: format `file/1`. A step returns `localFile(path)`, or a file that it was given; a step that reads it
 * gets the same interface. The file keeps its name and bytes, not its times and permissions. It is streamed, never held in memory.
 *
 * (`file()` is the parameter that names a file outside of mlstack.)
 *
 * @throws on save MLS3009 for what is not a regular file, MLS1009 for what is no ArtifactFile, such as a path; on load MLS3008 for an
 *   artifact that has not exactly one file
 */
export function storedFile(options: FormatOptions = {}): ArtifactType<ArtifactFile> {
  return fileType("file/1", options);
}

/**
 * An ONNX model in one file: format `onnx.model/1`, otherwise as `storedFile()`, a `model` by default. Deployers that serve ONNX take it without a
 * predictor.
 */
export function onnxModel(options: FormatOptions = {}): ArtifactType<ArtifactFile> {
  return fileType("onnx.model/1", { kind: "model", ...options });
}

function fileType(id: string, options: FormatOptions): ArtifactType<ArtifactFile> {
  // after save the file may have been moved into the store
  const sizes = new WeakMap<ArtifactFile, number>();
  const sizeOf = async (value: ArtifactFile): Promise<number> => sizes.get(value) ?? value.size();
  return artifactType<ArtifactFile>(id, options, {
    async save(value, dir) {
      if (!isArtifactFile(value)) throw typeMismatch(id, value, typeof value === "string" ? "localFile(path)" : "a file: localFile(path)");
      requireName(value.name, value.name);
      sizes.set(value, await value.size());
      await dir.adopt(value.name, await value.path());
    },
    load: (dir, format) => loaded(dir, format),
    extractMetadata: async (value) => ({ name: value.name, bytes: await sizeOf(value) }),
  });
}

function loaded(dir: InputDir, format: string): ArtifactFile {
  const [entry, more] = dir.files;
  if (entry === undefined || more !== undefined || entry.path.includes("/")) {
    throw unreadable(format, `it has ${dir.files.length} files${entry === undefined ? "" : `, such as "${entry.path}"`}, where one without a folder is expected`);
  }
  const name = entry.path;
  return {
    name,
    size: () => Promise.resolve(entry.size),
    sha256: () => Promise.resolve(entry.sha256),
    path: () => dir.file(name),
    stream: () => dir.stream(name),
    bytes: () => readWhole(dir, format, name),
  };
}

function isArtifactFile(value: Partial<ArtifactFile> | null | undefined): value is ArtifactFile {
  return typeof value === "object" && value !== null && typeof value.name === "string" && typeof value.path === "function" && typeof value.size === "function";
}
