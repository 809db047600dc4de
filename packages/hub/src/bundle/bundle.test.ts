import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { list } from "tar";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sample } from "../catalog/testing/sample.ts";
import { sha256 } from "../digest/digest.ts";
import { lockEntry } from "../lock/lock-entry.ts";
import type { Lock } from "../lock/lock.ts";
import type { FetchedPackage } from "../package-manager/types.ts";
import { openRegistry, registryCache } from "../registry/index.ts";
import type { Registry } from "../registry/registry.ts";
import { checkTarball } from "../tarball/check-tarball.ts";
import { hubProject, type HubProject } from "../testing/hub-project.ts";
import type { MadePlugin, PluginOptions } from "../testing/plugins.ts";
import { tarArchive } from "../testing/tar.ts";
import { openBundle, writeBundle } from "./bundle-file.ts";
import type { BundleIndex } from "./bundle-index.ts";
import { exportBundle, type ExportOptions } from "./export-bundle.ts";
import { importBundle, type ImportOptions } from "./import-bundle.ts";

const X = "@acme/x";
let p: HubProject;
beforeEach(async () => { p = await hubProject(); });
afterEach(async () => { await p.stop(); });

const file = (name = "x.bundle"): string => join(p.folder.dir, name);
/** A package that is no integration, and needs nothing. */
const plain = (name: string, version: string, more: PluginOptions["more"] = {}): MadePlugin => p.publish({ name, version, more: { mlstack: undefined, peerDependencies: {}, ...more } });
const locked = (...all: readonly MadePlugin[]): FetchedPackage[] => all.map(({ version: { name, version, integrity } }) => ({ name, version, integrity, from: undefined }));
async function lockOf(...all: readonly MadePlugin[]): Promise<Lock> {
  return { plugins: Object.fromEntries(await Promise.all(all.map(async ({ tarball, version: v }) => { const checked = await checkTarball(tarball, v.name, undefined); return [v.name, lockEntry({ package: checked.package, source: "registry", tarball: checked, trust: { provenance: false } })] as const; }))) };
}
interface Given extends Partial<Omit<ExportOptions, "plan" | "manager">> { readonly lock?: Lock; readonly packages?: readonly FetchedPackage[] }
async function exported({ lock, packages = [], ...more }: Given = {}) {
  // a manager's lock is there where it lists something
  if (packages.length > 0) p.folder.put({ "project/package-lock.json": "{}" });
  const registry = more.registry ?? await p.reopen();
  return exportBundle({
    file: file(), specs: [], registry, manager: { lockFile: join(p.dir, "package-lock.json"), packages: async () => packages },
    plan: { catalog: sample, registry, lock, installed: [], coreVersion: "0.1.0", nodeVersion: "24.11.0", policy: {}, now: new Date("2026-06-01"), cwd: p.dir }, ...more,
  });
}
const elsewhere = (): string => join(p.folder.dir, "elsewhere");
/** A registry of a machine without a network that has the same settings. */
const offline = (url = p.server.url): Promise<Registry> => openRegistry({ projectDir: p.dir, registry: url, cacheDir: elsewhere(), offline: true, env: { HOME: join(p.folder.dir, "home"), PREFIX: join(p.folder.dir, "prefix") } });
const imported = async (more: Partial<ImportOptions> = {}) => importBundle({ file: file(), cache: registryCache(elsewhere()), registry: await offline(), lock: undefined, ...more });
const ids = ({ tarballs }: Pick<BundleIndex, "tarballs">): string[] => tarballs.map(({ name, version }) => `${name}@${version}`);
async function indexOf(path = file()): Promise<BundleIndex> {
  const bundle = await openBundle(path);
  await bundle.close();
  return bundle.index;
}

