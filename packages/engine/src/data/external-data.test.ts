import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { MlstackError, type DataHandle, type ExternalReader } from "@mlstack/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { contentSpace } from "../store/content-space.ts";
import { layout } from "../store/layout.ts";
import { bodyOf, memoryStore } from "../testing/memory-store.ts";
import { dataResolver } from "./data-resolver.ts";
import { pointedData, shareData } from "./pointed-data.ts";

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-external-")); });
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Objects with versions, and what was asked of them. */
function bucket(objects: Record<string, { text: string; version: string }>) {
  const reads: string[] = [];
  const reader: ExternalReader = {
    schemes: ["mem"],
    async stat(uri) { const o = objects[uri]; return o === undefined ? undefined : { uri, size: o.text.length, version: o.version }; },
    async get(uri, version) {
      reads.push(uri);
      const o = objects[uri];
      if (o?.version !== version) throw new MlstackError("MLS3010", `${uri} has changed`);
      return bodyOf(Buffer.from(o.text));
    },
    async *list(uri) { for (const [key, o] of Object.entries(objects)) if (key.startsWith(uri)) yield { uri: key, size: o.text.length, version: o.version }; },
  };
  return { objects, reads, store: memoryStore(reader) };
}
type Bucket = ReturnType<typeof bucket>;
const resolver = (b: Pick<Bucket, "store">) => dataResolver(dir, join(dir, "index.json"), async () => b.store, join(dir, "scratch"));
const refused = (text: string | RegExp) => (e: unknown) => MlstackError.is(e, "MLS3010") && `${e.message} ${e.why ?? ""}`.match(text) !== null;
const textOf = async (h: DataHandle) => { const parts = []; for await (const c of h.stream()) parts.push(c); return Buffer.concat(parts).toString(); };
const place = (b: Pick<Bucket, "store">, name = "elsewhere") => ({ projectDir: join(dir, name), indexPath: join(dir, name, "index.json"), content: contentSpace(b.store), store: b.store, scratch: join(dir, name, "scratch") });

test("a version's digest is computed once, and remembered for later runs", async () => {
  const b = bucket({ "mem://b/a.csv": { text: "one", version: "1" } });
  const first = resolver(b);
  const { pointer } = await first.resolve("file", "mem://b/a.csv");
  expect(pointer).toMatchObject({ size: 3, version: "1", uri: "mem://b/a.csv" });
  first.save();
  expect((await resolver(b).resolve("dataset", "mem://b/a.csv")).pointer.digest).toBe(pointer.digest);
  expect(b.reads).toHaveLength(1);
  b.objects["mem://b/a.csv"] = { text: "two", version: "2" };
  expect((await resolver(b).resolve("file", "mem://b/a.csv")).pointer.digest).not.toBe(pointer.digest);
  expect(b.reads).toHaveLength(2);
});

test("a step gets the object under its own name, or as a stream; one that changed since is refused", async () => {
  const b = bucket({ "mem://b/dir/a.csv": { text: "one", version: "1" } });
  const { handle } = (await resolver(b).resolve("file", "mem://b/dir/a.csv")).open();
  const path = await handle.path();
  expect([basename(path), readFileSync(path, "utf8"), await textOf(handle)]).toEqual(["a.csv", "one", "one"]);
  const { handle: late } = (await resolver(b).resolve("file", "mem://b/dir/a.csv")).open();
  b.objects["mem://b/dir/a.csv"] = { text: "two", version: "2" };
  await expect(late.path()).rejects.toSatisfy(refused("changed"));
});

