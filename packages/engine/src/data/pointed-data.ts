import { statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ArtifactStore, DataPointer } from "@mlstack/core";
import { InputFolder } from "../artifacts/input-folder.ts";
import type { ContentSpace } from "../store/content-space.ts";
import { hashFile } from "../artifacts/output-folder.ts";
import { makeManifest } from "../store/manifest.ts";
import { trackedReads } from "../store/tracked-reads.ts";
import { dataResolver, type OpenData } from "./data-resolver.ts";
import { externalDataOf } from "./external-data.ts";
import { changing, dataFiles, folderDigest, folderStream, localDataPath } from "./local-data.ts";

/** Copies local data into the content space, for steps that will not see this machine. Data behind a URI stays where it is. */
export async function shareData(pointer: DataPointer, projectDir: string, content: ContentSpace): Promise<DataPointer> {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(pointer.uri) && !pointer.uri.startsWith("file:")) return pointer;
  const path = localDataPath(projectDir, pointer.uri);
  const isFolder = statSync(path).isDirectory();
  const sources = isFolder ? dataFiles(pointer.uri, path) : [{ file: path, name: pointer.name }];
  const files = [];
  for (const { file, name } of sources) {
    const { digest, size } = await hashFile(file);
    await content.putFile({ kind: "file", path: file, size }, digest);
    // a folder keeps its name, too: the last segment of a path is part of the key
    files.push({ path: isFolder ? `${pointer.name}/${name}` : name, size, sha256: digest });
  }
  if ((isFolder ? folderDigest(files.map((f) => ({ name: f.path.slice(pointer.name.length + 1), digest: f.sha256, size: f.size }))).digest : files[0]?.sha256) !== pointer.digest) throw changing(path);
  return { ...pointer, manifest: await content.putManifest(makeManifest(files)) };
}

/** What a step is given for data that was resolved by the driver, in a process of its own. */
export async function pointedData(pointer: DataPointer, place: { readonly projectDir: string; readonly indexPath: string; readonly content: ContentSpace; readonly store: ArtifactStore; readonly scratch: string }): Promise<OpenData> {
  const { uri, name, digest, size } = pointer;
  const { content, store, scratch, projectDir, indexPath } = place;
  if (pointer.manifest !== undefined) {
    const reads = trackedReads(content);
    const folder = new InputFolder(await content.readManifest(pointer.manifest), reads.content, scratch);
    // the digest of a folder is that of its listing, never that of its one file
    const [first] = folder.files;
    const single = folder.files.length === 1 && first?.sha256 === digest ? first.path : undefined;
    const whole = async () => { const inner = join(await folder.path(), name); await mkdir(inner, { recursive: true }); return inner; };
    return {
      handle: { uri, name, digest, size, path: () => (single === undefined ? whole() : folder.file(single)), stream: () => { if (single === undefined) throw folderStream(uri); return folder.stream(single); } },
      // what is not as it was is refused, for the store's copy is nobody's to write to
      changed: async () => { await reads.settle(); return false; },
    };
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(uri) && !uri.startsWith("file:")) return (await externalDataOf(pointer, { store: async () => store, index: { get: () => undefined, set: () => undefined }, scratch })).open();
  const found = await dataResolver(projectDir, indexPath, async () => store, scratch).resolve(pointer.kind, uri);
  if (found.pointer.digest !== digest) throw changing(uri);
  return found.open();
}
