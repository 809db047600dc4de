import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fakeRegistry, type FakeRegistry } from "../testing/fake-registry.ts";
import { madePlugin } from "../testing/plugins.ts";
import { scratch, type Scratch } from "../testing/scratch.ts";
import { packed } from "../testing/tar.ts";
import { checkTarball } from "../tarball/check-tarball.ts";
import { openRegistry, type RegistryOptions } from "./open-registry.ts";
import type { Registry } from "./registry.ts";

const NAME = "@acme/mlstack-plugin-x";
let server: FakeRegistry;
let folder: Scratch;

beforeEach(async () => {
  folder = scratch();
  server = await fakeRegistry();
  for (const version of ["1.0.0", "1.2.0", "1.10.0"]) server.add(madePlugin({ name: NAME, version }));
  folder.put({ "project/package.json": "{}", "project/.npmrc": `registry=${server.url}\n` });
});
afterEach(async () => {
  await server.stop();
  folder.remove();
});

/** No retries and nothing of the user who runs the tests. */
const open = (options: Partial<RegistryOptions> = {}, env: Record<string, string> = {}): Promise<Registry> => openRegistry({
  projectDir: join(folder.dir, "project"), cacheDir: join(folder.dir, "cache"), offline: false, ...options,
  env: { HOME: join(folder.dir, "home"), USERPROFILE: join(folder.dir, "home"), PREFIX: join(folder.dir, "prefix"), NPM_CONFIG_FETCH_RETRIES: "0", ...env },
});
const find = async (registry: Registry, version: string) => (await registry.document(NAME)).versions.find((v) => v.version === version)!;

describe("what a registry says", () => {
  test("of a package: versions in their order, tags, times, and what a decision needs", async () => {
    server.add(madePlugin({ name: NAME, version: "2.0.0", provenance: true, deprecated: "no", node: ">=22" }));
    const document = await (await open()).document(NAME);
    expect(document.versions.map(({ version }) => version)).toEqual(["1.0.0", "1.2.0", "1.10.0", "2.0.0"]);
    expect(document.distTags).toEqual({ latest: "2.0.0" });
    expect(document.versions.at(-1)).toMatchObject({ name: NAME, integrity: madePlugin({ name: NAME, version: "2.0.0", node: ">=22" }).version.integrity, provenance: true, deprecated: "no", engines: { node: ">=22" }, publishedAt: "2026-01-01T00:00:00.000Z", hasInstallScript: false, manifest: { manifestVersion: 1 } });
    expect(server.seen.map(({ url }) => url)).toEqual(["/@acme%2fmlstack-plugin-x"]);
  });

  test("and its tarball, of which the bytes are those announced", async () => {
    const registry = await open();
    const version = await find(registry, "1.2.0");
    expect(Buffer.from(await registry.tarball(version)).equals(madePlugin({ name: NAME, version: "1.2.0" }).tarball)).toBe(true);
  });

  test("is asked once, and then with what it said before", async () => {
    const first = await open();
    await Promise.all([first.document(NAME), first.document(NAME)]);
    expect(server.seen).toHaveLength(1);
    const again = await (await open()).document(NAME);
    expect(server.seen[1]!.headers["if-none-match"]).toBeTruthy();
    expect(again.versions).toHaveLength(3);
    server.add(madePlugin({ name: NAME, version: "3.0.0" }));
    expect((await (await open()).document(NAME)).versions).toHaveLength(4);
  });

  test("a tarball that was fetched before is not fetched again; a damaged one in the cache is", async () => {
    for (let i = 0; i < 2; i++) { const registry = await open(); await registry.tarball(await find(registry, "1.2.0")); }
    const fetched = () => server.seen.filter(({ url }) => url.endsWith(".tgz")).length;
    expect(fetched()).toBe(1);
    const tarballs = join(folder.dir, "cache", "v1", "tarballs");
    folder.put({ [`cache/v1/tarballs/${readdirSync(tarballs)[0]!}`]: "damaged" });
    const registry = await open();
    await registry.tarball(await find(registry, "1.2.0"));
    expect(fetched()).toBe(2);
  });

  test("a search gives what carries the keyword and has all words, whatever the registry makes of the question", async () => {
    server.add(madePlugin({ name: "other", more: { keywords: ["left"] } }));
    const registry = await open();
    expect((await registry.search("mlstack-plugin", "")).map(({ name }) => name)).toEqual([NAME]);
    expect((await registry.search("mlstack-plugin", "INTEGRATION acme"))[0]).toMatchObject({ name: NAME, version: "1.10.0", description: `The integration ${NAME}` });
    expect(await registry.search("mlstack-plugin", "acme nothing")).toEqual([]);
    expect(server.seen[0]!.url).toBe("/-/v1/search?text=keywords%3Amlstack-plugin&size=250");
  });

  test("a search is asked for in other words where the registry does not know the first, and without a version takes the tag", async () => {
    server.on(/text=keywords/, (_, response) => { response.end(JSON.stringify({ objects: [] })); });
    server.on(/text=mlstack-plugin\+acme/, (_, response) => { response.end(JSON.stringify({ objects: [{ package: { name: NAME, "dist-tags": { latest: "1.10.0" }, keywords: ["mlstack-plugin"] } }] })); });
    expect(await (await open()).search("mlstack-plugin", "acme")).toEqual([{ name: NAME, version: "1.10.0", description: "", keywords: ["mlstack-plugin"], publishedAt: undefined }]);
  });
});