test("a folder counts by names and contents, and is laid out as it is", async () => {
  const b = bucket({ "mem://b/d/x.txt": { text: "x", version: "1" }, "mem://b/d/sub/y.txt": { text: "y", version: "1" }, "mem://b/data.txt": { text: "no", version: "1" }, "mem://b/d/": { text: "", version: "1" }, "mem://b/d/sub/": { text: "", version: "1" } });
  const { pointer, open } = await resolver(b).resolve("dir", "mem://b/d");
  const { handle } = open();
  expect([pointer.size, pointer.version]).toEqual([2, undefined]);
  const path = await handle.path();
  expect(readdirSync(path, { recursive: true }).map(String).toSorted()).toEqual(["sub", join("sub", "y.txt"), "x.txt"]);
  expect(() => handle.stream()).toThrow(/folder/);
  expect((await resolver(b).resolve("dataset", "mem://b/d/")).pointer.digest).toBe(pointer.digest);
  // the same files on this machine are the same data
  mkdirSync(join(dir, "local/sub"), { recursive: true });
  writeFileSync(join(dir, "local/x.txt"), "x");
  writeFileSync(join(dir, "local/sub/y.txt"), "y");
  expect((await resolver(b).resolve("dir", "local")).pointer.digest).toBe(pointer.digest);
  b.objects["mem://b/d/sub/y.txt"] = { text: "z", version: "2" };
  expect((await resolver(b).resolve("dir", "mem://b/d")).pointer.digest).not.toBe(pointer.digest);
});

test.each(["mem://b/d/../../evil.txt", "mem://b/d/./x", "mem://b/d//x", "mem://b/d/"])("an object of a folder that has no usable name is refused (%s)", async (uri) => {
  const b = bucket({ "mem://b/d/fine.txt": { text: "1", version: "1" }, [uri]: { text: "evil", version: "1" } });
  await expect(resolver(b).resolve("dir", "mem://b/d")).rejects.toSatisfy(refused("name"));
});