describe("what is in it", () => {
  test("all of the package manager's lock, the pinned integrations, and the newest catalog", async () => {
    const [x, left, catalog] = [p.publish({ name: X }), plain("left", "1.0.0"), plain("@mlstack/catalog", "0.1.0")];
    plain("left", "2.0.0");
    p.publish({ name: X, version: "1.1.0" });
    const made = await exported({ lock: await lockOf(x), packages: locked(x, left) });
    expect(made).toMatchObject({ integrations: [{ package: X, version: "1.0.0", pinned: true }], tarballs: 3, elsewhere: [], local: [], size: readFileSync(file()).length });
    const index = await indexOf();
    expect(ids(index)).toEqual([`${X}@1.0.0`, "@mlstack/catalog@0.1.0", "left@1.0.0"]);
    expect(index.tarballs.map(({ integrity }) => integrity)).toEqual([x, catalog, left].map(({ version }) => version.integrity));
  });

  test("what is named, with all that it needs: other names, optional packages, peers; and what no registry has is told", async () => {
    plain("@mlstack/core", "0.1.0");
    plain("left", "1.0.0");
    plain("left", "1.2.0", { dependencies: { right: "^1.0.0" } });
    plain("right", "1.0.0");
    plain("right", "1.5.0", { dependencies: { left: "1.x" } });
    plain("right", "2.0.0");
    plain("native", "1.0.0", { os: ["linux"], cpu: ["x64"] });
    p.publish({ name: X, version: "1.1.0", more: { dependencies: { left: "^1.0.0", other: "npm:right@next", git: "github:acme/git" }, optionalDependencies: { native: "1.0.0", gone: "1.0.0" }, peerDependencies: { "@mlstack/core": "^0.1.0", host: "*" }, peerDependenciesMeta: { host: { optional: true } } } });
    p.server.on(/^\/right$/, null);
    await expect(exported({ specs: [X] })).rejects.toMatchObject({ code: "MLS8402", message: expect.stringContaining("other@npm:right@next") });
    p.publish({ name: X, version: "1.1.1", more: { dependencies: { left: "^1.0.0", other: "npm:right@^2", git: "github:acme/git" }, optionalDependencies: { native: "1.0.0", gone: "1.0.0" }, peerDependencies: { "@mlstack/core": "^0.1.0", host: "*" }, peerDependenciesMeta: { host: { optional: true } } } });
    expect(await exported({ specs: [X] })).toMatchObject({ integrations: [{ package: X, version: "1.1.1", pinned: false }], elsewhere: ["git@github:acme/git"] });
    expect(ids(await indexOf())).toEqual([`${X}@1.1.1`, "@mlstack/core@0.1.0", "left@1.2.0", "native@1.0.0", "right@1.5.0", "right@2.0.0"]);
  });

  test("of what is there already one that fits is enough", async () => {
    const [x, old, core] = [p.publish({ name: X }), plain("left", "1.0.0"), plain("@mlstack/core", "0.1.0")];
    plain("left", "1.2.0");
    p.publish({ name: X, version: "1.1.0", more: { dependencies: { left: "^1.0.0" } } });
    expect(await exported({ lock: await lockOf(x), packages: locked(x, old, core), specs: [X] })).toMatchObject({ integrations: [{ version: "1.0.0", pinned: true }, { version: "1.1.0", pinned: false }] });
    expect(ids(await indexOf())).toEqual([`${X}@1.0.0`, `${X}@1.1.0`, "@mlstack/core@0.1.0", "left@1.0.0"]);
  });

  test("for some platforms: what is for others alone is described, and not brought", async () => {
    const [x, ...native] = [p.publish({ name: X }), plain("linux", "1.0.0", { os: ["linux"], cpu: ["x64"] }), plain("mac", "1.0.0", { os: ["darwin"] }), plain("not-windows", "1.0.0", { os: ["!win32"] })];
    const packages = locked(x, ...native);
    await exported({ lock: await lockOf(x), packages, platforms: ["linux-x64"] });
    const index = await indexOf();
    expect([index.platforms, ids(index), index.documents.map(({ name }) => name)]).toEqual([["linux-x64"], [`${X}@1.0.0`, "linux@1.0.0", "not-windows@1.0.0"], [X, "linux", "mac", "not-windows"]]);
    await expect(exported({ lock: await lockOf(x), packages, file: file("2"), platforms: ["Linux"] })).rejects.toMatchObject({ code: "MLS7001" });
  });

  test("packages of the lock that come from elsewhere are told, and not taken for those of the registry that have their names", async () => {
    const x = p.publish({ name: X });
    plain("left", "1.0.0");
    const git: FetchedPackage = { name: "left", version: "1.0.0", integrity: undefined, from: "git+ssh://git.example/left.git#1" };
    const url: FetchedPackage = { name: "left", version: "1.0.0", integrity: `sha512-${"A".repeat(86)}==`, from: "https://elsewhere.example/left.tgz" };
    const unknown: FetchedPackage = { name: "unknown", version: "1.0.0", integrity: undefined, from: "https://elsewhere.example/unknown.tgz" };
    expect(await exported({ lock: await lockOf(x), packages: [...locked(x), git, url, unknown] })).toMatchObject({ tarballs: 1, elsewhere: ["left@git+ssh://git.example/left.git#1", "left@https://elsewhere.example/left.tgz", "unknown@https://elsewhere.example/unknown.tgz"] });
  });

  test.each([["mlstack.lock"], ["the package manager's lock"]])("bytes that are not those of %s are not put into it", async (where) => {
    const x = p.publish({ name: X });
    const other = `sha512-${"A".repeat(86)}==`;
    const lock = await lockOf(x);
    const forged = where === "mlstack.lock" ? { plugins: { [X]: { ...lock.plugins[X]!, integrity: other } } } : lock;
    const packages = where === "mlstack.lock" ? locked(x) : locked(x).map((each) => ({ ...each, integrity: other }));
    await expect(exported({ lock: forged, packages })).rejects.toMatchObject({ code: "MLS8201", message: expect.stringContaining(where) });
    expect(existsSync(file())).toBe(false);
  });

  test("nothing pinned and nothing named, a version that is gone, a file that is there", async () => {
    await expect(exported()).rejects.toMatchObject({ code: "MLS8207" });
    const x = p.publish({ name: X });
    const lock = await lockOf(x);
    await expect(exported({ lock: { plugins: { [X]: { ...lock.plugins[X]!, version: "9.9.9" } } } })).rejects.toMatchObject({ code: "MLS8402" });
    writeFileSync(file(), "mine");
    await expect(exported({ lock })).rejects.toMatchObject({ code: "MLS7011" });
    expect(readFileSync(file(), "utf8")).toBe("mine");
    await expect(exported({ lock, file: join(p.folder.dir, "no", "folder") })).rejects.toMatchObject({ code: "MLS7002" });
  });
});

