import { crc32 } from "node:zlib";
import { MlstackError, type ArtifactStore } from "@mlstack/core";
import { afterEach, describe, expect, test } from "vitest";
import { s3Config } from "./config.ts";
import { s3ArtifactStore } from "./s3-artifact-store.ts";
import { fakeService, refuse, type Answer, type FakeService } from "./testing/fake-service.ts";

const open: { store: ArtifactStore; service: FakeService }[] = [];
afterEach(async () => { for (const { store, service } of open.splice(0)) { await store.dispose?.(); await service.stop(); } });

async function storeAt(answer: Answer, config: Record<string, unknown> = {}): Promise<{ store: ArtifactStore; seen: FakeService["seen"] }> {
  const service = await fakeService(answer);
  const store = await s3ArtifactStore(s3Config.parse({ bucket: "b12", endpoint: service.endpoint, region: "x", credentials: { accessKeyId: "i", secretAccessKey: "s" }, idleTimeoutSeconds: 2, partSizeMib: 5, ...config }));
  open.push({ store, service });
  return { store, seen: service.seen };
}
const methods = (seen: FakeService["seen"]): string[] => seen.map((s) => s.method);
const source = { kind: "bytes", bytes: Buffer.from("content") } as const;
const code = (wanted: string) => (e: unknown) => MlstackError.is(e) && e.code === wanted;
const checksum = (bytes: Buffer): string => { const b = Buffer.alloc(4); b.writeUInt32BE(crc32(bytes)); return b.toString("base64"); };

describe("creating only what is absent", () => {
  test("a refusal of what an earlier try has written is a success", async () => {
    let id: string | undefined;
    const { store, seen } = await storeAt(({ method, headers }, res) => {
      if (method === "HEAD") return void res.writeHead(200, { "x-amz-meta-mlstack-put": id }).end();
      if (id !== undefined) return refuse(res, 412, "PreconditionFailed");
      id = String(headers["x-amz-meta-mlstack-put"]);
      res.destroy(); // it is written, and the answer lost
    });
    await store.put("k", source, { ifAbsent: true });
    expect(methods(seen)).toEqual(["PUT", "PUT", "HEAD"]);
    expect(seen[1]?.headers).toMatchObject({ "if-none-match": "*", "x-amz-checksum-crc32": checksum(source.bytes) });
  });

  test.each([["another writer's", { "x-amz-meta-mlstack-put": "theirs" }], ["one without an id", {}]])("an object that is %s exists already", async (_what, headers) => {
    const { store } = await storeAt(({ method }, res) => (method === "HEAD" ? void res.writeHead(200, headers).end() : refuse(res, 412, "PreconditionFailed")));
    await expect(store.put("k", source, { ifAbsent: true })).rejects.toSatisfy(code("MLS3012"));
  });

  test("a conflict with another request starts again, and not for ever", async () => {
    let conflicts = 2;
    const answer: Answer = ({ method }, res) => (method === "HEAD" ? void res.writeHead(404).end() : conflicts-- > 0 ? refuse(res, 409, "ConditionalRequestConflict") : void res.writeHead(200, { etag: '"x"' }).end());
    const { store, seen } = await storeAt(answer);
    await store.put("k", source, { ifAbsent: true });
    expect(methods(seen)).toEqual(["PUT", "HEAD", "PUT", "HEAD", "PUT"]);
    conflicts = 1000;
    await expect(store.put("k", source, { ifAbsent: true })).rejects.toSatisfy(code("MLS3003"));
  });

  test("other refusals with 412 or 409 are not taken for it", async () => {
    const { store } = await storeAt((_seen, res) => refuse(res, 409, "ObjectParentIsFile"));
    await expect(store.put("k", source, { ifAbsent: true })).rejects.toSatisfy(code("MLS3003"));
  });
});

