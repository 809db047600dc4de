import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeleteObjectCommand, PutBucketVersioningCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { MlstackError, type ArtifactStore, type ErrorCode } from "@mlstack/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "./servers/process.ts";
import { startVersitygw, type Versitygw } from "./servers/versitygw.ts";
import { keysOf, openStore, pendingUploads, text, vendorClient } from "./testing/s3.ts";

let gw: Versitygw;
let store: ArtifactStore;
let client: S3Client;
const MIB = 2 ** 20;
const code = (wanted: ErrorCode) => (e: unknown) => MlstackError.is(e, wanted);

beforeAll(async () => {
  gw = await startVersitygw();
  client = vendorClient(gw);
  await gw.bucket("store");
  await gw.bucket("other");
  store = await openStore(gw, { bucket: "store", prefix: "team/ml", partSizeMib: 5 });
});
afterAll(async () => {
  await store.dispose?.();
  client.destroy();
  await gw.stop();
});

describe("what goes wrong", () => {
  const failing = async (config: Record<string, unknown>, wanted: ErrorCode, within = 5000): Promise<MlstackError> => {
    const bad = await openStore(gw, { bucket: "store", ...config });
    let found: unknown;
    for (const work of [() => bad.put("k", text("x")), () => bad.put("k", text("x"), { ifAbsent: true }), () => bad.get("k"), () => bad.stat("k"), () => keysOf(bad, ""), () => bad.delete("k"), () => bad.put("k", { kind: "bytes", bytes: randomBytes(11 * MIB) })]) {
      const started = performance.now();
      found = await work().then(() => "nothing", (e: unknown) => e);
      expect(found, String(work)).toSatisfy(code(wanted));
      expect(performance.now() - started).toBeLessThan(within);
    }
    await bad.dispose?.();
    if (!MlstackError.is(found)) throw new Error("unreachable");
    return found;
  };

  test("a wrong secret, or an unknown key, is MLS6002", async () => {
    expect((await failing({ credentials: { accessKeyId: gw.accessKeyId, secretAccessKey: "wrong" } }, "MLS6002")).fix).toMatch(/secret/);
    expect((await failing({ credentials: { accessKeyId: "nobody", secretAccessKey: "wrong" } }, "MLS6002")).fix).toMatch(/id/);
  });

  test("a bucket that does not exist is MLS3003 and says what to do", async () => {
    expect((await failing({ bucket: "no-such-bucket" }, "MLS3003")).fix).toMatch(/create the bucket no-such-bucket/);
  });

  test("another region is MLS3003 and says so", async () => {
    const bad = await openStore(gw, { bucket: "store", region: "eu-west-1" });
    await expect(bad.put("k", text("x"))).rejects.toMatchObject({ code: "MLS3003", fix: expect.stringMatching(/region/) });
  });

  test("an endpoint where nobody listens is MLS6001, soon", async () => {
    await failing({ endpoint: `http://127.0.0.1:${await freePort()}` }, "MLS6001", 10_000);
  });

  test("a service that hangs is MLS6001 after the configured time", async () => {
    const sockets = new Set<{ destroy(): unknown }>();
    const silent: Server = createServer((socket) => { sockets.add(socket); socket.on("error", () => undefined).resume(); });
    const port = await freePort();
    await new Promise<void>((ok) => { silent.listen(port, "127.0.0.1", ok); });
    const bad = await openStore(gw, { bucket: "store", endpoint: `http://127.0.0.1:${port}`, idleTimeoutSeconds: 0.3, maxAttempts: 2 });
    for (const work of [() => bad.put("k", text("x")), () => bad.put("k", { kind: "bytes", bytes: randomBytes(11 * MIB) }), () => bad.get("k"), () => keysOf(bad, "")]) {
      const started = performance.now();
      await expect(work(), String(work)).rejects.toSatisfy(code("MLS6001"));
      expect(performance.now() - started).toBeLessThan(20_000);
    }
    const signal = AbortSignal.timeout(100);
    const slow = await openStore(gw, { bucket: "store", endpoint: `http://127.0.0.1:${port}` });
    await expect(slow.stat("k", { signal })).rejects.toSatisfy((e) => signal.aborted && e === signal.reason);
    await Promise.all([bad.dispose?.(), slow.dispose?.()]);
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  test("a configuration with a misspelt key is MLS2008", async () => {
    await expect(openStore(gw, { bucket: "store", Region: "x" })).rejects.toSatisfy(code("MLS2008"));
  });

  test("a read that is aborted ends with the signal's reason", async () => {
    const controller = new AbortController();
    await store.put("long", { kind: "bytes", bytes: randomBytes(30 * MIB) });
    const body = await store.get("long", { signal: controller.signal });
    const reason = new Error("enough");
    await expect((async () => { for await (const chunk of body) { if (chunk.byteLength > 0) controller.abort(reason); } })()).rejects.toBe(reason);
  });
});

describe("objects that mlstack did not write", () => {
  const put = (Key: string, body: string, Bucket = "other") => client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.from(body) }));

  test("are found, read in the version that was seen, and listed", async () => {
    const { external } = store;
    if (external === undefined) throw new Error("no external reader");
    await put("data/ä b?#%41.csv", "1,2");
    await put("data/x", "x");
    await put("data/sub/", "");
    await put("database", "no");
    const uri = "s3://other/data/ä b?#%41.csv";
    const stat = await external.stat(uri);
    expect(stat).toEqual({ uri, size: 3, version: expect.stringMatching(/^"/) });
    expect(Buffer.from(await (await external.get(uri, stat?.version ?? "")).bytes()).toString()).toBe("1,2");
    expect(await external.stat("s3://other/none")).toBeUndefined();
    const listed: { uri: string; version: string }[] = [];
    for await (const found of external.list("s3://other/data")) listed.push(found);
    expect(listed.map((f) => f.uri).sort()).toEqual(["s3://other/data/x", uri]);
    expect(listed.find((f) => f.uri === uri)?.version).toBe(stat?.version);
    await put("data/ä b?#%41.csv", "3,4");
    await expect(external.get(uri, stat?.version ?? "")).rejects.toSatisfy(code("MLS3010"));
    await client.send(new DeleteObjectCommand({ Bucket: "other", Key: "data/x" }));
    await expect(external.get("s3://other/data/x", '"9dd4e461268c8034f5c8564e155c67a6"')).rejects.toSatisfy(code("MLS3010"));
    for (const bad of ["s3:/other/x", "gs://other/x", "s3://other", "s3://o/x", "s3://other/"]) await expect(external.stat(bad), bad).rejects.toSatisfy(code("MLS3010"));
    await expect(external.stat("s3://nobucket/x")).rejects.toSatisfy(code("MLS3010"));
  });

  test("stay readable in a bucket with versions", async () => {
    const { external } = store;
    if (external === undefined) throw new Error("no external reader");
    await gw.bucket("versioned");
    await client.send(new PutBucketVersioningCommand({ Bucket: "versioned", VersioningConfiguration: { Status: "Enabled" } }));
    await put("k", "old", "versioned");
    const uri = "s3://versioned/k";
    const old = await external.stat(uri);
    await put("k", "new one", "versioned");
    expect(old?.version).not.toMatch(/^"/);
    expect((await external.stat(uri))?.version).not.toBe(old?.version);
    expect(Buffer.from(await (await external.get(uri, old?.version ?? "")).bytes()).toString()).toBe("old");
    await client.send(new DeleteObjectCommand({ Bucket: "versioned", Key: "k" }));
    expect(await external.stat(uri)).toBeUndefined();
    await expect(external.get(uri, "01JNOSUCHVERSION0000000000")).rejects.toSatisfy(code("MLS3010"));
  });
});

describe("credentials that the stack's file does not hold", () => {
  const folder = mkdtempSync(join(tmpdir(), "mlstack-s3-profile-"));
  const names = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] as const;
  const before = names.map((name) => process.env[name]);
  const set = (values: Readonly<Partial<Record<(typeof names)[number], string>>>) => { for (const name of names) if (values[name] === undefined) delete process.env[name]; else process.env[name] = values[name]; };
  afterAll(() => {
    set(Object.fromEntries(names.flatMap((name, i) => (before[i] === undefined ? [] : [[name, before[i]]]))));
    rmSync(folder, { recursive: true, force: true });
  });
  const works = async () => {
    const found = await openStore(gw, { bucket: "store", prefix: "profile", credentials: undefined });
    await found.put("k", text("by profile"));
    expect(Buffer.from(await (await found.get("k")).bytes()).toString()).toBe("by profile");
    await found.dispose?.();
  };

  test("come from a profile, from a process that it names, and from the environment; a session's token is sent along", async () => {
    const [config, credentials] = [join(folder, "config"), join(folder, "credentials")];
    const files = { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: credentials };
    const printed = JSON.stringify({ Version: 1, AccessKeyId: gw.accessKeyId, SecretAccessKey: gw.secretAccessKey });
    writeFileSync(join(folder, "printed.json"), printed);
    writeFileSync(config, `[profile team]\nregion = ${gw.region}\n[profile sso]\ncredential_process = cat ${join(folder, "printed.json")}\n`);
    writeFileSync(credentials, `[team]\naws_access_key_id = ${gw.accessKeyId}\naws_secret_access_key = ${gw.secretAccessKey}\n[session]\naws_access_key_id = ${gw.accessKeyId}\naws_secret_access_key = ${gw.secretAccessKey}\naws_session_token = of the session\n[wrong]\naws_access_key_id = nobody\naws_secret_access_key = nothing\n`);
    set({ ...files, AWS_PROFILE: "team" });
    await works();
    set({ ...files, AWS_PROFILE: "sso" });
    await works();
    set({ ...files, AWS_ACCESS_KEY_ID: gw.accessKeyId, AWS_SECRET_ACCESS_KEY: gw.secretAccessKey });
    await works();
    // this service has no sessions, and says so of every token
    set({ ...files, AWS_PROFILE: "session" });
    await expect(works()).rejects.toMatchObject({ code: "MLS6002", message: expect.stringContaining("InvalidToken") });
    set({ ...files, AWS_PROFILE: "wrong" });
    await expect(works()).rejects.toSatisfy(code("MLS6002"));
    set({ ...files, AWS_PROFILE: "no-such-profile" });
    await expect(works()).rejects.toSatisfy(code("MLS6002"));
  });
});

describe("check", () => {
  test("finds everything in order, and leaves nothing", async () => {
    const findings = await store.check?.();
    expect(findings?.map((f) => [f.name, f.ok])).toEqual(["list", "put", "get", "create if absent", "multipart", "create if absent, in parts", "list uploads", "delete"].map((name) => [name, true]));
    expect(findings?.every((f) => (f.ms ?? 0) > 0)).toBe(true);
    expect([await keysOf(store, "mlstack-check"), await pendingUploads(client, "store")]).toEqual([[], 0]);
  });

  test("says what is wrong", async () => {
    const look = async (config: Record<string, unknown>) => ((await (await openStore(gw, { bucket: "store", ...config })).check?.()) ?? []).map((f) => `${f.name} ${f.ok} ${f.message}`).join("\n");
    expect(await look({ bucket: "no-such-bucket" })).toMatch(/^list false .*no bucket no-such-bucket.*create the bucket/);
    expect(await look({ credentials: { accessKeyId: gw.accessKeyId, secretAccessKey: "wrong" } })).toMatch(/^list false .*refused.*secret/);
    expect(await look({ endpoint: `http://127.0.0.1:${await freePort()}` })).toMatch(/^list false .*could not be reached/);
  });
});
