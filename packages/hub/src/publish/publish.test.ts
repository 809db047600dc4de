import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { integrityOf } from "../digest/index.ts";
import { PUBLIC_NPM_HOST } from "../registry/public-npm.ts";
import { scratch, type Scratch } from "../testing/scratch.ts";
import { publishRegistry, type PublishRegistry } from "../testing/publish-registry.ts";
import { changedSincePacked, notSignedUnasked, packFolder, provenanceSource, publishPackage, publishTarget, readBack, withUnpacked, type PackedPackage } from "./index.ts";

const NAME = "@acme/mlstack-plugin-x";
const TOKEN = "npm_a-token-of-these-tests";
let place: Scratch;
let registry: PublishRegistry;
const said: string[] = [];

beforeEach(async () => { place = scratch(); said.length = 0; registry = await publishRegistry({ token: TOKEN }); }, 30_000);
afterEach(async () => { place.remove(); await registry.stop(); });

const json = (more: Readonly<Record<string, unknown>> = {}): string => JSON.stringify({ name: NAME, version: "1.0.0", type: "module", files: ["dist"], publishConfig: { access: "public", provenance: true }, scripts: { prepack: "node -e \"require('fs').writeFileSync('ran','')\"", prepublishOnly: "node -e \"require('fs').writeFileSync('ran','')\"" }, ...more });

function plugin(more: Readonly<Record<string, unknown>> = {}, npmrc = `registry=${registry.url}\n//${new URL(registry.url).host}/:_authToken=\${ACME_TOKEN}\n`): string {
  place.put({ "x/package.json": json(more), "x/dist/index.js": "export default 1;\n", "x/secret.txt": "not shipped", "x/.npmrc": npmrc, "user/.npmrc": "" });
  return join(place.dir, "x");
}

function run(more: Readonly<Record<string, string>> = {}) {
  const others = Object.entries(process.env).filter(([name]) => !/^(?:npm_|GITHUB_|GITLAB_|ACTIONS_)/i.test(name));
  return { env: { ...Object.fromEntries(others), ACME_TOKEN: TOKEN, NPM_CONFIG_USERCONFIG: join(place.dir, "user", ".npmrc"), NPM_CONFIG_CACHE: join(place.dir, "cache"), ...more }, signal: new AbortController().signal, output: (line: string) => { said.push(line); }, cacheDir: join(place.dir, "hub") };
}

async function publish(dir: string, packed: PackedPackage, how = run()): Promise<void> {
  await publishPackage(dir, packed, await publishTarget(dir, packed, how), how, { provenance: false });
}