test("an object is touched by a copy onto itself, which keeps how it is stored", async () => {
  let gone = false;
  let before = new Date();
  let time = new Date();
  const answered = () => `<CopyObjectResult><LastModified>${time.toISOString()}</LastModified><ETag>x</ETag></CopyObjectResult>`;
  const { store, seen } = await storeAt(({ method, url }, res) => (gone && url.includes("cas") ? refuse(res, 404, "NoSuchKey") : method === "HEAD" ? void res.writeHead(200, { "last-modified": before.toUTCString() }).end() : void res.writeHead(200, { "content-type": "application/xml" }).end(answered())), { prefix: "a=b", storageClass: "STANDARD_IA" });
  await store.touch!("cas/x=1");
  expect(seen[1]).toMatchObject({ method: "PUT", headers: { "x-amz-copy-source": "b12/a%3Db/cas/x%3D1", "x-amz-metadata-directive": "REPLACE", "x-amz-storage-class": "STANDARD_IA", "x-amz-checksum-algorithm": "CRC32" } });
  // what was written an hour ago and still is as old has not been touched
  before = time = new Date(Date.now() - 3_600_000);
  await expect(store.touch!("cas/x")).rejects.toSatisfy(code("MLS3003"));
  // a service whose clock is an hour behind
  before = new Date("2020-01-01");
  await store.touch!("cas/x");
  gone = true;
  await expect(store.touch!("cas/x")).rejects.toSatisfy(code("MLS3001"));
});

describe("in parts", () => {
  const large = { kind: "bytes", bytes: Buffer.alloc(11 * 2 ** 20, 7) } as const;
  /** Everything goes well but the end, which is up to the test. */
  const service = (complete: (res: Parameters<Answer>[1]) => void, head: () => Record<string, string> | undefined): { answer: Answer; id: () => string } => {
    let id = "";
    return {
      id: () => id,
      answer: ({ method, url, headers }, res) => {
        if (method === "HEAD") { const found = head(); return void res.writeHead(found === undefined ? 404 : 200, found).end(); }
        if (method === "DELETE") return void res.writeHead(204).end();
        if (method === "GET") return refuse(res, 404, "NoSuchUpload");
        if (method === "PUT") return void res.writeHead(200, { etag: '"p"' }).end();
        if (url.includes("uploadId")) return complete(res);
        id = String(headers["x-amz-meta-mlstack-put"]);
        res.writeHead(200, { "content-type": "application/xml" }).end("<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>");
      },
    };
  };

  test("an upload that is gone because an earlier try has completed it is a success", async () => {
    const fake = service((res) => refuse(res, 404, "NoSuchUpload"), () => ({ "x-amz-meta-mlstack-put": fake.id() }));
    const { store, seen } = await storeAt(fake.answer);
    await store.put("k", large);
    expect(methods(seen)).toEqual(["POST", "PUT", "PUT", "PUT", "POST", "HEAD"]);
  });

  test("an upload that somebody else has given up starts again, and not for ever", async () => {
    const fake = service((res) => refuse(res, 404, "NoSuchUpload"), () => undefined);
    const { store, seen } = await storeAt(fake.answer);
    await expect(store.put("k", large)).rejects.toSatisfy(code("MLS3003"));
    expect(seen.filter((s) => s.method === "DELETE")).toHaveLength(5);
  });

  test("an error in an answer of 200 is an error, and the upload is given up", async () => {
    const fake = service((res) => void res.writeHead(200, { "content-type": "application/xml" }).end("<Error><Code>InternalError</Code><Message>late</Message></Error>"), () => undefined);
    const { store, seen } = await storeAt(fake.answer, { maxAttempts: 2 });
    await expect(store.put("k", large)).rejects.toSatisfy(code("MLS6001"));
    expect(methods(seen).slice(-2)).toEqual(["DELETE", "GET"]);
  });

  test("an upload that somebody else gives up while its parts are sent starts again, and not for ever", async () => {
    let gone = 1;
    const fake = service((res) => void res.writeHead(200, { "content-type": "application/xml" }).end("<CompleteMultipartUploadResult/>"), () => undefined);
    const { store, seen } = await storeAt((request, res) => (request.method === "PUT" && gone > 0 ? refuse(res, 404, "NoSuchUpload") : (request.method === "DELETE" && gone--, fake.answer(request, res))));
    await store.put("k", large);
    expect(seen.filter((s) => s.url.includes("uploads")).length).toBe(2);
    gone = Infinity;
    await expect(store.put("k", large)).rejects.toSatisfy(code("MLS3003"));
  });

  test("an upload whose writing is aborted while it begins is given up as soon as its id is known", async () => {
    const abort = new AbortController();
    const fake = service((res) => refuse(res, 404, "NoSuchUpload"), () => undefined);
    const { store, seen } = await storeAt((request, res) => {
      if (request.method !== "POST") return fake.answer(request, res);
      abort.abort(new Error("enough"));
      setTimeout(() => fake.answer(request, res), 50);
    });
    await expect(store.put("k", large, { signal: abort.signal })).rejects.toThrow("enough");
    expect(methods(seen)).toEqual(["POST", "DELETE", "GET"]);
    expect(seen[1]?.url).toContain("uploadId=u1");
  });

  test("an upload is given up again when a part has come after that", async () => {
    let late = 2;
    const fake = service((res) => refuse(res, 500, "InternalError"), () => undefined);
    const { store, seen } = await storeAt((request, res) => (request.method === "GET" && late-- > 0
      ? void res.writeHead(200, { "content-type": "application/xml" }).end("<ListPartsResult><Part><PartNumber>1</PartNumber></Part></ListPartsResult>") : fake.answer(request, res)), { maxAttempts: 1 });
    await expect(store.put("k", large)).rejects.toSatisfy(code("MLS6001"));
    expect(methods(seen).slice(-6)).toEqual(["DELETE", "GET", "DELETE", "GET", "DELETE", "GET"]);
  });
});

