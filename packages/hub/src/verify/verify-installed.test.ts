import { symlinkSync, rmSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { PluginPackage } from "@mlstack/core";
import { nodePluginHost } from "@mlstack/core/node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Lock, LockedPlugin } from "../lock/lock.ts";
import { madePlugin, type MadePlugin, type PluginOptions } from "../testing/plugins.ts";
import { scratch, type Scratch } from "../testing/scratch.ts";
import { verifyInstalled, verifyProject } from "./verify-installed.ts";
import { lockEntry } from "../lock/lock-entry.ts";
import { checkTarball } from "../tarball/check-tarball.ts";

const NAME = "@acme/mlstack-plugin-x";
let folder: Scratch;
beforeEach(() => { folder = scratch(); });
afterEach(() => { folder.remove(); });

const at = (path = ""): string => join(folder.dir, "node_modules", NAME, path);
function install({ files }: MadePlugin, name = NAME): void {
  folder.put(Object.fromEntries(Object.entries(files).map(([path, text]) => [`node_modules/${name}/${path}`, text])));
  folder.put({ "package.json": JSON.stringify({ dependencies: { [NAME]: "1.0.0", ...(name !== NAME && { [name]: "1.0.0" }) } }) });
}
async function locked(options: PluginOptions = {}, more: Partial<LockedPlugin> = {}): Promise<LockedPlugin> {
  const { tarball, version } = madePlugin(options);
  const checked = await checkTarball(tarball, "x", version);
  return { ...lockEntry({ package: checked.package, source: "registry", tarball: checked, trust: { provenance: false } }), ...more };
}
const packages = (): Promise<readonly PluginPackage[]> => nodePluginHost({ projectDir: folder.dir }).packages();
const verify = async (entry: LockedPlugin | undefined) => verifyInstalled(NAME, entry, (await packages())[0]);

beforeEach(() => { install(madePlugin()); });

test("what was installed from the tarball is what was pinned", async () => {
  expect(await verify(await locked())).toBeUndefined();
});

describe("a change on disk is refused with MLS8204, its benign twin is not", () => {
  test.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string>>]>([
    ["a file that was edited", { "index.js": 'export default "evil";\n' }, { "index.js": madePlugin().files["index.js"]! }],
    ["one more file", { "evil.js": "1" }, { "node_modules/dep/index.js": "1" }],
    ["other line ends", { "README.md": "# x\r\n" }, { "README.md": "# x\n" }],
    ["a file in a hidden folder", { ".hidden/evil.js": "1" }, { ".DS_Store": "1" }],
  ])("%s", async (_what, evil, benign) => {
    const entry = await locked();
    folder.put(Object.fromEntries(Object.entries(benign).map(([path, text]) => [`node_modules/${NAME}/${path}`, text])));
    expect(await verify(entry)).toBeUndefined();
    folder.put(Object.fromEntries(Object.entries(evil).map(([path, text]) => [`node_modules/${NAME}/${path}`, text])));
    expect(await verify(entry)).toMatchObject({ code: "MLS8204", exitCode: 5 });
  });

  test("a file that was taken away", async () => {
    const entry = await locked();
    rmSync(at("README.md"));
    expect(await verify(entry)).toMatchObject({ code: "MLS8204" });
  });

  test.skipIf(process.platform === "win32")("a file that became a link to itself elsewhere", async () => {
    const entry = await locked();
    renameSync(at("index.js"), join(folder.dir, "moved.js"));
    symlinkSync(join(folder.dir, "moved.js"), at("index.js"));
    expect(await verify(entry)).toMatchObject({ code: "MLS8204", message: expect.stringContaining("is a link") as string });
  });

  test.skipIf(process.platform === "win32")("a folder that became a link to one outside; pnpm's links into its own store are none of those", async () => {
    const entry = await locked();
    renameSync(at(), join(folder.dir, "elsewhere"));
    symlinkSync(join(folder.dir, "elsewhere"), at());
    expect(await verify(entry)).toMatchObject({ code: "MLS8204", message: expect.stringContaining("is a link to") as string });
    rmSync(at());
    folder.put({ "node_modules/.pnpm/x@1.0.0/node_modules/.keep": "" });
    renameSync(join(folder.dir, "elsewhere"), join(folder.dir, "node_modules", ".pnpm", "x@1.0.0", "node_modules", "x"));
    symlinkSync(join(folder.dir, "node_modules", ".pnpm", "x@1.0.0", "node_modules", "x"), at());
    expect(await verify(entry)).toBeUndefined();
  });

  test("the files that differ are named where those of the tarball are at hand", async () => {
    const made = madePlugin();
    const { files } = await checkTarball(made.tarball, "x", made.version);
    folder.put({ [`node_modules/${NAME}/index.js`]: "evil", [`node_modules/${NAME}/more.js`]: "evil" });
    rmSync(at("README.md"));
    expect(await verifyInstalled(NAME, await locked(), (await packages())[0], files)).toMatchObject({ message: `${NAME}@1.0.0 was changed on disk: README.md, index.js, more.js`, details: { files: ["README.md", "index.js", "more.js"] } });
  });
});

