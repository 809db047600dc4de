import { createWriteStream } from "node:fs";
import { copyFile, mkdir, mkdtemp, rename, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { MlstackError, nameList, type InputDir, type ManifestFile } from "@mlstack/core";
import type { ContentSpace } from "../store/content-space.ts";
import type { Manifest } from "../store/manifest.ts";

/** Where a codec reads. Files come from the content space on demand, compared with their digest before anybody sees them. */
export class InputFolder implements InputDir {
  readonly files: readonly ManifestFile[];
  readonly #content: ContentSpace;
  readonly #scratch: string;
  readonly #fetched = new Map<string, Promise<string>>();
  #root: Promise<string> | undefined;

  /** @param scratch a folder that lives as long as the values that are read from here */
  constructor(manifest: Manifest, content: ContentSpace, scratch: string) {
    this.files = manifest.files;
    this.#content = content;
    this.#scratch = scratch;
  }

  async read(name: string): Promise<Uint8Array> { return this.#content.read(this.#find(name).sha256); }

  stream(name: string): AsyncIterable<Uint8Array> { return this.#content.stream(this.#find(name).sha256); }

  file(name: string): Promise<string> {
    const found = this.#find(name);
    let path = this.#fetched.get(name);
    if (path === undefined) this.#fetched.set(name, (path = this.#fetch(found)));
    return path;
  }

  async path(): Promise<string> {
    for (const file of this.files) await this.file(file.path);
    return this.#folder();
  }

  #folder(): Promise<string> {
    return (this.#root ??= mkdir(this.#scratch, { recursive: true }).then(() => mkdtemp(join(this.#scratch, "in-"))));
  }

  async #fetch(file: ManifestFile): Promise<string> {
    const to = join(await this.#folder(), file.path);
    await mkdir(dirname(to), { recursive: true });
    const local = await this.#content.inPlace(file.sha256);
    if (local !== undefined) {
      // used in place, under its own name
      await symlink(local, to).catch(() => copyFile(local, to));
      return to;
    }
    const partial = `${to}.partial`;
    try { await pipeline(this.#content.stream(file.sha256), createWriteStream(partial, { mode: 0o444 })); } catch (e) { await rm(partial, { force: true }); throw e; }
    await rename(partial, to);
    return to;
  }

  #find(name: string): ManifestFile {
    const found = this.files.find((f) => f.path === name);
    if (found !== undefined) return found;
    throw new MlstackError("MLS3001", `the artifact has no file ${JSON.stringify(name)}`, { why: `it has ${nameList(this.files.map((f) => f.path))}` });
  }
}