describe("reading", () => {
  const content = Buffer.from("0123456789".repeat(100));
  /** Sends what is asked for, at most `most` bytes of it, under the announced length. */
  const send = ({ headers }: { headers: Record<string, unknown> }, res: Parameters<Answer>[1], most: number, etag = '"v1"', extra = {}): void => {
    const [from = 0, to = content.length - 1] = (/bytes=(\d+)-(\d+)/.exec(String(headers["range"])) ?? []).slice(1).map(Number);
    const ranged = headers["range"] !== undefined;
    const part = content.subarray(from, Math.min(to + 1, content.length));
    res.writeHead(ranged ? 206 : 200, { etag, "content-length": part.length, ...(ranged && { "content-range": `bytes ${from}-${from + part.length - 1}/${content.length}` }), ...extra });
    res.write(part.subarray(0, most), () => (most < part.length ? setTimeout(() => res.destroy(), 10) : res.end()));
  };
  const all = async (store: ArtifactStore): Promise<string> => { const parts = []; for await (const c of await store.get("k")) parts.push(c); return Buffer.concat(parts).toString(); };

  test("a body that breaks off is taken up where it ended, in the same state of the object", async () => {
    const { store, seen } = await storeAt((request, res) => send(request, res, 300, '"v1"', { "x-amz-checksum-crc32": checksum(content) }));
    expect(await all(store)).toBe(content.toString());
    expect(seen.map((s) => s.headers["range"])).toEqual([undefined, "bytes=300-999", "bytes=600-999", "bytes=900-999"]);
    expect(seen.map((s) => s.headers["if-match"])).toEqual([undefined, '"v1"', '"v1"', '"v1"']);
    expect(seen[0]?.headers["x-amz-checksum-mode"]).toBe("ENABLED");
  });

  test("a body that always breaks off at once is MLS6001", async () => {
    const { store } = await storeAt((request, res) => send(request, res, 0));
    await expect(all(store)).rejects.toSatisfy(code("MLS6001"));
  });

  test("an object that changes meanwhile is MLS3003, one that is not ours MLS3010; their bytes are not mixed", async () => {
    const answer: Answer = (request, res) => (request.headers["if-match"] === undefined || request.headers["range"] === undefined ? send(request, res, 300) : refuse(res, 412, "PreconditionFailed"));
    const { store } = await storeAt(answer);
    await expect(all(store)).rejects.toSatisfy(code("MLS3003"));
    const body = await store.external?.get("s3://other/k", '"v1"');
    await expect(body?.bytes()).rejects.toSatisfy(code("MLS3010"));
  });

  test("bytes that differ from the object's checksum are read again, and then an error", async () => {
    const { store, seen } = await storeAt((request, res) => send(request, res, 5000, '"v1"', { "x-amz-checksum-crc32": "AAAAAA==" }));
    await expect((await store.get("k")).bytes()).rejects.toSatisfy(code("MLS3003"));
    expect(seen).toHaveLength(3);
    await expect(all(store)).rejects.toThrow(/checksum/);
  });

  test("a checksum of checksums is not taken for one of the bytes", async () => {
    const { store } = await storeAt((request, res) => send(request, res, 5000, '"v1"', { "x-amz-checksum-crc32": "AAAAAA==-3", "x-amz-checksum-type": "COMPOSITE" }));
    expect(await all(store)).toBe(content.toString());
  });

  test("an answer without a length is an error: its end would prove nothing", async () => {
    const { store } = await storeAt((_request, res) => void res.writeHead(200, { etag: '"v1"' }).end(content));
    await expect(store.get("k")).rejects.toSatisfy(code("MLS3003"));
  });

  test("a service that ignores ranges is an error, not wrong bytes", async () => {
    const { store } = await storeAt((request, res) => send({ headers: {} }, res, request.headers["range"] === undefined ? 300 : 5000));
    await expect(store.get("k", { range: { offset: 1, length: 3 } })).rejects.toThrow(/ignored the range/);
    await expect(all(store)).rejects.toThrow(/ignored the range/);
  });
});

