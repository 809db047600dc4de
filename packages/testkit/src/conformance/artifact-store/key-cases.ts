import assert from "node:assert/strict";
import { isObjectKey } from "@mlstack/core";
import { refused } from "../refused.ts";
import { assertSame, bytesOf, keysOf, listed, read, type StoreCase } from "./tools.ts";

const KEYS = "Keys are POSIX-like: segments of 1 to 200 of `[A-Za-z0-9._=@+-]` joined by `/`, at most 32 of them, none that ends with a dot, at most 512 characters in all";
const LIST = "All objects whose key begins with `prefix`, in no particular order, streamed";
/** More than services give in one answer. */
const MANY = 1005;
const GROUP = 64;

const illegal = ["", "/x", "x/", "a//b", ".", "..", "../x", "a/../x", "a/./b", "a.", "a./b", "a b", "a\\b", "ä", "a\0b", "a%2fb", "a:b", "a?b", "a#b", "a*b", "x".repeat(201), `${"s/".repeat(32)}s`, `${`${"x".repeat(199)}/`.repeat(3)}x`];

/** Legal keys below a prefix, of every form. */
function oddKeys(prefix: string): string[] {
  const names = ["a=b/c@d+e", "..x/..y", "-/_/=/+/@", "A.tar.gz", "x".repeat(200), ".hidden", "a..b", "-rf", "con", "a+b", "a-b", "=25"];
  // as many segments, and as many characters, as there may be
  const depth = 32 - prefix.split("/").length;
  const rest = 512 - prefix.length;
  const longest = "y".repeat(199).concat("/").repeat(3).slice(0, rest).replace(/\/$/, "z");
  return [...names, `${"s/".repeat(depth)}end`, longest].map((name) => prefix + name);
}

export const keyCases: readonly StoreCase[] = [
  {
    id: "keys.legal", title: "every legal key names an object of its own, and is listed as it was written", clause: `${KEYS}. A store adds its own prefix and nothing else. Without what the store puts in front of it`,
    async run({ store, open, prefix }) {
      const keys = oddKeys(prefix);
      for (const key of keys) { assert.ok(isObjectKey(key), key); await store.put(key, bytesOf(`the bytes of ${key}`)); }
      const other = await open();
      for (const key of keys) {
        assertSame(await read(other, key), `the bytes of ${key}`, key);
        assert.equal((await other.stat(key))?.key, key);
      }
      assert.deepEqual(await keysOf(other, prefix), keys.toSorted());
    },
  },
  {
    id: "keys.illegal", title: "what is no key is refused by every method, and nothing is written", clause: `${KEYS}. Every method rejects with MLS3011 for what is no key`,
    async run({ store, prefix }) {
      for (const key of illegal) {
        assert.ok(!isObjectKey(key), key);
        for (const call of [async () => store.put(key, bytesOf("x")), async () => store.get(key), async () => store.stat(key), async () => store.delete(key)]) await refused(call, "MLS3011");
        if (store.touch !== undefined) await refused(async () => store.touch!(key), "MLS3011");
        if (store.deleteMany !== undefined) await refused(async () => store.deleteMany!([`${prefix}k`, key]), "MLS3011");
      }
      assert.deepEqual(await keysOf(store, prefix), []);
    },
  },
  {
    id: "list.prefix", title: "a listing has what begins with the prefix, be that the end of a segment or not, and nothing else", clause: LIST,
    async run({ store, prefix }) {
      for (const name of ["x/1", "x/2/a", "x/20", "xx", "y/1", "x2/x/2"]) await store.put(prefix + name, bytesOf(name));
      const wanted = { "x/": ["x/1", "x/2/a", "x/20"], "x/2": ["x/2/a", "x/20"], "x/2/": ["x/2/a"], x: ["x/1", "x/2/a", "x/20", "x2/x/2", "xx"], "x/1": ["x/1"], "x/1/": [], nothing: [], "nothing/here/": [], "": ["x/1", "x/2/a", "x/20", "x2/x/2", "xx", "y/1"] };
      for (const [of, names] of Object.entries(wanted)) assert.deepEqual(await keysOf(store, prefix + of), names.map((name) => prefix + name), `the prefix ${JSON.stringify(of)}`);
    },
  },
  {
    id: "list.many", title: "a listing goes on over all pages, each object once, and may be left early; as many are removed by one call", clause: `${LIST}. Removes objects, in as few requests as the service allows`,
    async run({ store, prefix }) {
      const keys = Array.from({ length: MANY }, (_, n) => `${prefix}${n % 10}/${String(n).padStart(5, "0")}`);
      for (let n = 0; n < keys.length; n += GROUP) await Promise.all(keys.slice(n, n + GROUP).map((key) => store.put(key, bytesOf("x"))));
      assert.deepEqual(await keysOf(store, prefix), keys.toSorted());
      for await (const { key } of store.list(prefix)) { assert.ok(key.startsWith(prefix)); break; }
      if (store.deleteMany === undefined) return;
      assert.deepEqual(await store.deleteMany(keys), []);
      assert.deepEqual(await keysOf(store, prefix), []);
    },
  },
  {
    id: "list.while-writing", title: "a listing shows nothing of what is being written, and goes on while others write and remove", clause: `${LIST}. All or nothing to readers`,
    async run({ store, open, prefix, largeSize }) {
      for (let n = 0; n < 20; n++) await store.put(`${prefix}old/${n}`, bytesOf("x"));
      const other = await open();
      let writing = true;
      const writer = (async () => {
        try {
          await other.put(`${prefix}new`, bytesOf(Buffer.alloc(largeSize, 1)));
          for (let n = 0; n < 20; n++) await other.delete(`${prefix}old/${n}`);
        } finally { writing = false; }
      })();
      try {
        do {
          for (const { key, size } of await listed(store, prefix)) {
            assert.ok(key === `${prefix}new` ? size === largeSize : key.startsWith(`${prefix}old/`) && size === 1, `${key} of ${size} bytes was listed`);
          }
        } while (writing);
      } finally { await writer; }
      assert.deepEqual(await keysOf(store, prefix), [`${prefix}new`]);
    },
  },
];
