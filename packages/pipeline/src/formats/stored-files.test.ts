import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withoutRights } from "../testing/without-rights.ts";
import type { ArtifactDirectory } from "./artifact-directory.ts";
import type { ArtifactFile } from "./artifact-file.ts";
import { localDirectory } from "./local-directory.ts";
import { localFile } from "./local-file.ts";
import { storedDirectory } from "./stored-directory.ts";
import { onnxModel, storedFile } from "./stored-file.ts";
import { memoryInput, throughFiles } from "./testing/dirs.ts";

const coded = (code: string, message = ""): unknown => expect.objectContaining({ code, message: expect.stringContaining(message) });
const sha256 = (data: string): string => createHash("sha256").update(data).digest("hex");
let scratch: string;
beforeEach(async () => void (scratch = await mkdtemp(join(tmpdir(), "mlstack-scratch-"))));
afterEach(() => rm(scratch, { recursive: true, force: true }));
const put = async (name: string, data = name): Promise<string> => {
  await mkdir(join(scratch, name, ".."), { recursive: true });
  await writeFile(join(scratch, name), data);
  return join(scratch, name);
};

it("onnxModel() is a file of a format of its own, and a model", async () => {
  expect(onnxModel()).toMatchObject({ format: "onnx.model/1", kind: "model", codec: { reads: ["onnx.model/1"] } });
  expect(onnxModel({ kind: "other" }).kind).toBe("other");
  await throughFiles(onnxModel(), localFile(await put("net.onnx", "weights")), async (file) => { expect([file.name, Buffer.from(await file.bytes()).toString()]).toEqual(["net.onnx", "weights"]); });
});

describe("storedFile()", () => {
  it("keeps name and bytes; what is read can be returned again", async () => {
    const local = localFile(await put("model ä.bin", "weights"));
    const check = async (file: ArtifactFile): Promise<void> => {
      expect(file.name).toBe("model ä.bin");
      expect(await file.size()).toBe(7);
      expect(await file.sha256()).toBe(sha256("weights"));
      expect(Buffer.from(await file.bytes()).toString()).toBe("weights");
      const pieces: Uint8Array[] = [];
      for await (const piece of file.stream()) pieces.push(piece);
      expect(Buffer.concat(pieces).toString()).toBe("weights");
      await throughFiles(storedFile(), localFile(await file.path(), { name: file.name }), async (copy) => expect(await copy.sha256()).toBe(sha256("weights")));
    };
    await check(local);
    await throughFiles(storedFile(), local, async (loaded, input) => {
      expect(input.files).toEqual([{ path: "model ä.bin", size: 7, sha256: sha256("weights") }]);
      await check(loaded);
      await throughFiles(storedFile(), loaded, check);
    });
  });

  it("stores under the name that is given, an empty file and a link's target too", async () => {
    await throughFiles(storedFile(), localFile(await put("a", ""), { name: "b.bin" }), async (loaded) => expect([loaded.name, await loaded.size()]).toEqual(["b.bin", 0]));
    await put("target", "x");
    await symlink("target", join(scratch, "link"));
    await throughFiles(storedFile(), localFile(join(scratch, "link")), async (loaded) => expect([loaded.name, await loaded.size()]).toEqual(["link", 1]));
  });

  it("is named before it is written", async () => {
    const file = localFile(join(scratch, "later"));
    await expect(file.size()).rejects.toThrow(coded("MLS3009"));
    await put("later");
    expect(await file.size()).toBe(5);
  });

  it("shows name and size, also after the file was moved into the store", async () => {
    const type = storedFile({ kind: "model" });
    const file = localFile(await put("m.bin"));
    expect(type.kind).toBe("model");
    expect(await type.codec.extractMetadata?.(file)).toEqual({ name: "m.bin", bytes: 5 });
    await throughFiles(type, file, () => 1);
    await rm(join(scratch, "m.bin"));
    expect(await type.codec.extractMetadata?.(file)).toEqual({ name: "m.bin", bytes: 5 });
  });

  it("refuses what is not a file that comes back as it is", async () => {
    for (const name of ["", ".", "..", "a/b", "a\\b", "a\0", "a\u0308", "\ud800"]) expect(() => localFile("x", { name })).toThrow(coded("MLS3009"));
    await mkdir(join(scratch, "folder"));
    await symlink("nowhere", join(scratch, "dangling"));
    for (const name of ["folder", "missing", "dangling"]) await expect(throughFiles(storedFile(), localFile(join(scratch, name)), () => 1)).rejects.toThrow(coded("MLS3009"));
    for (const value of [join(scratch, "a"), undefined, 5, {}, { name: "a" }]) await expect(throughFiles(storedFile(), value as ArtifactFile, () => 1)).rejects.toThrow(coded("MLS1009"));
    const odd = { ...localFile(await put("a")), name: "../a" };
    await expect(throughFiles(storedFile(), odd, () => 1)).rejects.toThrow(coded("MLS3009"));
    for (const files of [{}, { a: "", b: "" }, { "a/b": "" }]) expect(() => storedFile().codec.load(memoryInput(files as Record<string, string>), "file/1")).toThrow(coded("MLS3008"));
  });
});

