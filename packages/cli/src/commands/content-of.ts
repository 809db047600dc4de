import { MlstackError, type ManifestFile } from "@mlstack/core";
import { artifactsOf, scratchOf, type ArtifactRow, type Engine } from "@mlstack/engine";

/** The files of an artifact, and whether all of its bytes are in the stack's store. */
export async function contentOf(engine: Engine, a: ArtifactRow): Promise<{ readonly files: readonly ManifestFile[]; readonly present: boolean }> {
  const artifacts = await artifactsOf(engine)();
  const pointer = { manifest: a.manifest, identity: a.identity, format: a.format, size: a.size };
  try {
    const { files } = await artifacts.handle(pointer, scratchOf(engine)).open();
    return { files, present: await artifacts.present(pointer) };
  } catch (e) {
    if (MlstackError.is(e, "MLS3001")) return { files: [], present: false };
    throw e;
  }
}
