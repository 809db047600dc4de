import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ContentSpace } from "../store/content-space.ts";

/** Writes the files of a manifest into a folder. */
export async function layOut(manifest: string, content: ContentSpace, dir: string): Promise<void> {
  for (const file of (await content.readManifest(manifest)).files) {
    const to = join(dir, file.path);
    await mkdir(dirname(to), { recursive: true });
    await writeFile(to, await content.read(file.sha256));
  }
}