describe("npm's settings", () => {
  test("registry and token by scope; the token goes to the registry that it is for, and nowhere else", async () => {
    const mine = await fakeRegistry({ path: "repository/npm/", token: "s3cret" });
    try {
      mine.add(madePlugin({ name: NAME, version: "9.0.0" }));
      server.add(madePlugin({ name: "plain" }));
      folder.put({ "home/.npmrc": `//${mine.url.slice("http://".length)}:_authToken=\${TOKEN}\n`, "project/.npmrc": `registry=${server.url}\n@acme:registry=${mine.url}\n` });
      const registry = await open({}, { TOKEN: "s3cret" });
      expect(registry.identityOf(NAME)).toBe(mine.url.slice("http://".length, -1));
      expect(registry.identityOf("plain")).toBe(server.url.slice("http://".length, -1));
      expect((await registry.document(NAME)).versions.map(({ version }) => version)).toEqual(["9.0.0"]);
      await registry.tarball(await find(registry, "9.0.0"));
      await registry.document("plain");
      expect(server.seen.map(({ url, headers }) => [url, headers.authorization])).toEqual([["/plain", undefined]]);
      expect(mine.seen.every(({ headers }) => headers.authorization === "Bearer s3cret")).toBe(true);
    } finally { await mine.stop(); }
  });

  test("a scope's registry is asked even where another is named by hand: its names are not looked for elsewhere", async () => {
    const named = await fakeRegistry();
    try {
      named.add(madePlugin({ name: NAME, version: "666.0.0" }));
      named.add(madePlugin({ name: "plain" }));
      folder.put({ "project/.npmrc": `@acme:registry=${server.url}\n` });
      const registry = await open({ registry: named.url });
      expect((await registry.document(NAME)).versions.at(-1)?.version).toBe("1.10.0");
      expect((await registry.document("plain")).versions).toHaveLength(1);
      expect(named.seen.map(({ url }) => url)).toEqual(["/plain"]);
    } finally { await named.stop(); }
  });

  test("variables go before files, and what was named by hand before both", async () => {
    const [a, b] = [await fakeRegistry(), await fakeRegistry()];
    try {
      expect((await open({}, { NPM_CONFIG_REGISTRY: a.url })).identityOf("x")).toBe(a.url.slice(7, -1));
      expect((await open({ registry: b.url.slice(0, -1) }, { NPM_CONFIG_REGISTRY: a.url })).identityOf("x")).toBe(b.url.slice(7, -1));
    } finally { await Promise.all([a.stop(), b.stop()]); }
  });

  test("tarballs at the registry that a mirror mirrors are fetched from the mirror, and those on another host without its token", async () => {
    const elsewhere = await fakeRegistry();
    const mirror = await fakeRegistry({ path: "mirror/", token: "t" });
    try {
      const public_ = ["https://registry", "npmjs", "org"].join(".");
      const [made, other] = [madePlugin({ name: "mirrored" }), madePlugin({ name: "moved" })];
      elsewhere.add(other);
      mirror.add(made, (v) => ({ ...v, dist: { ...(v["dist"] as object), tarball: `${public_}/mirrored/-/mirrored-1.0.0.tgz` } }));
      mirror.add(other, (v) => ({ ...v, dist: { ...(v["dist"] as object), tarball: `${elsewhere.url}moved/-/moved-1.0.0.tgz` } }));
      folder.put({ "project/.npmrc": `registry=${mirror.url}\n//${mirror.url.slice(7)}:_authToken=t\n` });
      const registry = await open();
      for (const name of ["mirrored", "moved"]) await registry.tarball((await registry.document(name)).versions[0]!);
      expect(mirror.seen.map(({ url }) => url)).toContain("/mirror/mirrored/-/mirrored-1.0.0.tgz");
      expect(elsewhere.seen.map(({ url, headers }) => [url, headers.authorization])).toEqual([["/moved/-/moved-1.0.0.tgz", undefined]]);
    } finally { await Promise.all([elsewhere.stop(), mirror.stop()]); }
  });

  test("a registry that is no address is a mistake in them", async () => {
    folder.put({ "project/.npmrc": "@acme:registry=not an address\n" });
    const registry = await open();
    await expect(async () => registry.document(NAME)).rejects.toMatchObject({ code: "MLS8106", exitCode: 2 });
  });
});

