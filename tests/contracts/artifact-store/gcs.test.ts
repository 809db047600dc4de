import { describe, expect, it } from "vitest";
import { collect, crc32c, text } from "../testing/bytes.ts";
import { tape, type Exchange } from "../testing/tape.ts";
import { gcsStore } from "./gcs.ts";

const bytes = text("hello");
const crc = crc32c(bytes);
const small = (query = "&ifGenerationMatch=0") => ({ method: "POST", url: `/upload/storage/v1/b/b/o?uploadType=multipart&name=ac%2Fmain%2Fk${query}`, body: { metadata: { crc32c: crc }, media: bytes } });
const object = { name: "ac/main/k", size: "5", timeCreated: "2026-11-23T00:00:00Z", generation: "17", crc32c: crc };
const head = { method: "GET", url: "/storage/v1/b/b/o/ac%2Fmain%2Fk" };
const source = { kind: "bytes", bytes } as const;

async function play<T>(recording: Exchange[], use: (store: ReturnType<typeof gcsStore>) => Promise<T>, partSize?: number): Promise<T> {
  const recorded = tape(...recording);
  const result = await use(gcsStore(recorded.send, "b", partSize)).finally(() => recorded.done());
  return result;
}

describe("artifact_store@1 on Cloud Storage", () => {
  it("knows its checksum", () => { expect(crc32c(text("123456789"))).toBe("4waSgw=="); });

  it("creates if absent, and says that somebody was faster", async () => {
    await play([[small(), { status: 200 }]], (s) => s.put("ac/main/k", source, { ifAbsent: true }));
    await expect(play([[small(), { status: 412 }]], (s) => s.put("ac/main/k", source, { ifAbsent: true }))).rejects.toMatchObject({ code: "MLS3012" });
  });

  it("does not mistake its own lost answer for somebody else", async () => {
    await play([[small(), "lost"], [small(), { status: 412 }], [head, { status: 200, body: object }]], (s) => s.put("ac/main/k", source, { ifAbsent: true }));
    const other = { ...object, crc32c: crc32c(text("other")) };
    await expect(play([[small(), "lost"], [small(), { status: 412 }], [head, { status: 200, body: other }]], (s) => s.put("ac/main/k", source, { ifAbsent: true }))).rejects.toMatchObject({ code: "MLS3012" });
  });

  it("waits out the limit of one change a second for one name", async () => {
    await play([[small(""), { status: 429 }], [small(""), { status: 200 }]], (s) => s.put("ac/main/k", source));
  });

  it("goes on where the session stands, and shows nothing before its end", async () => {
    const begin = { method: "POST", url: "/upload/storage/v1/b/b/o?uploadType=resumable&name=cas%2Fk&ifGenerationMatch=0", headers: { "x-upload-content-length": "5" }, body: { crc32c: crc } };
    const part = (range: string, body?: Uint8Array) => ({ method: "PUT", url: "/s1", headers: { "content-range": range }, ...(body && { body }) });
    await play([
      [begin, { status: 200, headers: { location: "/s1" } }],
      [part("bytes 0-1/5", bytes.subarray(0, 2)), { status: 308, headers: { range: "bytes=0-1" } }],
      [part("bytes 2-3/5", bytes.subarray(2, 4)), "lost"],
      [part("bytes */5"), { status: 308, headers: { range: "bytes=0-2" } }],
      [part("bytes 3-4/5", bytes.subarray(3, 5)), { status: 200 }],
    ], (s) => s.put("cas/k", source, { ifAbsent: true }), 2);
  });

  it("starts again when the session is forgotten, and finds that its last part had arrived", async () => {
    const begin = { method: "POST", url: "/upload/storage/v1/b/b/o?uploadType=resumable&name=ac%2Fmain%2Fk&ifGenerationMatch=0", body: { crc32c: crc } };
    await play([
      [begin, { status: 200, headers: { location: "/s1" } }],
      [{ method: "PUT", url: "/s1", body: bytes.subarray(0, 4) }, { status: 308, headers: { range: "bytes=0-3" } }],
      [{ method: "PUT", url: "/s1", body: bytes.subarray(4) }, "lost"],
      [{ method: "PUT", url: "/s1", headers: { "content-range": "bytes */5" } }, { status: 410 }],
      [begin, { status: 412 }],
      [head, { status: 200, body: object }],
    ], (s) => s.put("ac/main/k", source, { ifAbsent: true }), 4);
  });

  it("reads an empty part past the end, and tells a missing object from a missing bucket", async () => {
    const media = { method: "GET", url: "/storage/v1/b/b/o/ac%2Fmain%2Fk?alt=media", headers: { range: "bytes=9-18" } };
    const body = await play([[media, { status: 416 }]], (s) => s.get("ac/main/k", { range: { offset: 9, length: 10 } }));
    expect(body.size).toBe(0);
    await expect(play([[{ ...media, headers: {} }, { status: 404 }]], (s) => s.get("ac/main/k"))).rejects.toMatchObject({ code: "MLS3001" });
    expect(await play([[head, { status: 404 }]], (s) => s.stat("ac/main/k"))).toBeUndefined();
    await expect(play([[head, { status: 404, body: { error: { message: "The specified bucket does not exist." } } }]], (s) => s.stat("ac/main/k"))).rejects.toMatchObject({ code: "MLS3003" });
  });

  it("removes only what gc has looked at", async () => {
    const remove = { method: "DELETE", url: "/storage/v1/b/b/o/ac%2Fmain%2Fk?ifGenerationMatch=17" };
    await play([[remove, { status: 412 }]], (s) => s.delete("ac/main/k", { ifVersion: "17" }));
    await expect(play([[remove, { status: 403, body: { error: { errors: [{ reason: "retentionPolicyNotMet" }] } } }]], (s) => s.delete("ac/main/k", { ifVersion: "17" }))).rejects.toMatchObject({ code: "MLS3005" });
  });

  it("reads external data in the version that was looked at, or not at all", async () => {
    const read = { method: "GET", url: "/storage/v1/b/data/o/d%2Fx.csv?alt=media&generation=17" };
    await expect(play([[read, { status: 404 }]], (s) => s.external!.get("gs://data/d/x.csv", "17"))).rejects.toMatchObject({ code: "MLS3010" });
  });

  it("asks nothing more after an abort", async () => {
    const options = { signal: AbortSignal.abort(new Error("enough")) };
    await expect(play([], (s) => s.put("ac/main/k", source, options))).rejects.toThrow("enough");
    await expect(play([], (s) => s.stat("ac/main/k", options))).rejects.toThrow("enough");
    await expect(play([], (s) => s.delete("ac/main/k", options))).rejects.toThrow("enough");
  });

  it("tells a service that does not serve now from one that refuses", async () => {
    const busy: Exchange[] = [1, 2, 3].map(() => [head, { status: 503 }]);
    await expect(play(busy, (s) => s.stat("ac/main/k"))).rejects.toMatchObject({ code: "MLS6001" });
    await expect(play([[head, { status: 400 }]], (s) => s.stat("ac/main/k"))).rejects.toMatchObject({ code: "MLS3003" });
  });

  it("lists page by page", async () => {
    const page = (more: string, body: unknown): Exchange => [{ method: "GET", url: `/storage/v1/b/b/o?prefix=ac%2F${more}` }, { status: 200, body }];
    expect(await play([page("", { items: [object], nextPageToken: "p/2" }), page("&pageToken=p%2F2", {})], (s) => collect(s.list("ac/")))).toMatchObject([{ key: "ac/main/k", size: 5, version: "17" }]);
  });
});
