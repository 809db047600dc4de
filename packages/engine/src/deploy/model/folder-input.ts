import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MlstackError, nameList, type InputDir, type ManifestFile } from "@mlstack/core";

/** An artifact whose files were laid out in a folder. Content is compared with its digest whenever it is read. */
export function folderInput(dir: string, files: readonly ManifestFile[]): InputDir {
  const find = (name: string): ManifestFile => {
    const found = files.find((f) => f.path === name);
    if (found === undefined) throw new MlstackError("MLS3001", `the artifact has no file ${JSON.stringify(name)}`, { why: `it has ${nameList(files.map((f) => f.path))}` });
    return found;
  };
  const compare = (file: ManifestFile, digest: string) => {
    if (digest !== file.sha256) throw new MlstackError("MLS3002", `the file ${file.path} of the deployed model was changed`, { why: join(dir, file.path), fix: "delete the deployment and deploy the model again" });
  };
  async function* stream(name: string): AsyncIterable<Uint8Array> {
    const file = find(name);
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(join(dir, name)) as AsyncIterable<Uint8Array>) { hash.update(chunk); yield chunk; }
    compare(file, hash.digest("hex"));
  }
  const checked = async (name: string) => { for await (const _ of stream(name)); return join(dir, name); };
  return {
    files, stream,
    async read(name) {
      const file = find(name);
      const bytes = await readFile(join(dir, name));
      compare(file, createHash("sha256").update(bytes).digest("hex"));
      return bytes;
    },
    file: checked,
    async path() { for (const { path } of files) await checked(path); return dir; },
  };
}