describe("more requests than connections", () => {
  test("wait for their turn, however long the service takes to answer", async () => {
    let atOnce = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    const { store } = await storeAt((_seen, res) => {
      most = Math.max(most, ++atOnce);
      waiting.push(() => { atOnce--; res.writeHead(200, { "content-length": 3 }).end(); });
      // answers when so many are there that no more can come
      if (waiting.length >= 100 || waiting.length + answered >= 250) setTimeout(() => { for (const go of waiting.splice(0)) { answered++; go(); } }, 1200);
    }, { connectTimeoutSeconds: 1, idleTimeoutSeconds: 60, maxAttempts: 1 });
    let answered = 0;
    const stats = await Promise.all(Array.from({ length: 250 }, (_, i) => store.stat(`k${i}`)));
    expect([stats.length, stats.every((s) => s?.size === 3), most]).toEqual([250, true, 100]);
  });

  const body = Buffer.alloc(1 << 20, 1);
  const serving: Answer = ({ method }, res) => (method === "GET" ? void res.writeHead(200, { etag: '"v"', "content-length": body.length }).end(body) : void res.writeHead(200, { "content-length": 0 }).end());

  test("wait for bodies that nobody reads: one that is closed, or read, makes room for the next", async () => {
    const { store } = await storeAt(serving, { connectTimeoutSeconds: 1, idleTimeoutSeconds: 600, maxAttempts: 1 });
    const open = await Promise.all(Array.from({ length: 100 }, (_, i) => store.get(`k${i}`)));
    const [closed, read] = [store.get("closed"), store.get("read")];
    await open[0]!.close();
    await (await closed).close();
    expect((await open[1]!.bytes()).byteLength).toBe(body.length);
    expect((await (await read).bytes()).byteLength).toBe(body.length);
    await expect((await closed).bytes()).rejects.toThrow("the body was closed");
    for (const b of open) await b.close();
  });

  test("an aborted request does not wait for its turn, and a reading that ends early gives its place back", async () => {
    const { store } = await storeAt(serving);
    const open = await Promise.all(Array.from({ length: 100 }, (_, i) => store.get(`k${i}`)));
    const abort = new AbortController();
    const last = store.get("last", { signal: abort.signal });
    abort.abort(new Error("enough"));
    await expect(last).rejects.toThrow("enough");
    for await (const _ of open[0]!) break;
    await (await store.get("next")).close();
    // in the middle of a reading
    const iterator = open[1]![Symbol.asyncIterator]();
    await iterator.next();
    await open[1]!.close();
    await expect((async () => { for (;;) if ((await iterator.next()).done === true) return; })()).rejects.toThrow("the body was closed");
    for (const b of open) await b.close();
  });
});

