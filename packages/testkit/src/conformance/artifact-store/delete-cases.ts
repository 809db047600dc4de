import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { MlstackError } from "@mlstack/core";
import { refused } from "../refused.ts";
import { assertSame, bytesOf, keysOf, noise, read, type StoreCase } from "./tools.ts";

const VERSIONS = "`stat` and `list` give versions, and `delete` keeps to `ifVersion`. Without it `ifVersion` is refused (MLS3003), never ignored";
const TOUCH = "Makes an object's `modifiedAt` now and leaves its bytes";

export const deleteCases: readonly StoreCase[] = [
  {
    id: "delete.object", title: "what was removed is gone for everybody, and its neighbours are not", clause: "Removes an object",
    async run({ store, open, prefix }) {
      for (const name of ["a/1", "a/10", "a/2"]) await store.put(prefix + name, bytesOf(name));
      await store.delete(`${prefix}a/1`);
      const other = await open();
      assert.equal(await other.stat(`${prefix}a/1`), undefined);
      await refused(async () => other.get(`${prefix}a/1`), "MLS3001");
      assert.deepEqual(await keysOf(other, prefix), [`${prefix}a/10`, `${prefix}a/2`]);
    },
  },
  {
    id: "delete.missing", title: "removing what is not there is no error, nor is removing twice, also at once", clause: "removing what is not there is no error",
    async run({ store, open, prefix }) {
      await store.delete(`${prefix}none`);
      await store.delete(`${prefix}none/of/these`);
      await store.put(`${prefix}k`, bytesOf("x"));
      const other = await open();
      await Promise.all([store.delete(`${prefix}k`), other.delete(`${prefix}k`), store.delete(`${prefix}k`)]);
      await store.delete(`${prefix}k`);
      assert.deepEqual(await keysOf(store, prefix), []);
    },
  },
  {
    id: "delete.if-version", title: "ifVersion removes that version, and none that was written since, also of equal bytes", clause: `${VERSIONS}. Differs after every write, also of equal bytes. Does nothing when the object is another version by now`, needs: ["deleteIfVersion"],
    async run({ store, open, prefix }) {
      const other = await open();
      const seen = new Set<string>();
      for (const value of ["same", "same", "other"]) {
        await store.put(`${prefix}k`, bytesOf(value));
        const { version } = (await other.stat(`${prefix}k`))!;
        assert.ok(version !== undefined && !seen.has(version), `the version ${String(version)} is not one of its own`);
        seen.add(version);
      }
      const [first, , last] = [...seen];
      await other.delete(`${prefix}k`, { ifVersion: first! });
      assertSame(await read(store, `${prefix}k`), "other", "the newest version");
      await other.delete(`${prefix}k`, { ifVersion: last! });
      await other.delete(`${prefix}k`, { ifVersion: last! });
      assert.equal(await store.stat(`${prefix}k`), undefined);
    },
  },
  {
    id: "delete.if-version-refused", title: "a store without versions refuses ifVersion, and removes nothing", clause: `${VERSIONS}. MLS3003 with \`ifVersion\` where the store can't keep to it`,
    async run({ store, prefix }) {
      await store.put(`${prefix}k`, bytesOf("x"));
      if (store.capabilities.deleteIfVersion) { await store.delete(`${prefix}k`, { ifVersion: "no version of this object" }); } else await refused(async () => store.delete(`${prefix}k`, { ifVersion: "1" }), "MLS3003");
      assertSame(await read(store, `${prefix}k`), "x", "the object");
    },
  },
  {
    id: "delete-many", title: "of many keys all are removed, there or not, and no others", clause: "Removes objects. @returns those that are still there, and why; all others are gone", needs: ["deleteMany"],
    async run({ store, prefix }) {
      const keys = Array.from({ length: 30 }, (_, n) => `${prefix}k/${n}`);
      for (const key of keys.slice(0, 20)) await store.put(key, bytesOf("x"));
      await store.put(`${prefix}k/stays`, bytesOf("x"));
      assert.deepEqual(await store.deleteMany!([]), []);
      assert.deepEqual(await store.deleteMany!(keys), []);
      assert.deepEqual(await keysOf(store, prefix), [`${prefix}k/stays`]);
    },
  },
  {
    id: "touch.object", title: "an object that is touched is new and has its bytes, or the store says that it can't", clause: `${TOUCH}. @throws MLS3003 when this object can't be touched`, needs: ["touch"],
    async run({ store, subject, prefix, largeSize }) {
      for (const size of [100, largeSize]) {
        const key = `${prefix}${size}`;
        const bytes = noise(size);
        await store.put(key, bytesOf(bytes));
        const put = (await store.stat(key))!.modifiedAt.getTime();
        const touched = async (): Promise<boolean> => store.touch!(key).then(() => true, (e: unknown) => { if (MlstackError.is(e, "MLS3003")) return false; throw e; });
        // the service's clock, which may count in seconds, has to have gone on
        for (const until = Date.now() + (subject.clockMs ?? 10_000); await touched() && (await store.stat(key))!.modifiedAt.getTime() <= put; await sleep(100)) {
          assert.ok(Date.now() < until, "the object has kept its time");
        }
        assertSame(await read(store, key), bytes, "the object that was touched");
      }
    },
  },
  {
    id: "touch.missing", title: "what is not there can't be touched, and is not made", clause: "@throws MLS3001 when there is no such key", needs: ["touch"],
    async run({ store, prefix }) {
      await refused(async () => store.touch!(`${prefix}none`), "MLS3001");
      await refused(async () => store.touch!(`${prefix}none/of/these`), "MLS3001");
      assert.deepEqual(await keysOf(store, prefix), []);
    },
  },
];