test("what is not there, and what nobody reads, is refused with the reason", async () => {
  const b = bucket({});
  await expect(resolver(b).resolve("file", "mem://b/no")).rejects.toSatisfy(refused(/no object "mem:\/\/b\/no"/));
  await expect(resolver(b).resolve("dir", "mem://b/no")).rejects.toSatisfy(refused(/no folder/));
  await expect(resolver(b).resolve("dataset", "mem://b/no")).rejects.toSatisfy(refused(/no object or folder/));
  await expect(resolver(b).resolve("file", "gs://b/no")).rejects.toSatisfy(refused(/reads gs:\/\/.*it[^]*reads mem:\/\//));
  await expect(resolver({ store: memoryStore() }).resolve("file", "mem://b/no")).rejects.toSatisfy(refused(/reads no URIs/));
});

test("a step elsewhere reads the service itself: the same version, or nothing", async () => {
  const b = bucket({ "mem://b/a": { text: "one", version: "1" }, "mem://b/d/x": { text: "x", version: "1" } });
  const [one, folder] = [(await resolver(b).resolve("file", "mem://b/a")).pointer, (await resolver(b).resolve("dir", "mem://b/d")).pointer];
  expect(await shareData(one, dir, contentSpace(b.store))).toEqual(one);
  expect(await textOf((await pointedData(one, place(b))).handle)).toBe("one");
  expect(readdirSync(await (await pointedData(folder, place(b))).handle.path())).toEqual(["x"]);
  b.objects["mem://b/a"] = { text: "two", version: "2" };
  b.objects["mem://b/d/x"] = { text: "y", version: "2" };
  await expect(pointedData(one, place(b)).then((d) => d.handle.path())).rejects.toSatisfy(refused("changed"));
  await expect(pointedData(folder, place(b))).rejects.toSatisfy(refused("changed"));
});

test("a local file travels, and keeps its name", async () => {
  const b = bucket({});
  writeFileSync(join(dir, "rows.csv"), "1,2");
  const { pointer } = await resolver(b).resolve("file", "rows.csv");
  const shared = await shareData(pointer, dir, contentSpace(b.store));
  rmSync(join(dir, "rows.csv"));
  const { handle } = await pointedData(shared, place(b));
  const path = await handle.path();
  expect([basename(path), readFileSync(path, "utf8"), await textOf(handle), handle.digest]).toEqual(["rows.csv", "1,2", "1,2", pointer.digest]);
});

test.each(["dir", "dataset"] as const)("a local folder travels, also one whose only file is called data (%s)", async (kind) => {
  const b = bucket({});
  for (const files of [{ data: "1" }, { data: "1", "z.csv": "2" }, { "a/b.csv": "3", "z.csv": "4" }, {}]) {
    const name = `folder${Object.keys(files).length}${Object.keys(files)[0]?.[0] ?? ""}`;
    mkdirSync(join(dir, name, "a"), { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, name, file), text);
    const { pointer } = await resolver(b).resolve(kind, name);
    const { handle } = await pointedData(await shareData(pointer, dir, contentSpace(b.store)), place(b));
    const path = await handle.path();
    for (const [file, text] of Object.entries(files)) expect(readFileSync(join(path, file), "utf8")).toBe(text);
    expect(() => handle.stream()).toThrow(/folder/);
  }
});

test("local data that changed since the run started does not travel, and is not read in place", async () => {
  const b = bucket({});
  writeFileSync(join(dir, "f"), "1");
  mkdirSync(join(dir, "d"));
  writeFileSync(join(dir, "d/x"), "1");
  const [file, folder] = [(await resolver(b).resolve("file", "f")).pointer, (await resolver(b).resolve("dir", "d")).pointer];
  writeFileSync(join(dir, "f"), "22");
  writeFileSync(join(dir, "d/x"), "22");
  for (const pointer of [file, folder]) {
    await expect(shareData(pointer, dir, contentSpace(b.store))).rejects.toSatisfy(refused("changed"));
    await expect(pointedData(pointer, { ...place(b), projectDir: dir })).rejects.toSatisfy(refused("changed"));
  }
});

test("an object is compared with its digest, whatever the service says of its version", async () => {
  const b = bucket({ "mem://b/a": { text: "one", version: "1" }, "mem://b/d/x": { text: "x", version: "1" } });
  const [one, folder] = [await resolver(b).resolve("file", "mem://b/a"), await resolver(b).resolve("dir", "mem://b/d")];
  b.objects["mem://b/a"] = { text: "two", version: "1" };
  b.objects["mem://b/d/x"] = { text: "y", version: "1" };
  await expect(textOf(one.open().handle)).rejects.toSatisfy(refused("changed"));
  await expect(one.open().handle.path()).rejects.toSatisfy(refused("changed"));
  await expect(folder.open().handle.path()).rejects.toSatisfy(refused("changed"));
});

test.each([["file", "mem://b/a"], ["dir", "mem://b/d"]] as const)("steps share a copy of a %s; one that writes to it is told of, and the next gets another", async (kind, uri) => {
  const b = bucket({ "mem://b/a": { text: "one", version: "1" }, "mem://b/d/x": { text: "one", version: "1" } });
  const { open } = await resolver(b).resolve(kind, uri);
  const [first, second] = [open(), open()];
  const file = (path: string) => (kind === "dir" ? join(path, "x") : path);
  const path = await first.handle.path();
  expect([await second.handle.path(), b.reads.length]).toEqual([path, 2]);
  expect([await first.changed(), await open().changed()]).toEqual([false, false]);
  rmSync(file(path));
  writeFileSync(file(path), "two");
  expect([await first.changed(), await second.changed()]).toEqual([true, true]);
  const third = open();
  expect([readFileSync(file(await third.handle.path()), "utf8"), await third.changed()]).toEqual(["one", false]);
});

test("a stored copy of local data that was changed is refused, though only its beginning was read", async () => {
  const b = bucket({});
  writeFileSync(join(dir, "rows.csv"), "1,2");
  const shared = await shareData((await resolver(b).resolve("file", "rows.csv")).pointer, dir, contentSpace(b.store));
  const { handle, changed } = await pointedData(shared, place(b));
  await b.store.put(layout.blob(shared.digest), { kind: "bytes", bytes: Buffer.from("1,3") });
  for await (const piece of handle.stream()) { void piece; break; }
  await expect(changed()).rejects.toSatisfy((e) => MlstackError.is(e, "MLS3002"));
});
