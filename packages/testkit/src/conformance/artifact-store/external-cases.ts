import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { ExternalReader, ExternalStat } from "@mlstack/core";
import { refused } from "../refused.ts";
import type { ExternalPlace } from "./subject.ts";
import { assertSame, noise, streamed, type StoreCase } from "./tools.ts";

interface Outside { readonly reader: ExternalReader; put(name: string, bytes: Uint8Array): Promise<string>; remove(uri: string): Promise<void>; readonly folder: string }

/** A case with a folder of its own outside of the store, from which what it has put is removed. */
const outside = (id: string, title: string, clause: string, run: (at: Outside & { readonly place: ExternalPlace }) => Promise<void>): StoreCase => ({
  id: `external.${id}`, title, clause, needs: ["external"],
  async run({ store, subject }) {
    const place = subject.external!;
    const folder = `${place.folder}conformance-${randomUUID()}/`;
    const made = new Set<string>();
    try {
      await run({
        place, folder, reader: store.external!,
        async put(name, bytes) { const uri = folder + name; made.add(uri); await place.put(uri, bytes); return uri; },
        async remove(uri) { made.delete(uri); await place.remove(uri); },
      });
    } finally { for (const uri of made) await place.remove(uri); }
  },
});

export const externalCases: readonly StoreCase[] = [
  outside("read", "what others wrote can be read by its URI, whole and in part", "Reads objects that mlstack did not write, by URI. Reads what lies in the store's service outside of the store's own prefix. Schemes without `://`, such as `s3`. Opens an object, in the version that `stat` saw", async ({ reader, place, put }) => {
    assert.ok(reader.schemes.length > 0 && reader.schemes.every((scheme) => /^[a-z][a-z0-9+.-]*$/.test(scheme)), reader.schemes.join(" "));
    assert.ok(reader.schemes.some((scheme) => place.folder.startsWith(`${scheme}://`)), place.folder);
    const bytes = noise(10_000);
    const uri = await put("a/b.csv", bytes);
    const stat = (await reader.stat(uri))!;
    assert.deepEqual([stat.uri, stat.size], [uri, bytes.byteLength]);
    assertSame(await (await reader.get(uri, stat.version)).bytes(), bytes, uri);
    assertSame(await streamed(await reader.get(uri, stat.version, { range: { offset: 9000, length: 5000 } })), bytes.subarray(9000), "the end of it");
  }),
  outside("missing", "of what is not there stat gives undefined, and a URI of another form is refused", "undefined when there is none. @throws MLS3010 for a URI of another form", async ({ reader, place, folder }) => {
    assert.equal(await reader.stat(`${folder}none`), undefined);
    for (const uri of place.malformed) await refused(async () => reader.stat(uri), "MLS3010");
  }),
  outside("version", "another content is another version, and an old one is never another's bytes", "Differs whenever the content differs. Never made of times and sizes. @throws MLS3010 when it has changed since or is gone", async ({ reader, put, remove }) => {
    const uri = await put("k", Buffer.from("one"));
    const first = (await reader.stat(uri))!;
    await put("k", Buffer.from("two"));
    const second = (await reader.stat(uri))!;
    assert.notEqual(second.version, first.version);
    // a service that keeps versions may still have the old one
    const old = await reader.get(uri, first.version).then(async (body) => Buffer.from(await body.bytes()), async (e: unknown) => { await refused(async () => { throw e; }, "MLS3010"); return undefined; });
    if (old !== undefined) assertSame(old, "one", "the old version");
    assertSame(await (await reader.get(uri, second.version)).bytes(), "two", "the new version");
    await remove(uri);
    assert.equal(await reader.stat(uri), undefined);
    const gone = await reader.get(uri, second.version).then(async (body) => Buffer.from(await body.bytes()), async (e: unknown) => { await refused(async () => { throw e; }, "MLS3010"); return undefined; });
    if (gone !== undefined) assertSame(gone, "two", "the version that was removed");
  }),
  outside("list", "a folder has all that lies below it, and nothing beside it", "All objects below a URI that stands for a folder, streamed", async ({ reader, folder, put }) => {
    for (const name of ["d/1", "d/2/3", "dd", "e/4"]) await put(name, Buffer.from(name));
    for (const uri of [`${folder}d`, `${folder}d/`]) {
      const found: ExternalStat[] = [];
      for await (const one of reader.list(uri)) found.push(one);
      assert.deepEqual(found.map((one) => `${one.uri} ${one.size}`).toSorted(), [`${folder}d/1 3`, `${folder}d/2/3 5`]);
      assert.ok(found.every((one) => one.version !== ""));
    }
  }),
  outside("abort", "what reads outside ends with an aborted signal, too", "Aborts the call; the component stops what it does and rejects with the signal's reason", async ({ reader, folder, put }) => {
    const uri = await put("k", Buffer.from("x"));
    const { version } = (await reader.stat(uri))!;
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    for (const call of [async () => reader.stat(uri, { signal }), async () => reader.get(uri, version, { signal }), async () => { for await (const one of reader.list(folder, { signal })) assert.ok(one.uri); }]) {
      assert.equal(await call().then(() => "it resolved", (e: unknown) => e), reason);
    }
  }),
];
