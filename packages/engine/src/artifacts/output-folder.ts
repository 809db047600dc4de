import { createHash } from "node:crypto";
import { constants, createReadStream, createWriteStream, mkdirSync, mkdtempSync, statSync, writeFileSync } from "node:fs";
import { copyFile, link, lstat, mkdir, mkdtemp, readdir, realpath, rm, stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { Transform, type Writable } from "node:stream";
import { MlstackError, type ManifestFile, type OutputDir } from "@mlstack/core";
import type { ContentSpace } from "../store/content-space.ts";
import { sha256 } from "../store/manifest.ts";

/** A file in the scratch folder that may be moved from there, with what is known of its content so far. */
interface DiskFile { readonly path: string; digest?: string; size?: number }

/**
 * Where a codec writes. Small files that are written by `write` stay in memory and go to the store from there: most artifacts never
 * touch a temporary folder. What is written through this object is hashed on the way; what a library wrote by path is read once.
 */
export class OutputFolder implements OutputDir {
  readonly #scratch: string;
  readonly #memory = new Map<string, Uint8Array>();
  readonly #disk = new Map<string, DiskFile>();
  readonly #open = new Set<Promise<void>>();
  #path: string | undefined;

  /** @param scratch a folder of this attempt; files in it may be moved into the store */
  constructor(scratch: string) { this.#scratch = scratch; }

  get path(): string {
    if (this.#path === undefined) {
      mkdirSync(this.#scratch, { recursive: true });
      this.#path = mkdtempSync(join(this.#scratch, "out-"));
      // libraries that write by path expect to see what was written before
      for (const [name, bytes] of this.#memory) { const to = this.#place(name); writeFileSync(to, bytes); this.#disk.set(name, { path: to, digest: sha256(bytes), size: bytes.byteLength }); }
      this.#memory.clear();
    }
    return this.#path;
  }

  async write(name: string, data: Uint8Array | string): Promise<void> {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    if (this.#path === undefined) { this.#memory.set(name, bytes); return; }
    const to = this.#place(name);
    writeFileSync(to, bytes);
    this.#disk.set(name, { path: to, digest: sha256(bytes), size: bytes.byteLength });
  }

  createWriteStream(name: string): Writable {
    void this.path;
    const to = this.#place(name);
    const hash = createHash("sha256");
    let size = 0;
    const hashing = new Transform({ transform(chunk: Buffer, _encoding, done) { hash.update(chunk); size += chunk.byteLength; done(null, chunk); } });
    const file = createWriteStream(to);
    const done = new Promise<void>((ok, fail) => {
      file.once("close", () => { this.#disk.set(name, { path: to, digest: hash.digest("hex"), size }); ok(); });
      file.once("error", fail);
      hashing.once("error", fail);
    });
    done.catch(() => undefined);
    this.#open.add(done);
    hashing.pipe(file);
    return hashing;
  }

  async adopt(name: string, path: string): Promise<void> {
    const real = await realpath(path).catch((cause: unknown) => { throw new MlstackError("MLS3009", `the file ${path} does not exist`, { fix: "write it before it is returned", cause }); });
    if (!(await stat(real)).isFile()) throw new MlstackError("MLS3009", `${path} is not a regular file`, { why: "folders and devices mean something else on another machine", fix: "copy the content into a file" });
    await mkdir(this.#scratch, { recursive: true });
    const own = join(await mkdtemp(join(this.#scratch, "adopted-")), "file");
    // A file of the attempt gets a second name, which may be moved into the store: it can still be given for another output. What lies
    // elsewhere may change at any time, so it is copied first: what is hashed is what is stored.
    const isOurs = real.startsWith((await realpath(this.#scratch)) + sep);
    await (isOurs ? link(real, own).catch(() => copyFile(real, own)) : copyFile(real, own, constants.COPYFILE_FICLONE));
    this.#disk.set(name, { path: own });
  }

  #place(name: string): string {
    const to = join(this.path, name);
    if (!to.startsWith(this.path + sep)) throw new MlstackError("MLS3009", `the file name ${JSON.stringify(name)} leads out of the artifact`, { fix: "use a plain relative name" });
    mkdirSync(dirname(to), { recursive: true });
    return to;
  }

  /** Puts everything into the content space and returns the files. The folder is gone afterwards. */
  async commit(content: ContentSpace): Promise<ManifestFile[]> {
    await Promise.all(this.#open);
    if (this.#path !== undefined) await this.#collect(this.#path);
    const files: ManifestFile[] = [];
    for (const [path, bytes] of this.#memory) {
      const digest = sha256(bytes);
      await content.putBytes(bytes, digest);
      files.push({ path, size: bytes.byteLength, sha256: digest });
    }
    for (const [name, file] of this.#disk) {
      const before = written(file.path);
      const known = file.digest === undefined || file.size === undefined ? await hashFile(file.path) : { digest: file.digest, size: file.size };
      if (written(file.path) !== before) throw new MlstackError("MLS3009", `the file ${JSON.stringify(name)} was written to while it was being stored`, { why: "something that the step has started is still writing", fix: "wait for it, and close the file, before the step returns" });
      await content.putFile({ kind: "file", path: file.path, size: known.size, mayMove: true }, known.digest);
      files.push({ path: name, size: known.size, sha256: known.digest });
    }
    if (this.#path !== undefined) await rm(this.#path, { recursive: true, force: true });
    return files;
  }

  /** Finds what a library wrote by path, also where it replaced a file that was written through this object. */
  async #collect(root: string): Promise<void> {
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory()) continue;
      const path = join(entry.parentPath, entry.name);
      const name = relative(root, path).split(sep).join("/").normalize("NFC");
      if (!entry.isFile()) throw new MlstackError("MLS3009", `${JSON.stringify(name)} is not a regular file`, { why: "links and devices mean something else on another machine", fix: "save the content itself" });
      const before = this.#disk.get(name);
      const size = (await lstat(path)).size;
      if (before?.path !== path || before.size !== size) this.#disk.set(name, { path });
      else if (before.digest !== undefined && before.digest !== (await hashFile(path)).digest) this.#disk.set(name, { path });
    }
  }
}

/** Changes when somebody writes to a file, and not when it gets another name. */
function written(path: string): string {
  const { size, mtimeNs } = statSync(path, { bigint: true });
  return `${size} ${mtimeNs}`;
}

/** Hex SHA-256 and size of a file, read in pieces. */
export async function hashFile(path: string): Promise<{ digest: string; size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) { hash.update(chunk); size += chunk.byteLength; }
  return { digest: hash.digest("hex"), size };
}