describe("storedDirectory()", () => {
  it("keeps paths and bytes; what is read can be returned again", async () => {
    for (const name of ["b/c.txt", "a.txt", "b/ä/d.txt", "B.txt"]) await put(name);
    const check = async (folder: ArtifactDirectory): Promise<void> => {
      expect(await folder.files()).toEqual([{ path: "B.txt", size: 5 }, { path: "a.txt", size: 5 }, { path: "b/c.txt", size: 7 }, { path: "b/ä/d.txt", size: 10 }]);
      expect(await folder.file("b/c.txt")).toBe(join(await folder.path(), "b", "c.txt"));
      await expect(folder.file("b/none")).rejects.toThrow(coded("MLS3001"));
    };
    const local = localDirectory(scratch);
    await check(local);
    await expect(local.file("../x")).rejects.toThrow(coded("MLS3001"));
    const type = storedDirectory();
    await throughFiles(type, local, async (loaded) => {
      await check(loaded);
      await throughFiles(type, loaded, check);
      expect(await type.codec.extractMetadata?.(loaded)).toEqual({ files: 4, bytes: 27 });
      expect(await type.codec.preview?.(loaded)).toMatchObject({ type: "table", columns: ["path", "bytes"], rows: { length: 4 }, totalRows: 4 });
    });
    await rm(scratch, { recursive: true });
    expect(await type.codec.extractMetadata?.(local)).toEqual({ files: 4, bytes: 27 });
  });

  it("keeps a folder without files, one behind a link, and files that were written after localDirectory()", async () => {
    const local = localDirectory(join(scratch, "f"));
    await expect(local.files()).rejects.toThrow(coded("MLS3009"));
    await mkdir(join(scratch, "f"));
    expect(await local.files()).toEqual([]);
    await throughFiles(storedDirectory(), local, async (loaded) => expect(await loaded.files()).toEqual([]));
    await put("f/a");
    await symlink("f", join(scratch, "link"));
    for (const folder of [local, localDirectory(join(scratch, "link"))]) await throughFiles(storedDirectory(), folder, async (loaded) => expect(await loaded.files()).toEqual([{ path: "a", size: 3 }]));
  });

  it.runIf(process.platform === "linux").each<[string, () => Promise<unknown>, string]>([
    ["a link", () => symlink("a", join(scratch, "l")), '"l" is a link'], ["a link to a folder", () => symlink(".", join(scratch, "l")), '"l" is a link'],
    ["an empty folder", () => mkdir(join(scratch, "x/y"), { recursive: true }), '"x/y" is an empty folder'], ["names that differ in case", () => Promise.all([put("x/a"), put("x/A")]), "differ only in case"],
    ["folders that differ in case", () => Promise.all([put("x/a"), put("X/b")]), "differ only in case"], ["a decomposed name", () => put("a\u0308"), "composed form"],
    ["a name that is not UTF-8", () => writeFile(Buffer.concat([Buffer.from(`${scratch}/`), Buffer.from([0xff])]), ""), "not UTF-8"],
    ["a backslash", () => put("a\\b"), "has no name"], ["a socket", () => new Promise<void>((resolve) => { const server = createServer().listen(join(scratch, "s"), resolve).unref(); sockets.push(server); }), "not a regular file"],
  ])("refuses %s before anything is stored", async (_, make, message) => {
    await put("a");
    await make();
    const stored: string[] = [];
    const dir = { adopt: (name: string) => Promise.resolve(void stored.push(name)) };
    await expect(storedDirectory().codec.save(localDirectory(scratch), dir as never)).rejects.toThrow(coded("MLS3009", message));
    expect(stored).toEqual([]);
  });
  const sockets: { close(): unknown }[] = [];
  afterEach(() => sockets.splice(0).forEach((server) => server.close()));

  it("refuses what is no folder", async () => {
    const file = await put("a");
    for (const path of [file, join(scratch, "missing")]) await expect(throughFiles(storedDirectory(), localDirectory(path), () => 1)).rejects.toThrow(coded("MLS3009"));
    for (const value of [scratch, undefined, {}]) await expect(throughFiles(storedDirectory(), value as ArtifactDirectory, () => 1)).rejects.toThrow(coded("MLS1009"));
  });

  it.skipIf(process.platform === "win32")("does not take a folder that can't be read for an empty one", async () => {
    await chmod(scratch, 0o755);
    await mkdir(join(scratch, "closed"));
    await put("closed/a");
    await chmod(join(scratch, "closed"), 0);
    await withoutRights(() => expect(localDirectory(scratch).files()).rejects.toThrow("EACCES"));
    await chmod(join(scratch, "closed"), 0o700);
  });
});