describe("the file", () => {
  test("is the same to the byte for the same content, whoever makes it and when", async () => {
    const [x, left] = [p.publish({ name: X }), plain("left", "1.0.0")];
    const given = { lock: await lockOf(x), packages: locked(x, left) };
    await exported(given);
    await exported({ ...given, packages: given.packages.toReversed(), file: file("again") });
    expect(readFileSync(file("again")).equals(readFileSync(file()))).toBe(true);
  });

  test("can be opened by any tar, and its index says what is in it", async () => {
    const x = p.publish({ name: X });
    await exported({ lock: await lockOf(x) });
    const members = new Map<string, string>();
    await list({ file: file(), strict: true, onReadEntry: (entry) => { const chunks: Buffer[] = []; entry.on("data", (c: Buffer) => { chunks.push(c); }); entry.on("end", () => { members.set(entry.path, sha256(Buffer.concat(chunks)).slice(7)); }); } });
    const [index, check, ...blobs] = members;
    expect([index![0], check![0]]).toEqual(["index.json", "index.json.sha256"]);
    expect(blobs.length).toBe(2);
    for (const [path, digest] of blobs) expect(path).toBe(`blobs/${digest}`);
    expect(readFileSync(file(), "latin1")).toContain(`${index![1]}  index.json\n`);
  });

  test("holds no credentials", async () => {
    const x = p.publish({ name: X });
    p.server.add(x, (v) => ({ ...v, dist: { ...(v["dist"] as object), tarball: `${p.server.url.replace("://", "://user:geheim@")}${X}/-/x-1.0.0.tgz?token=geheim` }, _npmUser: { name: "somebody" }, readme: "long" }));
    p.server.on(/token=geheim/, (_, response) => { response.end(x.tarball); });
    await exported({ lock: await lockOf(x) });
    expect(readFileSync(file(), "latin1")).not.toMatch(/geheim|somebody|readme/);
  });

  test("does not say which registry it comes from; what the registry has elsewhere keeps its address", async () => {
    const [x, left] = [p.publish({ name: X }), plain("left", "1.0.0")];
    const { host } = new URL(p.server.url);
    const attested = { predicateType: "https://slsa.dev/provenance/v1" };
    p.server.add(x, (v) => ({ ...v, publishConfig: { registry: p.server.url }, dist: { ...(v["dist"] as object), attestations: { url: `${p.server.url}-/attestations`, provenance: attested } } }));
    p.server.add(left, (v) => ({ ...v, dist: { ...(v["dist"] as object), tarball: `http://localhost:${new URL(p.server.url).port}/left/-/left-1.0.0.tgz` } }));
    await exported({ lock: await lockOf(x), packages: locked(x, left) });
    expect(readFileSync(file(), "latin1")).not.toContain(host);
    expect(readFileSync(file(), "latin1")).not.toContain(p.folder.dir);
    await imported();
    const { shelf } = await offline();
    expect((await shelf.packument(X))?.versions["1.0.0"]?.dist).toMatchObject({ tarball: `${p.server.url}${X}/-/x-1.0.0.tgz`, attestations: { url: `${p.server.url}-/attestations`, provenance: attested } });
    expect((await shelf.packument("left"))?.versions["1.0.0"]?.dist.tarball).toBe(`http://localhost:${new URL(p.server.url).port}/left/-/left-1.0.0.tgz`);
  });

  test("with any byte changed, any end cut off, anything behind it, is refused, and nothing of it is taken", async () => {
    const x = p.publish({ name: X });
    await exported({ lock: await lockOf(x) });
    const whole = readFileSync(file());
    const refused = async (bytes: Uint8Array): Promise<void> => {
      writeFileSync(file("changed"), bytes);
      await expect(imported({ file: file("changed") })).rejects.toMatchObject({ code: expect.stringMatching(/^MLS860[123]$/), exitCode: expect.any(Number) });
    };
    await fc.assert(fc.asyncProperty(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, by) => {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= by;
      await refused(bytes);
    }), { numRuns: 300 });
    await fc.assert(fc.asyncProperty(fc.nat({ max: whole.length - 1 }), async (length) => { await refused(whole.subarray(0, length)); }), { numRuns: 50 });
    await refused(Buffer.concat([whole, Buffer.alloc(512)]));
    expect(existsSync(elsewhere())).toBe(false);
    // the twin
    await imported();
  });

  test("a changed member is an integrity failure, a newer version its own code, something else no bundle", async () => {
    const x = p.publish({ name: X });
    await exported({ lock: await lockOf(x) });
    const bytes = readFileSync(file());
    const at = bytes.indexOf(x.tarball);
    bytes[at + 20]! ^= 1;
    writeFileSync(file("changed"), bytes);
    await expect(imported({ file: file("changed") })).rejects.toMatchObject({ code: "MLS8602", exitCode: 5, message: expect.stringContaining(`blobs/${sha256(x.tarball).slice(7)} was changed`) });
    writeFileSync(file("newer"), tarArchive([{ path: "index.json", content: '{ "bundleVersion": 2, "something": "new" }' }, { path: "new/kind", content: "" }]));
    await expect(imported({ file: file("newer") })).rejects.toMatchObject({ code: "MLS8601", exitCode: 4 });
    writeFileSync(file("other"), tarArchive([{ path: "package/package.json", content: "{}" }]));
    await expect(imported({ file: file("other") })).rejects.toMatchObject({ code: "MLS8603", exitCode: 2 });
    writeFileSync(file("empty"), "");
    await expect(imported({ file: file("empty") })).rejects.toMatchObject({ code: "MLS8603" });
    mkdirSync(file("folder"));
    await expect(imported({ file: file("folder") })).rejects.toMatchObject({ code: "MLS8603" });
    await expect(imported({ file: file("none") })).rejects.toMatchObject({ code: "MLS7002" });
  });
});

