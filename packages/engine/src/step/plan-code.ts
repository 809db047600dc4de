import { CODE, givenCode, SOURCES, type CodeIndex, type GivenCode } from "@mlstack/pipeline/compile";
import type { ContentSpace } from "../store/content-space.ts";

/**
 * The project's own code as a plan was compiled from it, out of the plan's bundle. Given to the source hooks, it is what runs, whatever the
 * files, tsconfig.json and package.json say by now.
 *
 * @param projectDir a real path
 */
export async function planCode(bundle: string | null, content: ContentSpace, projectDir: string): Promise<GivenCode> {
  const contents = new Map<string, Uint8Array>();
  let index: CodeIndex = { settings: [], modules: {} };
  for (const { path, sha256 } of bundle === null ? [] : (await content.readManifest(bundle)).files) {
    if (path === CODE) index = JSON.parse(Buffer.from(await content.read(sha256)).toString("utf8")) as CodeIndex;
    else if (path.startsWith(SOURCES)) contents.set(path.slice(SOURCES.length), await content.read(sha256));
  }
  return givenCode(projectDir, contents, index);
}