describe("trouble is told apart, and none of it is called a difference of bytes", () => {
  const document = async (env: Record<string, string> = {}) => (await open({}, env)).document(NAME);

  test("nobody listens there", async () => {
    await server.stop();
    await expect(document()).rejects.toMatchObject({ code: "MLS8101", exitCode: 6, why: "nobody listens there" });
  });

  test("an answer that does not come", async () => {
    server.on(/acme/, () => { /* for ever */ });
    await expect(document({ NPM_CONFIG_FETCH_TIMEOUT: "200" })).rejects.toMatchObject({ code: "MLS8101", why: "it did not answer in time" });
  });

  test("a connection that is closed before, and within, an answer", async () => {
    server.on(/acme/, (request) => { request.socket.destroy(); });
    await expect(document()).rejects.toMatchObject({ code: "MLS8101" });
    server.on(/acme/, (request, response) => {
      response.writeHead(200, { "content-length": "1000" }).write('{"name":');
      setImmediate(() => request.socket.destroy());
    });
    await expect(document()).rejects.toMatchObject({ code: "MLS8101", why: expect.stringContaining("broke off") as string });
  });

  test("something that speaks no HTTP", async () => {
    const raw = createServer((socket) => { socket.end("220 mail.example ready\r\n"); });
    await new Promise<void>((resolve) => { raw.listen(0, "127.0.0.1", resolve); });
    try { await expect(document({ NPM_CONFIG_REGISTRY: `http://127.0.0.1:${(raw.address() as { port: number }).port}/` })).rejects.toMatchObject({ code: "MLS8101" }); } finally { raw.close(); }
  });

  test("a host that there is not", async () => {
    await expect(document({ NPM_CONFIG_REGISTRY: "http://no-such-host.invalid/" })).rejects.toMatchObject({ code: "MLS8101", details: { registry: "no-such-host.invalid/@acme/mlstack-plugin-x" } });
  });

  test.each([500, 502, 503, 429])("status %i", async (status) => {
    server.on(/acme/, (_, response) => { response.writeHead(status, { "content-type": "text/html" }).end("<html>oops</html>"); });
    await expect(document()).rejects.toMatchObject({ code: "MLS8101", details: { status } });
  });

  test.each([[401, "MLS8103", 1], [403, "MLS8103", 1], [402, "MLS8103", 1], [404, "MLS8102", 4], [418, "MLS8104", 6]])("status %i is %s", async (status, code, exitCode) => {
    server.on(/acme/, (_, response) => { response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ error: "blocked by the security team" })); });
    await expect(document()).rejects.toMatchObject({ code, exitCode });
    if (code === "MLS8103") await expect(document()).rejects.toMatchObject({ message: expect.stringContaining("blocked by the security team") as string });
  });

  test("a token that is missing, one whose variable is not set, and a wrong one", async () => {
    const mine = await fakeRegistry({ token: "right" });
    try {
      mine.add(madePlugin({ name: NAME }));
      const withToken = async (token: string, env: Record<string, string> = {}) => {
        folder.put({ "project/.npmrc": `registry=${mine.url}\n${token === "" ? "" : `//${mine.url.slice(7)}:_authToken=${token}\n`}` });
        return document(env);
      };
      await expect(withToken("")).rejects.toMatchObject({ code: "MLS8103", why: "npm's settings have no token for it" });
      await expect(withToken("${NPM_TOKEN}")).rejects.toMatchObject({ code: "MLS8103", fix: "set NPM_TOKEN" });
      await expect(withToken("wrong")).rejects.toMatchObject({ code: "MLS8103", why: expect.stringContaining("does not allow") as string });
      await expect(withToken("${NPM_TOKEN}", { NPM_TOKEN: "right" })).resolves.toMatchObject({ name: NAME });
    } finally { await mine.stop(); }
  });

  test.each<[string, string | object]>([
    ["a page of HTML", "<!doctype html><html>log in</html>"], ["text", "hello"], ["JSON of something else", { ok: true }], ["another package", { name: "evil", versions: {} }],
    ["another version under this one's number", { name: NAME, versions: { "1.0.0": { name: NAME, version: "0.9.0", dist: { tarball: "x" } } } }], ["another package under a version", { name: NAME, versions: { "1.0.0": { name: "evil", version: "1.0.0", dist: { tarball: "x" } } } }],
  ])("%s is no description", async (_what, body) => {
    server.on(/acme/, (_, response) => { response.writeHead(200, { "content-type": "text/html" }).end(typeof body === "string" ? body : JSON.stringify(body)); });
    await expect(document()).rejects.toMatchObject({ code: "MLS8104", exitCode: 6 });
    server.on(/acme/, null);
    await expect(document()).resolves.toMatchObject({ name: NAME });
  });

  test("a registry without a search", async () => {
    server.on(/search/, (_, response) => { response.writeHead(404).end(); });
    await expect((await open()).search("mlstack-plugin", "")).rejects.toMatchObject({ code: "MLS8102" });
  });

  test("secrets in an address are not shown", async () => {
    const at = server.url.replace("http://", "http://user:hunter2@");
    server.on(/acme/, (_, response) => { response.writeHead(500).end(); });
    const error = await document({ NPM_CONFIG_REGISTRY: at }).catch((e: unknown) => e);
    expect(JSON.stringify(error)).toContain("MLS8101");
    expect(`${JSON.stringify(error)}${String(error)}`.replace(/"cause":.*/s, "")).not.toContain("hunter2");
  });

  test("it is tried again where that may help", async () => {
    let left = 2;
    server.on(/acme/, (_, response) => { if (--left === 0) server.on(/acme/, null); response.writeHead(503).end(); });
    await expect(document({ NPM_CONFIG_FETCH_RETRIES: "2", NPM_CONFIG_FETCH_RETRY_MINTIMEOUT: "10" })).resolves.toMatchObject({ name: NAME });
    expect(server.seen).toHaveLength(3);
  });
});

