import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contractRegistry } from "@mlstack/core";
import { nodePluginHost } from "@mlstack/core/node";
import { checkTarball, lockEntry, openRegistry, readLock, registryProblem, resolveVersion, verifyProject, writeLock, type Registry, type RegistryOptions, type ResolveContext } from "@mlstack/hub";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startVerdaccio, type Verdaccio } from "./servers/verdaccio.ts";
import { integrationJson, packFiles } from "./testing/packages.ts";
import { runNpm } from "./testing/npm.ts";

const [OPEN, CLOSED] = ["@acme/mlstack-plugin-x", "@private/mlstack-plugin-y"];
let verdaccio: Verdaccio;
let dir: string;

beforeAll(async () => {
  verdaccio = await startVerdaccio();
  for (const [name, version] of [[OPEN, "1.0.0"], [OPEN, "1.1.0"], [CLOSED, "2.0.0"]] as const) {
    const { packageJson, tarball } = await packFiles(integrationJson(name, version), { "index.js": `export default "${version}";\n`, ".gitignore": "x\n" });
    expect(await verdaccio.publish(packageJson, tarball)).toBe(201);
  }
});
afterAll(() => verdaccio.stop());
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-live-hub-")));
  mkdirSync(join(dir, "home"));
  writeFileSync(join(dir, "package.json"), JSON.stringify({ name: "project", private: true }));
  writeFileSync(join(dir, ".npmrc"), `registry=${verdaccio.url}\n`);
});
afterEach(() => { rmSync(dir, { recursive: true, force: true, maxRetries: 3 }); });

const env = (): Record<string, string> => ({ HOME: join(dir, "home"), PREFIX: join(dir, "home"), NPM_CONFIG_USERCONFIG: join(dir, "home", ".npmrc"), NPM_CONFIG_FETCH_RETRIES: "0" });
const open = (options: Partial<RegistryOptions> = {}): Promise<Registry> => openRegistry({ projectDir: dir, env: env(), offline: false, cacheDir: join(dir, "cache"), ...options });
const login = (): void => { writeFileSync(join(dir, "home", ".npmrc"), `//${new URL(verdaccio.url).host}/:_authToken=${verdaccio.token}\n`); };
const context = (allowFresh: readonly string[]): ResolveContext => ({ project: { coreVersion: "0.1.0", contracts: contractRegistry(), nodeVersion: process.versions.node }, policy: { allowFresh }, now: new Date() });

describe("a real registry", () => {
  test("describes packages as we read them", async () => {
    const { versions, distTags } = await (await open()).document(OPEN);
    expect(versions.map(({ version }) => version)).toEqual(["1.0.0", "1.1.0"]);
    expect(distTags).toEqual({ latest: "1.1.0" });
    expect(versions[1]).toMatchObject({ name: OPEN, manifest: { manifestVersion: 1 }, integrity: expect.stringMatching(/^sha512-/) as string, publishedAt: expect.stringMatching(/^20/) as string, provenance: false, deprecated: undefined });
  });

  test("finds packages by our keyword", async () => {
    const hits = await (await open()).search("mlstack-plugin", "acme");
    expect(hits).toMatchObject([{ name: OPEN, version: "1.1.0", description: `The integration ${OPEN}` }]);
    expect(await (await open()).search("another-keyword", "")).toEqual([]);
  });

  test("has no such package; no such version is there to publish twice, and nobody publishes without a token", async () => {
    await expect((await open()).document("@acme/none")).rejects.toMatchObject({ code: "MLS8102" });
    const { packageJson, tarball } = await packFiles(integrationJson(OPEN, "1.0.0"), {});
    expect([await verdaccio.publish(packageJson, tarball), await verdaccio.publish(packageJson, tarball, "wrong")]).toEqual([409, 401]);
  });

  test("shows what is private to those who are logged in, by the user's own .npmrc", async () => {
    await expect((await open()).document(CLOSED)).rejects.toMatchObject({ code: "MLS8103", why: "npm's settings have no token for it" });
    login();
    const registry = await open();
    const { versions } = await registry.document(CLOSED);
    expect(await registry.tarball(versions[0]!)).toBeInstanceOf(Uint8Array);
  });

  test("need not be there for what was fetched before", async () => {
    const registry = await open();
    const { versions } = await registry.document(OPEN);
    const bytes = await registry.tarball(versions[1]!);
    const offline = await open({ offline: true });
    expect(Buffer.from(await offline.tarball((await offline.document(OPEN)).versions[1]!)).equals(bytes)).toBe(true);
    await expect(offline.document(CLOSED)).rejects.toMatchObject({ code: "MLS8105" });
    expect((await offline.search("mlstack-plugin", "")).map(({ name }) => name)).toEqual([OPEN]);
  });
});

test("from a name to a lock, with what npm installs; then a changed file is found, and the registry still agrees with the lock", async () => {
  const registry = await open();
  const document = await registry.document(OPEN);
  // published a minute ago
  expect(() => resolveVersion(document, { kind: "any" }, context([]))).toThrow(expect.objectContaining({ code: "MLS8405" }) as Error);
  const { version, exceptions } = resolveVersion(document, { kind: "range", range: "^1.0" }, context([OPEN]));
  const checked = await checkTarball(await registry.tarball(version), `${OPEN}@${version.version}`, version);
  const entry = lockEntry({ package: checked.package, source: "registry", tarball: checked, trust: { provenance: version.provenance, ...(exceptions.includes("cooldown") && { cooldown: "excepted" }) } });
  expect(entry).toMatchObject({ version: "1.1.0", integrity: version.integrity, trust: { cooldown: "excepted" } });
  await writeLock(dir, { plugins: { [OPEN]: entry } });
  await runNpm(["install", "--save-exact", "--ignore-scripts", `${OPEN}@${version.version}`], { cwd: dir, env: env() });

  const verify = async () => (await verifyProject((await readLock(dir))!, await nodePluginHost({ projectDir: dir }).packages())).map(({ name, problem }) => [name, problem?.code]);
  expect(await verify()).toEqual([[OPEN, undefined]]);
  expect(await registryProblem(OPEN, entry, registry)).toBeUndefined();
  writeFileSync(join(dir, "node_modules", OPEN, "index.js"), "evil");
  expect(await verify()).toEqual([[OPEN, "MLS8204"]]);
});