describe("what a service lacks", () => {
  test("is no version that is made up: external data without an entity tag is refused", async () => {
    const { store } = await storeAt(({ url }, res) => (url.includes("list-type")
      ? void res.writeHead(200, { "content-type": "application/xml" }).end("<ListBucketResult><Contents><Key>d/k</Key><Size>3</Size></Contents></ListBucketResult>")
      : void res.writeHead(200, { "content-length": "3", "last-modified": new Date(0).toUTCString() }).end()));
    await expect(store.external!.stat("s3://bkt/k")).rejects.toMatchObject({ code: "MLS3010", message: expect.stringContaining("no version") as string });
    await expect((async () => { for await (const _ of store.external!.list("s3://bkt/d")) { /* all */ } })()).rejects.toSatisfy(code("MLS3010"));
  });

  test("is no way to remove a single version: it is refused, not ignored", async () => {
    const { store, seen } = await storeAt((_seen, res) => void res.writeHead(204).end());
    expect(store.capabilities.deleteIfVersion).toBe(false);
    await expect(store.delete("k", { ifVersion: '"v1"' })).rejects.toSatisfy(code("MLS3003"));
    expect(seen).toEqual([]);
  });

  test("is found by check, which does what the store does: whole checksums of parts, conditions at their end, a list of uploads", async () => {
    const objects = new Set<string>();
    let lacks: (seen: FakeService["seen"][number]) => [number, string] | undefined = () => undefined;
    const { store } = await storeAt((request, res) => {
      const { method, url, headers } = request;
      const key = url.split("?")[0]!;
      const refused = lacks(request) ?? (headers["if-none-match"] === "*" && objects.has(key) && !url.includes("uploads") ? [412, "PreconditionFailed"] as const : undefined);
      if (refused !== undefined) return refuse(res, ...refused);
      const xml = (text: string) => void res.writeHead(200, { "content-type": "application/xml" }).end(text);
      if (url.includes("list-type")) return xml("<ListBucketResult/>");
      if (method === "GET" && /[?&]uploads/.test(url)) return xml("<ListMultipartUploadsResult/>");
      if (method === "POST" && /[?&]uploads/.test(url)) return xml("<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>");
      if (method === "POST") { objects.add(key); return xml("<CompleteMultipartUploadResult/>"); }
      if (method === "PUT") { if (!url.includes("partNumber")) objects.add(key); return void res.writeHead(200, { etag: '"p"' }).end(); }
      if (method === "DELETE") { if (!url.includes("uploadId")) objects.delete(key); return void res.writeHead(204).end(); }
      if (method === "HEAD") return void res.writeHead(objects.has(key) ? 200 : 404).end();
      return url.includes("uploadId") ? refuse(res, 404, "NoSuchUpload") : void res.writeHead(200, { etag: '"p"', "content-length": 7 }).end("mlstack");
    }, { maxAttempts: 1 });
    const bad = async () => (await store.check!()).filter((f) => !f.ok).map((f) => [f.name, f.message]);
    expect(await bad()).toEqual([]);
    expect((await store.check!()).map((f) => f.name)).toEqual(["list", "put", "get", "create if absent", "multipart", "create if absent, in parts", "list uploads", "delete"]);
    lacks = ({ headers }) => (headers["x-amz-checksum-type"] === undefined ? undefined : [501, "NotImplemented"]);
    expect(await bad()).toEqual([["multipart", expect.stringMatching(/NotImplemented \(501\).*checksum: none/)]]);
    lacks = ({ method, url }) => (method === "GET" && /[?&]uploads/.test(url) ? [403, "AccessDenied"] : undefined);
    expect(await bad()).toEqual([["list uploads", expect.stringContaining("s3:ListBucketMultipartUploads")]]);
    // a service that looks at the condition of whole objects only
    lacks = ({ method, url, headers }) => { if (method === "POST" && url.includes("uploadId")) delete headers["if-none-match"]; return undefined; };
    expect(await bad()).toEqual([["create if absent, in parts", expect.stringContaining("wrote over an object")]]);
    expect(objects.size).toBe(0);
  });
});

test("many objects are removed in one request, and those that stay are said", async () => {
  const { store, seen } = await storeAt((_seen, res) => void res.writeHead(200, { "content-type": "application/xml" }).end("<DeleteResult><Error><Key>team/k7</Key><Code>AccessDenied</Code><Message>held</Message></Error><Error><Key>team/k8</Key><Code>NoSuchKey</Code></Error></DeleteResult>"), { prefix: "team" });
  expect(await store.deleteMany!(Array.from({ length: 1500 }, (_, i) => `k${i}`))).toEqual([{ key: "k7", reason: "held" }, { key: "k7", reason: "held" }]);
  expect(seen.map((s) => (s.body.toString().match(/<Key>team\/k/g) ?? []).length)).toEqual([1000, 500]);
});