describe("packed is", () => {
  test("what the list of files says, without a script of the package's, with digests of what is in it", async () => {
    const dir = plugin();
    const packed = await packFolder(dir, run());
    expect([...packed.files.keys()]).toEqual(["dist/index.js", "package.json"]);
    expect(packed).toMatchObject({ fileName: "acme-mlstack-plugin-x-1.0.0.tgz", manager: "npm", described: { name: NAME, version: "1.0.0" }, integrity: integrityOf(packed.bytes) });
    expect(packed.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect([existsSync(join(dir, "ran")), readdirSync(dir).filter((name) => name.endsWith(".tgz"))]).toEqual([false, []]);
  }, 60_000);

  test("what can be used where the package is, and nothing of it stays", async () => {
    const dir = plugin();
    const packed = await packFolder(dir, run());
    const seen = await withUnpacked(dir, packed.files, (unpacked) => Promise.resolve([unpacked.startsWith(join(dir, "node_modules")), readFileSync(join(unpacked, "dist", "index.js"), "utf8")]));
    expect(seen).toEqual([true, "export default 1;\n"]);
    await expect(withUnpacked(dir, packed.files, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(existsSync(join(dir, "node_modules"))).toBe(false);
  }, 60_000);

  test("what the folder still has, or else the files that changed are named", async () => {
    const dir = plugin();
    const packed = await packFolder(dir, run());
    expect(changedSincePacked(dir, packed)).toEqual([]);
    place.put({ "x/dist/index.js": "export default 2;\n", "x/dist/new.js": "" });
    rmSync(join(dir, "package.json"));
    expect(changedSincePacked(dir, packed)).toEqual(["dist/index.js", "package.json"]);
    // pnpm, yarn and bun write versions into it
    expect(changedSincePacked(dir, { ...packed, manager: "pnpm" })).toEqual(["dist/index.js"]);
  }, 60_000);

  test("nothing without a version, by npm's own words", async () => {
    await expect(packFolder(plugin({ version: undefined }), run())).rejects.toMatchObject({ code: "MLS8304", why: expect.stringMatching(/must have name and version/i) as string });
  }, 60_000);
});

describe("published is", () => {
  test("the very tarball, under its tag, without a signature where nobody can give one, and is found again", async () => {
    const dir = plugin();
    const packed = await packFolder(dir, run());
    const target = await publishTarget(dir, packed, run());
    expect(target).toMatchObject({ url: registry.url, shown: new URL(registry.url).host, tag: "latest", versions: [] });
    await publishPackage(dir, packed, target, run(), { provenance: false });
    expect(registry.document(NAME)).toMatchObject({ "dist-tags": { latest: "1.0.0" }, versions: { "1.0.0": { dist: { integrity: packed.integrity } } } });
    expect(await readBack(dir, packed, target, run())).toBe("same");
    expect([existsSync(join(dir, "ran")), said.filter((line) => line.includes(TOKEN))]).toEqual([false, []]);
  }, 60_000);

  test("to the registry of its scope, whatever the default and the one that is named are", async () => {
    const dir = plugin({}, `registry=http://127.0.0.1:1/\n@acme:registry=${registry.url}\n//${new URL(registry.url).host}/:_authToken=${TOKEN}\n`);
    const packed = await packFolder(dir, run());
    expect(await publishTarget(dir, packed, run(), { registry: "http://127.0.0.1:2/" })).toMatchObject({ url: registry.url });
    await publish(dir, packed);
    expect(Object.keys(registry.document(NAME)!.versions)).toEqual(["1.0.0"]);
  }, 60_000);

  test("to the registry that the package names, and under next before a release", async () => {
    const dir = plugin({ version: "2.0.0-rc.1", publishConfig: { access: "public", registry: registry.url } }, `registry=http://127.0.0.1:1/\n//${new URL(registry.url).host}/:_authToken=${TOKEN}\n`);
    const packed = await packFolder(dir, run());
    expect(await publishTarget(dir, packed, run())).toMatchObject({ url: registry.url, tag: "next" });
    await publish(dir, packed);
    expect(registry.document(NAME)!["dist-tags"]).toEqual({ next: "2.0.0-rc.1" });
  }, 60_000);

  test("no version twice, and none that was taken back; the next one is named", async () => {
    const dir = plugin();
    const packed = await packFolder(dir, run());
    await publish(dir, packed);
    await expect(publishTarget(dir, packed, run())).rejects.toMatchObject({ code: "MLS8715", message: expect.stringContaining("is published already") as string, fix: "raise the version: npm version 1.0.1" });
    registry.unpublish(NAME, "1.0.0");
    await expect(publishTarget(dir, packed, run())).rejects.toMatchObject({ code: "MLS8715", message: expect.stringContaining("was published and taken back") as string, fix: "raise the version: npm version 1.0.1" });
  }, 60_000);
});

test.each<[string, (dir: string) => void, Readonly<Record<string, string>>, string, RegExp]>([
  ["no token", () => undefined, { ACME_TOKEN: "" }, "MLS8103", /log in/],
  ["another's token", () => undefined, { ACME_TOKEN: "npm_other" }, "MLS8103", /log in/],
  ["a second factor is wanted", () => { registry.refuse(401, "You must provide a one-time pass. Upgrade your client to npm@latest in order to use 2FA."); }, {}, "MLS8103", /--otp CODE/],
  ["another one was faster", () => { registry.refuse(403, "You cannot publish over the previously published versions: 1.0.0."); }, {}, "MLS8715", /raise the version/],
  ["it conflicts", () => { registry.refuse(409, "this package is already present"); }, {}, "MLS8715", /raise the version/],
  ["it does not serve", () => { registry.refuse(503, "later"); registry.refuse(503, "later"); }, { npm_config_fetch_retries: "0" }, "MLS8101", /try again/],
  ["it has no such scope", () => { registry.refuse(404, "Scope not found"); }, {}, "MLS8102", /may make new packages/],
])("where %s, nothing is published, and it is told what mends it", async (_, prepare, env, code, fix) => {
  const dir = plugin();
  const packed = await packFolder(dir, run());
  const how = run(env);
  const target = await publishTarget(dir, packed, how);
  prepare(dir);
  await expect(publishPackage(dir, packed, target, how, { provenance: false })).rejects.toMatchObject({ code, fix: expect.stringMatching(fix) as string, details: { registry: new URL(registry.url).host } });
  expect([registry.document(NAME), said.filter((line) => line.includes(TOKEN))]).toEqual([undefined, []]);
}, 60_000);

test("a registry that nobody answers at is not reached, and that is said before anything is sent", async () => {
  const dir = plugin({}, "registry=http://127.0.0.1:1/\n");
  const packed = await packFolder(dir, run());
  await expect(publishTarget(dir, packed, run({ npm_config_fetch_retries: "0" }))).rejects.toMatchObject({ code: "MLS8101" });
}, 60_000);

describe("after publishing", () => {
  const look = async (change: Parameters<PublishRegistry["show"]>[0], looks = 2): Promise<{ readonly outcome: unknown; readonly pauses: number }> => {
    const dir = plugin();
    const packed = await packFolder(dir, run());
    const target = await publishTarget(dir, packed, run());
    await publishPackage(dir, packed, target, run(), { provenance: false });
    registry.show(change);
    let pauses = 0;
    const outcome = await readBack(dir, packed, target, { ...run(), looks, pause: () => { pauses++; return Promise.resolve(); } }).catch((e: unknown) => e);
    return { outcome, pauses };
  };

  test("other bytes are found", async () => { expect((await look((dist) => ({ ...dist, integrity: integrityOf(Buffer.from("other")) }))).outcome).toMatchObject({ code: "MLS8717" }); }, 60_000);
  test("and so is another shasum, where there is no integrity", async () => {
    expect((await look((dist) => ({ ...dist, integrity: undefined }))).outcome).toBe("same");
    await registry.stop();
    registry = await publishRegistry({ token: TOKEN });
    expect((await look((dist) => ({ ...dist, integrity: undefined, shasum: "0".repeat(40) }))).outcome).toMatchObject({ code: "MLS8717" });
  }, 60_000);
  test("it is looked for again where it is not shown yet", async () => {
    expect(await look(() => undefined, 3)).toEqual({ outcome: "not shown yet", pauses: 2 });
    await registry.stop();
    registry = await publishRegistry({ token: TOKEN });
    let hidden = 1;
    expect(await look((dist) => (hidden-- > 0 ? undefined : dist), 3)).toEqual({ outcome: "same", pauses: 1 });
  }, 60_000);
});

test.each<[Readonly<Record<string, string>>, object]>([
  [{ GITHUB_ACTIONS: "true", ACTIONS_ID_TOKEN_REQUEST_URL: "https://x" }, { by: "GitHub Actions" }],
  [{ GITHUB_ACTIONS: "true" }, { why: expect.stringContaining("may not ask for an id token") as string, fix: expect.stringContaining("id-token: write") as string }],
  [{ GITLAB_CI: "true", SIGSTORE_ID_TOKEN: "x" }, { by: "GitLab CI" }],
  [{ GITLAB_CI: "true", SIGSTORE_ID_TOKEN: "" }, { why: expect.stringContaining("SIGSTORE_ID_TOKEN") as string, fix: expect.stringContaining("sigstore") as string }],
  [{ CI: "true" }, { why: expect.stringContaining("only a CI service") as string, fix: "publish from there" }],
])("provenance by %j", (env, source) => { expect(provenanceSource(env)).toEqual(source); });

const NPM = `https://${PUBLIC_NPM_HOST}/`;
test.each<[string, string, Readonly<Record<string, string>>, object | undefined, RegExp | undefined]>([
  ["a public repository on GitHub", NPM, { GITHUB_ACTIONS: "true" }, { repository: { private: false } }, undefined],
  ["a private one", NPM, { GITHUB_ACTIONS: "true" }, { repository: { private: true } }, /repository is not public.*--provenance/],
  ["one of a company", NPM, { GITHUB_ACTIONS: "true" }, { repository: { private: false, visibility: "internal" } }, /repository is not public/],
  ["one of which the event says nothing", NPM, { GITHUB_ACTIONS: "true" }, {}, /nothing here says/],
  ["no event", NPM, { GITHUB_ACTIONS: "true", GITHUB_EVENT_PATH: "/nowhere" }, undefined, /nothing here says/],
  ["a variable says so", NPM, { GITHUB_ACTIONS: "true", GITHUB_REPOSITORY_VISIBILITY: "public" }, undefined, undefined],
  ["a public project on GitLab", NPM, { GITLAB_CI: "true", CI_PROJECT_VISIBILITY: "public" }, undefined, undefined],
  ["an internal one", NPM, { GITLAB_CI: "true", CI_PROJECT_VISIBILITY: "internal" }, undefined, /repository is not public/],
  ["a company's registry", "https://npm.example.com/", { GITLAB_CI: "true", CI_PROJECT_VISIBILITY: "public" }, undefined, /registry is not npm's public one.*--provenance/],
])("unasked it is signed where all is public: %s", (_, url, env, event, why) => {
  if (event !== undefined) place.put({ "event.json": JSON.stringify(event) });
  const found = notSignedUnasked({ ...(event !== undefined && { GITHUB_EVENT_PATH: join(place.dir, "event.json") }), ...env }, url);
  if (why === undefined) expect(found).toBeUndefined(); else expect(found).toMatch(why);
});