describe("a tarball", () => {
  const fetch = async (version = "1.0.0") => { const registry = await open(); return registry.tarball(await find(registry, version)); };

  test("that was replaced is refused, and its twin is not", async () => {
    server.replaceTarball(NAME, "1.0.0", madePlugin({ name: NAME, version: "1.0.0", files: { "evil.js": "1" } }).tarball);
    await expect(fetch("1.0.0")).rejects.toMatchObject({ code: "MLS8201", exitCode: 5 });
    await expect(fetch("1.2.0")).resolves.toBeInstanceOf(Uint8Array);
  });

  test("of another version, announced as this one, is refused by what it says of itself", async () => {
    server.add(madePlugin({ name: NAME, version: "2.0.0" }), (v) => ({ ...v, dist: { ...(v["dist"] as object), integrity: madePlugin({ name: NAME, version: "1.0.0" }).version.integrity } }));
    server.replaceTarball(NAME, "2.0.0", madePlugin({ name: NAME, version: "1.0.0" }).tarball);
    const registry = await open();
    const version = await find(registry, "2.0.0");
    await expect(checkTarball(await registry.tarball(version), `${NAME}@2.0.0`, version)).rejects.toMatchObject({ code: "MLS8203", exitCode: 5, details: { differs: ["version"] } });
    const twin = await find(registry, "1.10.0");
    await expect(checkTarball(await registry.tarball(twin), `${NAME}@1.10.0`, twin)).resolves.toMatchObject({ package: { version: "1.10.0" } });
  });

  test("that breaks off is trouble of the network: by its length, and by the archive's own end", async () => {
    const whole = madePlugin({ name: NAME, version: "1.0.0" }).tarball;
    server.on(/1\.0\.0\.tgz/, (request, response) => {
      response.writeHead(200, { "content-length": String(whole.length) }).write(whole.subarray(0, 100));
      setImmediate(() => request.socket.destroy());
    });
    await expect(fetch()).rejects.toMatchObject({ code: "MLS8101" });
    server.on(/1\.0\.0\.tgz/, (_, response) => { response.writeHead(200).end(whole.subarray(0, whole.length - 20)); });
    await expect(fetch()).rejects.toMatchObject({ code: "MLS8101" });
    server.on(/1\.0\.0\.tgz/, (_, response) => { response.writeHead(200).end(); });
    await expect(fetch()).rejects.toMatchObject({ code: "MLS8101" });
  });

  test("in whose place a page comes", async () => {
    server.on(/1\.0\.0\.tgz/, (_, response) => { response.writeHead(200, { "content-type": "text/html" }).end("<html>log in</html>"); });
    await expect(fetch()).rejects.toMatchObject({ code: "MLS8104" });
  });

  test("that the registry does not give", async () => {
    server.on(/1\.0\.0\.tgz/, (_, response) => { response.writeHead(403).end(); });
    await expect(fetch()).rejects.toMatchObject({ code: "MLS8103" });
    server.on(/1\.0\.0\.tgz/, (_, response) => { response.writeHead(404).end(); });
    await expect(fetch()).rejects.toMatchObject({ code: "MLS8102", message: expect.stringContaining("the tarball of") as string });
  });

  test("of which SHA-1 alone is announced, or that lies on no web server", async () => {
    server.add(madePlugin({ name: NAME, version: "3.0.0" }), (v) => ({ ...v, dist: { tarball: "x.tgz", shasum: "0".repeat(40) } }));
    await expect(fetch("3.0.0")).rejects.toMatchObject({ code: "MLS8201" });
    server.add(madePlugin({ name: NAME, version: "3.0.1" }), (v) => ({ ...v, dist: { ...(v["dist"] as object), tarball: "file:///etc/passwd" } }));
    await expect(fetch("3.0.1")).rejects.toMatchObject({ code: "MLS8104" });
  });
});