describe("one that somebody has made, with digests that hold", () => {
  /** Writes the exported bundle anew, with another index and blobs. */
  async function forge(change: (index: BundleIndex, blob: (bytes: Uint8Array) => { readonly digest: `sha256:${string}`; readonly size: number }) => Promise<BundleIndex> | BundleIndex): Promise<void> {
    const bundle = await openBundle(file());
    const blobs = new Map<string, Uint8Array>();
    for (const { digest } of [...bundle.index.documents, ...bundle.index.tarballs]) blobs.set(digest, await bundle.read(digest));
    await bundle.close();
    const index = await change(bundle.index, (bytes) => { blobs.set(sha256(bytes), bytes); return { digest: sha256(bytes), size: bytes.length }; });
    await writeBundle(file("forged"), index, async (digest) => blobs.get(digest)!);
  }

  test.each<[string, (index: BundleIndex, blob: Parameters<Parameters<typeof forge>[0]>[1]) => BundleIndex]>([
    ["a tarball that is not the announced one", (index, blob) => ({ ...index, tarballs: index.tarballs.map((t) => ({ ...t, ...blob(Buffer.from("evil")) })) })],
    ["a tarball that its description does not announce", (index) => ({ ...index, tarballs: index.tarballs.map((t) => ({ ...t, version: "9.9.9" })) })],
    ["a description of another package", (index) => ({ ...index, documents: index.documents.map((d) => ({ ...d, name: "@acme/y" })) })],
    ["a description that is none", (index, blob) => ({ ...index, documents: index.documents.map((d) => ({ ...d, ...blob(Buffer.from("[]")) })) })],
    ["two descriptions of one package", (index) => ({ ...index, documents: [...index.documents, ...index.documents] })],
    ["a name that leads out of the folder", (index) => ({ ...index, documents: index.documents.map((d) => ({ ...d, name: "../../evil" })) })],
    ["a name that is a folder", (index) => ({ ...index, tarballs: index.tarballs.map((t) => ({ ...t, name: ".." })) })],
    ["a digest that leads out of the folder", (index) => ({ ...index, tarballs: index.tarballs.map((t) => ({ ...t, digest: "sha256:../../../../etc/passwd" })) })],
  ])("%s", async (_, change) => {
    const x = p.publish({ name: X });
    await exported({ lock: await lockOf(x) });
    await forge(change).catch((e: unknown) => { if (!(e instanceof TypeError)) throw e; });
    if (!existsSync(file("forged"))) return; // not even to be written
    await expect(imported({ file: file("forged") })).rejects.toMatchObject({ code: "MLS8602", exitCode: 5 });
    expect(existsSync(elsewhere())).toBe(false);
  });

  test("never goes before what the lock pins", async () => {
    const x = p.publish({ name: X });
    const lock = await lockOf(x);
    const evil = p.publish({ name: X, files: { "index.js": "evil" } });
    await exported({ lock: await lockOf(evil) });
    await expect(imported({ lock })).rejects.toMatchObject({ code: "MLS8201", exitCode: 5, message: expect.stringContaining("mlstack.lock") });
    expect(existsSync(elsewhere())).toBe(false);
    await imported({ lock: await lockOf(evil) });
  });

  test("says nothing new of a version that is known", async () => {
    await exported({ lock: await lockOf(p.publish({ name: X })) });
    await imported();
    await exported({ lock: await lockOf(p.publish({ name: X, files: { "index.js": "evil" } })), file: file("evil") });
    await expect(imported({ file: file("evil") })).rejects.toMatchObject({ code: "MLS8201", message: expect.stringContaining("said before") });
  });
});

