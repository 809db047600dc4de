import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { collect, text } from "../testing/bytes.ts";
import { tape, type Answer, type Exchange } from "../testing/tape.ts";
import { azureStore } from "./azure.ts";

const bytes = text("hello");
const md5 = createHash("md5").update(bytes).digest("base64");
const source = { kind: "bytes", bytes } as const;
const error = (status: number, code: string): Answer => ({ status, headers: { "x-ms-error-code": code } });
const put = { method: "PUT", url: "/c/ac/main/k", headers: { "if-none-match": "*", "x-ms-blob-type": "BlockBlob", "content-md5": md5, "x-ms-blob-content-md5": md5 }, body: bytes };
const head = { method: "HEAD", url: "/c/ac/main/k" };

async function play<T>(recording: Exchange[], use: (store: ReturnType<typeof azureStore>) => Promise<T>, blockSize?: number): Promise<T> {
  const recorded = tape(...recording);
  let nth = 0;
  return await use(azureStore(recorded.send, "c", () => `n${++nth}`, blockSize)).finally(() => recorded.done());
}

/** An upload in blocks of 3 bytes, up to its commit. */
function staged(nonce: string, commit: Answer | "lost", headers: Record<string, string> = { "if-none-match": "*" }): Exchange[] {
  const ids = [0, 1].map((n) => Buffer.from(`${nonce}.0000${n}`).toString("base64"));
  const block = (n: number): Exchange => [{ method: "PUT", url: `/c/ac/main/k?comp=block&blockid=${encodeURIComponent(ids[n]!)}`, body: bytes.subarray(n * 3, n * 3 + 3) }, { status: 201 }];
  return [block(0), block(1), [{ method: "PUT", url: "/c/ac/main/k?comp=blocklist", headers: { ...headers, "x-ms-blob-content-md5": md5 }, body: { latest: ids } }, commit]];
}

describe("artifact_store@1 on Azure Blob Storage", () => {
  it.each([error(409, "BlobAlreadyExists"), error(412, "ConditionNotMet")])("takes both answers for `exists`: $status", async (answer) => {
    await expect(play([[put, answer]], (s) => s.put("ac/main/k", source, { ifAbsent: true }))).rejects.toMatchObject({ code: "MLS3012" });
  });

  it("is not misled by a 412 that means something else", async () => {
    await expect(play([[put, error(412, "LeaseIdMissing")]], (s) => s.put("ac/main/k", source, { ifAbsent: true }))).rejects.toMatchObject({ code: "MLS3005" });
  });

  it("does not mistake its own lost answer for somebody else", async () => {
    await play([[put, "lost"], [put, error(409, "BlobAlreadyExists")], [head, { status: 200, headers: { "content-md5": md5, "content-length": "5" } }]], (s) => s.put("ac/main/k", source, { ifAbsent: true }));
  });

  it("shows nothing before the block list", async () => {
    await play(staged("n1", { status: 201 }), (s) => s.put("ac/main/k", source, { ifAbsent: true }), 3);
    expect(await play([[head, error(404, "BlobNotFound")]], (s) => s.stat("ac/main/k"))).toBeUndefined();
  });

  it("stages again, under other ids, when another writer's commit threw its blocks away", async () => {
    await play([...staged("n1", error(400, "InvalidBlockList"), {}), ...staged("n2", { status: 201 }, {})], (s) => s.put("ac/main/k", source), 3);
    await expect(play([...staged("n1", error(400, "InvalidBlockList")), ...staged("n2", error(409, "BlobAlreadyExists"))], (s) => s.put("ac/main/k", source, { ifAbsent: true }), 3)).rejects.toMatchObject({ code: "MLS3012" });
  });

  it("does not answer `no object` when there is no container", async () => {
    await expect(play([[head, error(404, "ContainerNotFound")]], (s) => s.stat("ac/main/k"))).rejects.toMatchObject({ code: "MLS3003" });
    await expect(play([[{ method: "GET", url: "/c/ac/main/k" }, error(404, "BlobNotFound")]], (s) => s.get("ac/main/k"))).rejects.toMatchObject({ code: "MLS3001" });
  });

  it("lists over empty pages, and leaves out the folders of a hierarchical namespace", async () => {
    const page = (more: string, body: unknown): Exchange => [{ method: "GET", url: `/c?restype=container&comp=list&prefix=ac%2F${more}` }, { status: 200, body }];
    const blob = { name: "ac/main/k", size: 5, modified: "2026-11-23T00:00:00Z", etag: "0x1" };
    const all = await play([page("", { blobs: [], nextMarker: "m" }), page("&marker=m", { blobs: [{ ...blob, name: "ac/main", size: 0, folder: true }, blob] })], (s) => collect(s.list("ac/")));
    expect(all).toMatchObject([{ key: "ac/main/k", version: "0x1" }]);
    expect(await play([[{ method: "HEAD", url: "/c/ac/main" }, { status: 200, headers: { "x-ms-meta-hdi_isfolder": "true" } }]], (s) => s.stat("ac/main"))).toBeUndefined();
  });

  it("removes only what gc has looked at", async () => {
    await play([[{ method: "DELETE", url: "/c/ac/main/k", headers: { "if-match": "0x1" } }, error(412, "ConditionNotMet")]], (s) => s.delete("ac/main/k", { ifVersion: "0x1" }));
    await expect(play([[{ method: "DELETE", url: "/c/ac/main/k" }, error(409, "BlobImmutableDueToPolicy")]], (s) => s.delete("ac/main/k"))).rejects.toMatchObject({ code: "MLS3005" });
  });

  it("encodes every segment, and reads external data in the version that was looked at", async () => {
    await play([[{ method: "DELETE", url: "/c/journal/r/train%401/a%2Bb%3D" }, { status: 202 }]], (s) => s.delete("journal/r/train@1/a+b="));
    const read = { method: "GET", url: "/data/d/x.csv", headers: { "if-match": "0x1" } };
    await expect(play([[read, error(412, "ConditionNotMet")]], (s) => s.external!.get("az://data/d/x.csv", "0x1"))).rejects.toMatchObject({ code: "MLS3010" });
  });
});