describe("a manifest that lies", () => {
  test("to the registry about its contract, in the package not, is refused; one that tells the truth is not", async () => {
    const honest = madePlugin({ name: NAME, version: "4.0.0" });
    server.add(madePlugin({ name: NAME, version: "4.0.0", contract: "artifact_store@9" }), () => ({ ...honest.packageJson, dist: { tarball: `${server.url}lie.tgz`, integrity: madePlugin({ name: NAME, version: "4.0.0", contract: "artifact_store@9" }).version.integrity } }));
    server.on(/lie\.tgz/, (_, response) => { response.writeHead(200).end(madePlugin({ name: NAME, version: "4.0.0", contract: "artifact_store@9" }).tarball); });
    const registry = await open();
    const version = await find(registry, "4.0.0");
    expect(version.manifest).toMatchObject({ components: [{ contract: "artifact_store@1" }] });
    await expect(checkTarball(await registry.tarball(version), "x", version)).rejects.toMatchObject({ code: "MLS8203", details: { differs: ["manifest"] } });
    const twin = await find(registry, "1.0.0");
    await expect(checkTarball(await registry.tarball(twin), "x", twin)).resolves.toMatchObject({ package: { name: NAME } });
  });

  test.each([["engines", { engines: { node: "*" } }], ["dependencies", { dependencies: { "evil-package": "1.0.0" } }], ["peerDependencies", { peerDependencies: {} }], ["name", { name: "evil" }]])("so is one about its %s", async (fact, more) => {
    const made = madePlugin({ name: NAME, version: "5.0.0" });
    const lie = packed({ ...made.files, "package.json": JSON.stringify({ ...made.packageJson, ...more }) });
    await expect(checkTarball(lie, "x", made.version)).rejects.toMatchObject({ code: "MLS8203", details: { differs: [fact] } });
    await expect(checkTarball(made.tarball, "x", made.version)).resolves.toMatchObject({ integrity: made.version.integrity });
  });
});