describe("a lock that does not fit is told apart from damage", () => {
  test("one that was set back, one that is ahead, and the right one", async () => {
    install(madePlugin({ version: "1.2.0" }));
    expect(await verify(await locked({ version: "1.1.0" }))).toMatchObject({ code: "MLS8207", exitCode: 4, message: `${NAME}@1.2.0 is installed, mlstack.lock has 1.1.0`, why: expect.stringContaining("set back") as string });
    expect(await verify(await locked({ version: "1.10.0" }))).toMatchObject({ code: "MLS8207", why: expect.stringContaining("an older version is installed") as string });
    expect(await verify(await locked({ version: "1.2.0" }))).toBeUndefined();
  });

  test("one whose version alone was set back, so that it names other files than those of its version", async () => {
    install(madePlugin({ version: "1.2.0" }));
    const now = await locked({ version: "1.2.0" });
    expect(await verify({ ...now, version: "1.1.0" })).toMatchObject({ code: "MLS8207" });
    install(madePlugin({ version: "1.1.0" }));
    expect(await verify({ ...now, version: "1.1.0" })).toMatchObject({ code: "MLS8204" });
  });

  test.each<[string, Partial<LockedPlugin>]>([
    ["capabilities", { capabilities: { env: [], files: [], hosts: [], processes: [] } }], ["contracts", { contracts: ["artifact_store@2"] }], ["core", { core: "*" }], ["node", { node: ">=20" }],
    ["manifest", { manifest: `sha256:${"0".repeat(64)}` }], ["configSchema", { configSchema: `sha256:${"0".repeat(64)}` }],
  ])("one whose %s was edited by hand", async (fact, edit) => {
    expect(await verify(await locked({}, edit))).toMatchObject({ code: "MLS8208", exitCode: 5, details: { differs: [fact] } });
    expect(await verify(await locked())).toBeUndefined();
  });

  test("an edited digest of the files looks like files that were changed", async () => {
    expect(await verify(await locked({}, { files: `sha256:${"0".repeat(64)}` }))).toMatchObject({ code: "MLS8204" });
  });

  test("what is in one of both only", async () => {
    expect(await verify(undefined)).toMatchObject({ code: "MLS8207", message: `${NAME}@1.0.0 is installed, and not in mlstack.lock` });
    expect(await verifyInstalled(NAME, await locked(), undefined)).toMatchObject({ code: "MLS8207", message: `${NAME}@1.0.0 is in mlstack.lock, and not installed` });
  });

  test("an entry that was made one of a folder, so that nobody looks at its files", async () => {
    const { integrity: _, files: __, ...rest } = await locked();
    expect(await verify({ ...rest, source: "workspace" })).toMatchObject({ code: "MLS8207", message: expect.stringContaining("as a folder of the project") as string });
  });
});

describe.skipIf(process.platform === "win32")("a folder of the project", () => {
  test("is compared by its manifest: its other files change as it is worked on", async () => {
    const { integrity: _, files: __, ...rest } = await locked();
    const entry: LockedPlugin = { ...rest, source: "workspace" };
    renameSync(at(), join(folder.dir, "plugin"));
    symlinkSync(join(folder.dir, "plugin"), at());
    folder.put({ "plugin/index.js": "other" });
    expect(await verify(entry)).toBeUndefined();
    folder.put({ "plugin/package.json": madePlugin({ permissions: { hosts: ["evil.example"] } }).files["package.json"]! });
    expect(await verify(entry)).toMatchObject({ code: "MLS8207", exitCode: 4, message: expect.stringContaining("the manifest of") as string });
  });
});

test("a project is verified as a whole, and each integration is heard of", async () => {
  install(madePlugin({ name: "b" }), "b");
  install(madePlugin({ name: "c" }), "c");
  folder.put({ "package.json": JSON.stringify({ dependencies: { [NAME]: "1", b: "1", c: "1", left: "1" } }), "node_modules/left/package.json": '{"name":"left","version":"1.0.0"}', "node_modules/b/index.js": "evil" });
  const lock: Lock = { plugins: { [NAME]: await locked(), b: await locked({ name: "b" }), d: await locked({ name: "d" }) } };
  expect((await verifyProject(lock, await packages())).map(({ name, problem }) => [name, problem?.code])).toEqual([[NAME, undefined], ["b", "MLS8204"], ["c", "MLS8207"], ["d", "MLS8207"]]);
});