describe("once it was imported", () => {
  test("the registry answers without a network what it would have answered of these versions", async () => {
    const [x, left] = [p.publish({ name: X, permissions: { hosts: ["acme.example"] } }), plain("left", "1.0.0")];
    await exported({ lock: await lockOf(x), packages: locked(x, left) });
    const online = await p.registry.document(X);
    await p.server.stop();
    expect(await imported()).toMatchObject({ integrations: [{ package: X, version: "1.0.0", pinned: true }], platforms: null, packages: 2, tarballs: 2 });
    const registry = await offline();
    expect(await registry.document(X)).toEqual(online);
    expect(Buffer.from(await registry.tarball(online.versions[0]!)).equals(x.tarball)).toBe(true);
    expect((await registry.search("mlstack-plugin", "acme")).map(({ name }) => name)).toEqual([X]);
    expect(await registry.shelf.names()).toEqual([X, "left"]);
    expect((await registry.shelf.packument("left"))?.versions["1.0.0"]).toMatchObject({ name: "left", dist: { integrity: left.version.integrity, tarball: `${p.server.url}left/-/left-1.0.0.tgz` } });
    expect([await registry.shelf.has(left.version.integrity!), await registry.shelf.has(`sha512-${"A".repeat(86)}==`)]).toEqual([true, false]);
    await expect(registry.document("right")).rejects.toMatchObject({ code: "MLS8105" });
  });

  test("a second one adds to the first, in either order, and an import twice changes nothing", async () => {
    const old = p.publish({ name: X });
    await exported({ lock: await lockOf(old) });
    const newer = p.publish({ name: X, version: "1.1.0" });
    await exported({ lock: await lockOf(newer), file: file("newer") });
    for (const files of [[file(), file("newer")], [file("newer"), file(), file()]]) {
      const cacheDir = join(elsewhere(), files.length.toString());
      for (const each of files) await imported({ file: each, cache: registryCache(cacheDir) });
      const registry = await openRegistry({ projectDir: p.dir, registry: p.server.url, cacheDir, offline: true, env: { HOME: join(p.folder.dir, "home") } });
      const document = await registry.document(X);
      expect([document.versions.map(({ version }) => version), document.distTags]).toEqual([["1.0.0", "1.1.0"], { latest: "1.1.0" }]);
      expect((await registry.shelf.packument(X))?.["dist-tags"]).toEqual({ latest: "1.1.0" });
    }
  });

  test("what was fetched before stays", async () => {
    const x = p.publish({ name: X });
    await exported({ lock: await lockOf(x) });
    p.publish({ name: X, version: "1.1.0", deprecated: "do not" });
    const fetched = await openRegistry({ projectDir: p.dir, registry: p.server.url, cacheDir: elsewhere(), offline: false, env: { HOME: join(p.folder.dir, "home") } });
    const before = await fetched.document(X);
    await imported();
    expect(await (await offline()).document(X)).toEqual(before);
  });

  test("only looking changes nothing", async () => {
    await exported({ lock: await lockOf(p.publish({ name: X })) });
    expect(await imported({ dryRun: true })).toMatchObject({ tarballs: 1 });
    expect(existsSync(elsewhere())).toBe(false);
  });

  test("of one registry, it is not the answer of another one, unless somebody says so", async () => {
    await exported({ lock: await lockOf(p.publish({ name: X })) });
    const registry = await offline("https://mirror.example/npm/");
    await expect(imported({ registry })).rejects.toMatchObject({ code: "MLS8604", exitCode: 4 });
    expect(existsSync(elsewhere())).toBe(false);
    await imported({ registry, anyRegistry: true });
    // of a mirror it has the mirror's addresses
    expect((await registry.document(X)).versions.map(({ tarball }) => tarball)).toEqual([`https://mirror.example/npm/${X}/-/x-1.0.0.tgz`]);
    await expect((await offline()).document(X)).rejects.toMatchObject({ code: "MLS8105" });
  });

  test("it can be exported again there", async () => {
    const x = p.publish({ name: X });
    await exported({ lock: await lockOf(x) });
    await imported();
    await p.server.stop();
    await exported({ lock: await lockOf(x), registry: await offline(), file: file("again") });
    expect(readFileSync(file("again")).equals(readFileSync(file()))).toBe(true);
  });
});