test("a package that brings others along, a second core among them, is refused; one with a folder of that name in its sources is not", async () => {
  const core = { "node_modules/@mlstack/core/package.json": '{"name":"@mlstack/core","version":"99.0.0"}' };
  const [evil, benign] = [madePlugin({ name: NAME, files: core }), madePlugin({ name: NAME, files: { "fixtures/node_modules/x.js": "1" } })];
  await expect(checkTarball(evil.tarball, "x", evil.version)).rejects.toMatchObject({ code: "MLS8202", exitCode: 5, details: { file: "node_modules/@mlstack/core/package.json" } });
  await expect(checkTarball(benign.tarball, "x", benign.version)).resolves.toMatchObject({ package: { name: NAME } });
});

describe("offline", () => {
  test("what was fetched before is there, what was not is named, and nobody is asked", async () => {
    const before = await open();
    await before.tarball(await find(before, "1.2.0"));
    const asked = server.seen.length;
    const registry = await open({ offline: true });
    expect(await registry.tarball(await find(registry, "1.2.0"))).toBeInstanceOf(Uint8Array);
    await expect(registry.tarball(await find(registry, "1.10.0"))).rejects.toMatchObject({ code: "MLS8105", exitCode: 6, message: `the tarball of ${NAME}@1.10.0 is not here, and no network is to be used` });
    await expect(registry.document("never-seen")).rejects.toMatchObject({ code: "MLS8105", message: "the description of never-seen is not here, and no network is to be used" });
    expect((await registry.search("mlstack-plugin", "acme")).map(({ name, version }) => [name, version])).toEqual([[NAME, "1.10.0"]]);
    expect(server.seen).toHaveLength(asked);
  });

  test("what one registry has said is not another one's answer", async () => {
    await (await open()).document(NAME);
    const other = await open({ offline: true, registry: "http://other.example/" });
    await expect(other.document(NAME)).rejects.toMatchObject({ code: "MLS8105" });
    await expect((await open({ offline: true })).document(NAME)).resolves.toMatchObject({ name: NAME });
  });

  test("a cache that can't be written costs time only, and holds no credentials", async () => {
    folder.put({ blocked: "a file where the folder should be" });
    await expect((await open({ cacheDir: join(folder.dir, "blocked", "cache") })).document(NAME)).resolves.toMatchObject({ name: NAME });
    const mine = await fakeRegistry({ token: "s3cret" });
    try {
      mine.add(madePlugin({ name: NAME }));
      folder.put({ "project/.npmrc": `registry=${mine.url}\n//${mine.url.slice(7)}:_authToken=s3cret\n` });
      const registry = await open();
      await registry.tarball(await find(registry, "1.0.0"));
      const all = readdirSync(join(folder.dir, "cache"), { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).map((e) => readFileSync(join(e.parentPath, e.name), "latin1")).join("");
      expect(all).not.toContain("s3cret");
      expect(all).toContain(NAME);
    } finally { await mine.stop(); }
  });
});
