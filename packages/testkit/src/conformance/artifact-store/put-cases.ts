import assert from "node:assert/strict";
import { existsSync, utimesSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { refused } from "../refused.ts";
import { assertSame, bytesOf, fileOf, keysOf, noise, read, type StoreCase } from "./tools.ts";

const ALL_OR_NOTHING = "Writes an object. All or nothing to readers: until the promise resolves a reader sees what was there before";
const AN_HOUR = 3_600_000;
const LONG_AGO = new Date("2015-01-01");

export const putCases: readonly StoreCase[] = [
  {
    id: "put.round-trip", title: "bytes come back as they were put, to another process too", clause: "Bytes by key",
    async run({ store, open, prefix }) {
      const all = Uint8Array.from({ length: 1024 }, (_, n) => n % 256);
      await store.put(`${prefix}all`, bytesOf(all));
      assertSame(await read(store, `${prefix}all`), all, "all values of a byte");
      assertSame(await read(await open(), `${prefix}all`), all, "all values of a byte, read by another");
    },
  },
  {
    id: "put.empty", title: "an object may be empty", clause: "Bytes by key",
    async run({ store, prefix, folder }) {
      await store.put(`${prefix}bytes`, bytesOf(""));
      await store.put(`${prefix}file`, await fileOf(folder, "empty", Buffer.alloc(0)));
      for (const name of ["bytes", "file"]) {
        assertSame(await read(store, prefix + name), "", "an empty object");
        assert.equal((await store.stat(prefix + name))?.size, 0);
      }
      assertSame(await read(store, `${prefix}bytes`, { offset: 0, length: 5 }), "", "a part of an empty object");
    },
  },
  {
    id: "put.again", title: "what is put again is in place of what was there", clause: "Writes an object",
    async run({ store, open, prefix }) {
      const other = await open();
      for (const value of ["first, which is longer", "second", "", "fourth"]) {
        await store.put(`${prefix}k`, bytesOf(value));
        assertSame(await read(other, `${prefix}k`), value, "the newest object");
        assert.equal((await other.stat(`${prefix}k`))?.size, value.length);
      }
    },
  },
  {
    id: "put.own-copy", title: "an object is what it was when it was put: bytes that are changed afterwards change nothing", clause: ALL_OR_NOTHING,
    async run({ store, prefix }) {
      const bytes = Buffer.from("as it was");
      await store.put(`${prefix}k`, bytesOf(bytes));
      bytes.fill(0);
      assertSame(await read(store, `${prefix}k`), "as it was", "the object");
    },
  },
  {
    id: "put.file", title: "a file is taken over as it is, and is left where it was", clause: "What to write: bytes in memory, or a file of this machine",
    async run({ store, prefix, folder }) {
      const bytes = noise(100_000);
      const source = await fileOf(folder, "f", bytes);
      await store.put(`${prefix}k`, source);
      assertSame(await readFile(source.path), bytes, "the file itself");
      await store.put(`${prefix}again`, source);
      for (const name of ["k", "again"]) assertSame(await read(store, prefix + name), bytes, name);
    },
  },
  {
    id: "put.file-may-move", title: "a file that may be moved is taken over whole, whether the store moves it or not", clause: "The file is not needed afterwards: a store on the same disk may take it over by renaming",
    async run({ store, prefix, folder }) {
      const bytes = noise(100_000);
      const source = await fileOf(folder, "f", bytes);
      await store.put(`${prefix}k`, { ...source, mayMove: true });
      assertSame(await read(store, `${prefix}k`), bytes, "the object");
      if (existsSync(source.path)) assertSame(await readFile(source.path), bytes, "the file itself");
    },
  },
  {
    id: "put.large", title: "an object that is sent in parts comes back whole, and in part across the border of two", clause: "Bytes by key",
    async run({ store, prefix, folder, largeSize }) {
      const bytes = noise(largeSize);
      await store.put(`${prefix}bytes`, bytesOf(bytes));
      await store.put(`${prefix}file`, await fileOf(folder, "f", bytes));
      const part = Math.floor(largeSize / 3);
      for (const name of ["bytes", "file"]) {
        assertSame(await read(store, prefix + name), bytes, name);
        assert.equal((await store.stat(prefix + name))?.size, bytes.byteLength);
        assertSame(await read(store, prefix + name, { offset: part - 1000, length: part }), bytes.subarray(part - 1000, 2 * part - 1000), `a part of ${name}`);
      }
    },
  },
  {
    id: "put.modified-at", title: "an object is as old as its put, whatever time a file has", clause: "`modifiedAt` is when it was put, whatever times a file has",
    async run({ store, prefix, folder }) {
      for (const mayMove of [false, true]) {
        const source = await fileOf(folder, `f-${mayMove}`, Buffer.from("unpacked from an archive"));
        utimesSync(source.path, LONG_AGO, LONG_AGO);
        await store.put(`${prefix}${mayMove}`, { ...source, mayMove });
        if (!mayMove) assert.deepEqual((await stat(source.path)).mtime, LONG_AGO, "the file that is not the store's has another time now");
      }
      await store.put(`${prefix}bytes`, bytesOf("x"));
      for (const name of ["false", "true", "bytes"]) {
        const at = (await store.stat(prefix + name))?.modifiedAt.getTime();
        // the service's clock may be another one
        assert.ok(at !== undefined && Math.abs(at - Date.now()) < AN_HOUR, `${name} is of ${at === undefined ? "no time" : new Date(at).toISOString()}`);
      }
    },
  },
  {
    id: "put.file-cut-short", title: "a file that is gone or shorter than said is refused, and what was there stays", clause: "Size of a file, in bytes. One that has fewer by now, or is gone, is refused (MLS3003), and nothing is written",
    async run({ store, prefix, folder }) {
      await store.put(`${prefix}old`, bytesOf("old"));
      const short = await fileOf(folder, "short", noise(1000));
      for (const name of ["old", "new"]) {
        for (const mayMove of [false, true]) await refused(async () => store.put(prefix + name, { ...short, size: 2000, mayMove }), "MLS3003");
        await refused(async () => store.put(prefix + name, { kind: "file", path: join(folder, "none"), size: 10 }), "MLS3003");
      }
      assertSame(await read(store, `${prefix}old`), "old", "the object that was there");
      assert.deepEqual(await keysOf(store, prefix), [`${prefix}old`]);
    },
  },
  {
    id: "put.all-or-nothing", title: "who reads while an object is written sees the old one or the new one, whole", clause: ALL_OR_NOTHING,
    async run({ store, open, prefix, largeSize }) {
      const sizes = [largeSize, Math.floor(largeSize / 2)];
      const versions = sizes.map((size, n) => Buffer.alloc(size, n + 1));
      await store.put(`${prefix}k`, bytesOf(versions[0]!));
      const reader = await open();
      let writing = true;
      const writer = (async () => { try { for (const n of [1, 0, 1]) await store.put(`${prefix}k`, bytesOf(versions[n]!)); } finally { writing = false; } })();
      // a reader whose body is overtaken by a writer may be refused, and is never given a mixture
      const look = async (): Promise<void> => {
        const body = await reader.get(`${prefix}k`);
        try {
          const found = Buffer.from(await body.bytes());
          assert.equal(found.byteLength, body.size, "the body has another size than it said");
          assert.ok(versions.some((one) => one.equals(found)), `half an object: ${found.byteLength} bytes, ${found[0]} to ${found.at(-1)}`);
        } catch (e) { if (e instanceof assert.AssertionError) throw e; await refused(async () => { throw e; }, "MLS3003", "MLS3001"); }
      };
      try { do await look(); while (writing); } finally { await writer; }
      await look();
    },
  },
  {
    id: "put.concurrent-keys", title: "many objects may be written at once", clause: "Bytes by key. A store that limits its connections lets requests wait for one",
    async run({ store, prefix }) {
      const names = Array.from({ length: 100 }, (_, n) => `${prefix}${n % 7}/${n}`);
      await Promise.all(names.map((key) => store.put(key, bytesOf(key))));
      for (const key of names) assertSame(Buffer.from(await (await store.get(key)).bytes()), key, key);
    },
  },
  {
    id: "put.if-absent", title: "ifAbsent writes what is not there, and refuses what is, also for equal bytes", clause: "@throws MLS3012 with `ifAbsent` when the key exists. Where no answer was lost it is MLS3012, also for equal bytes",
    async run({ store, open, prefix, folder }) {
      await store.put(`${prefix}k`, bytesOf("first"), { ifAbsent: true });
      const other = await open();
      for (const value of ["second", "first"]) {
        await refused(async () => other.put(`${prefix}k`, bytesOf(value), { ifAbsent: true }), "MLS3012");
        const source = await fileOf(folder, value, Buffer.from(value));
        for (const mayMove of [false, true]) await refused(async () => store.put(`${prefix}k`, { ...source, mayMove }, { ifAbsent: true }), "MLS3012");
      }
      assertSame(await read(store, `${prefix}k`), "first", "the first object");
      await store.delete(`${prefix}k`);
      await store.put(`${prefix}k`, bytesOf("third"), { ifAbsent: true });
      assertSame(await read(store, `${prefix}k`), "third", "one that was written after the first was removed");
    },
  },
  {
    id: "put.if-absent-large", title: "ifAbsent holds for objects that are sent in parts", clause: "Only create: reject with MLS3012 when the key exists",
    async run({ store, prefix, largeSize }) {
      const first = noise(largeSize);
      await store.put(`${prefix}k`, bytesOf(first), { ifAbsent: true });
      await refused(async () => store.put(`${prefix}k`, bytesOf(noise(largeSize)), { ifAbsent: true }), "MLS3012");
      assertSame(await read(store, `${prefix}k`), first, "the first object");
    },
  },
  {
    id: "put.if-absent-race", title: "of many that create one key at once one wins, and its bytes are the object", clause: "`put` with `ifAbsent` is atomic among all writers", needs: ["createIfAbsent"],
    async run({ open, prefix, largeSize }) {
      const stores = await Promise.all([open(), open()]);
      for (const [round, size, writers] of [[0, 10, 16], [1, 10, 16], [2, 1000, 16], [3, largeSize, 3]] as const) {
        const key = `${prefix}${round}`;
        const bodies = Array.from({ length: writers }, () => noise(size));
        const tries = await Promise.allSettled(bodies.map((bytes, n) => stores[n % 2]!.put(key, bytesOf(bytes), { ifAbsent: true })));
        const winners = tries.flatMap((one, n) => (one.status === "fulfilled" ? [n] : []));
        assert.equal(winners.length, 1, `${winners.length} of ${writers} writers were told that they have created the object`);
        for (const one of tries) if (one.status === "rejected") await refused(async () => { throw one.reason; }, "MLS3012");
        assertSame(await read(stores[0], key), bodies[winners[0]!]!, "the winner's object");
      }
    },
  },
];
