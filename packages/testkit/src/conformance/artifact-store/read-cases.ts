import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { refused } from "../refused.ts";
import { assertSame, bytesOf, listed, noise, read, streamed, type StoreCase } from "./tools.ts";

const CLOSE = "Gives the connection back. For a body that is not read to its end. Never rejects, and can be called again. Ending an iteration early closes it";

export const readCases: readonly StoreCase[] = [
  {
    id: "get.range", title: "a part of an object is what was asked for, cut off at the end", clause: "Part of the object: `offset` and `length` in bytes; past the end is cut off. Of the part asked for, in bytes",
    async run({ store, prefix }) {
      await store.put(`${prefix}k`, bytesOf("0123456789"));
      const ranges = [[0, 10, "0123456789"], [0, 1, "0"], [2, 3, "234"], [9, 1, "9"], [8, 99, "89"], [10, 1, ""], [50, 7, ""], [0, 0, ""], [4, 0, ""], [1, Number.MAX_SAFE_INTEGER, "123456789"]] as const;
      for (const [offset, length, wanted] of ranges) assertSame(await read(store, `${prefix}k`, { offset, length }), wanted, `${length} bytes from ${offset}`);
    },
  },
  {
    id: "get.missing", title: "what is not there can't be opened, not even an empty part of it", clause: "@throws MLS3001 when there is no such key. Opens an object for reading",
    async run({ store, prefix }) {
      await refused(async () => store.get(`${prefix}none`), "MLS3001");
      await refused(async () => store.get(`${prefix}none/of/these`), "MLS3001");
      for (const range of [{ offset: 0, length: 0 }, { offset: 5, length: 9 }]) await refused(async () => store.get(`${prefix}none`, { range }), "MLS3001");
      await store.put(`${prefix}k`, bytesOf("x"));
      await store.delete(`${prefix}k`);
      await refused(async () => store.get(`${prefix}k`), "MLS3001");
    },
  },
  {
    id: "get.folder", title: "what keys have in front of a / is no object, and nothing happens to it", clause: "Keys are POSIX-like: segments joined by `/`",
    async run({ store, prefix }) {
      await store.put(`${prefix}a/b/c`, bytesOf("x"));
      for (const key of [`${prefix}a`, `${prefix}a/b`]) {
        assert.equal(await store.stat(key), undefined, `${key} is an object`);
        await refused(async () => store.get(key), "MLS3001");
        await store.delete(key);
      }
      assertSame(await read(store, `${prefix}a/b/c`), "x", "the object below");
    },
  },
  {
    id: "get.stream", title: "a body is read once, in chunks of any size, which together are the object", clause: "Read it once: by `bytes()` or by iterating, in chunks of any size. The whole body in memory",
    async run({ store, prefix, largeSize }) {
      const bytes = noise(largeSize);
      await store.put(`${prefix}k`, bytesOf(bytes));
      const body = await store.get(`${prefix}k`);
      assert.equal(body.size, bytes.byteLength);
      let at = 0;
      for await (const chunk of body) {
        assert.ok(chunk instanceof Uint8Array, "a chunk is no Uint8Array");
        assertSame(chunk, bytes.subarray(at, at + chunk.byteLength), `the chunk at ${at}`);
        at += chunk.byteLength;
      }
      assert.equal(at, bytes.byteLength, "the stream ended early");
    },
  },
  {
    id: "get.overwritten-meanwhile", title: "a body that is read after its object was put again or removed is one whole object, or is refused", clause: "It is the object that was opened, whole: where another one has been put in its place, or it was removed, reading goes on or is refused (MLS3003, MLS3001)",
    async run({ store, prefix, largeSize }) {
      const key = `${prefix}k`;
      const whole = [Buffer.alloc(largeSize, 1), Buffer.alloc(20, 2)];
      for (const way of ["bytes", "stream"] as const) {
        for (const change of ["shorter", "longer", "removed"] as const) {
          const before = change === "longer" ? whole[1]! : whole[0]!;
          const after = change === "longer" ? whole[0]! : whole[1]!;
          await store.put(key, bytesOf(before));
          const body = await store.get(key);
          await (change === "removed" ? store.delete(key) : store.put(key, bytesOf(after)));
          const reading = way === "bytes" ? body.bytes() : streamed(body);
          const found = await reading.then((bytes) => Buffer.from(bytes), (e: unknown) => e);
          if (!Buffer.isBuffer(found)) { await refused(async () => { throw found; }, "MLS3003", "MLS3001"); continue; }
          assert.ok(found.equals(before), `${change} meanwhile, by ${way}: ${found.byteLength} bytes came, of an object that had ${body.size} when it was opened`);
        }
      }
    },
  },
  {
    id: "get.close", title: "bodies that are closed unread, or left early, hold up no later ones, however many", clause: CLOSE,
    async run({ store, prefix }) {
      await store.put(`${prefix}k`, bytesOf(noise(300_000)));
      for (let round = 0; round < 4; round++) {
        const bodies = await Promise.all(Array.from({ length: 50 }, () => store.get(`${prefix}k`)));
        await Promise.all(bodies.map(async (body, n) => {
          if (n % 2 === 0) { for await (const chunk of body) { assert.ok(chunk.byteLength > 0); break; } }
          // to leave an iteration early is to close it
          if (n % 4 === 0) return;
          await body.close();
          await body.close();
        }));
      }
      assert.equal((await read(store, `${prefix}k`)).byteLength, 300_000);
    },
  },
  {
    id: "stat.object", title: "stat and list say the same of an object: key, size, time and version", clause: "Size and times of an object. All objects whose key begins with `prefix`. In full, as `get` takes it",
    async run({ store, prefix }) {
      for (const size of [0, 1, 70_000]) await store.put(`${prefix}${size}`, bytesOf(noise(size)));
      const all = await listed(store, prefix);
      assert.deepEqual(all.map(({ key, size }) => [key, size]), [0, 1, 70_000].map((size) => [`${prefix}${size}`, size]));
      for (const one of all) {
        const alone = (await store.stat(one.key))!;
        assert.deepEqual([alone.key, alone.size, alone.version], [one.key, one.size, one.version]);
        // a listing may be rounded to seconds where a single answer is not, or the other way round
        assert.ok(alone.modifiedAt instanceof Date && Math.abs(alone.modifiedAt.getTime() - one.modifiedAt.getTime()) < 1001, `${alone.modifiedAt.toISOString()} and ${one.modifiedAt.toISOString()}`);
      }
    },
  },
  {
    id: "stat.missing", title: "of what is not there stat gives undefined", clause: "undefined when there is none",
    async run({ store, prefix }) {
      for (const name of ["none", "none/of/these"]) assert.equal(await store.stat(prefix + name), undefined);
      await store.put(`${prefix}k`, bytesOf("x"));
      await store.delete(`${prefix}k`);
      assert.equal(await store.stat(`${prefix}k`), undefined);
    },
  },
  {
    id: "local-path", title: "the path of an object has its bytes", clause: "The path of an object that lies in a file of this machine, to be read in place", needs: ["localPath"],
    async run({ store, prefix, folder }) {
      const bytes = noise(5000);
      await store.put(`${prefix}k`, bytesOf(bytes));
      assert.ok(!store.localPath!(`${prefix}k`).startsWith(folder));
      assertSame(await readFile(store.localPath!(`${prefix}k`)), bytes, "the file");
    },
  },
];
