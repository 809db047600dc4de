// What is installed of one tarball, and so mlstack.lock, is the same under every package manager: each changes other things when it unpacks.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodePluginHost } from "@mlstack/core/node";
import { checkTarball, filesDigest, folderDigest, lockEntry, lockText, openRegistry, readLock, verifyProject, writeLock, type CheckedTarball, type PackageVersion } from "@mlstack/hub";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MANAGERS } from "./servers/package-managers.ts";
import { startVerdaccio, type Verdaccio } from "./servers/verdaccio.ts";
import { managedProject, type ManagedProject } from "./testing/managed-project.ts";
import { integrationJson, packFiles, type PackedPackage } from "./testing/packages.ts";

const NAME = "@acme/mlstack-plugin-x";
/** What packers and unpackers are known to rename, change or leave out, and names that systems write in more than one way. */
const FILES = {
  "index.js": 'export default "1.0.0";\n', "bin.js": "#!/usr/bin/env node\r\nconsole.log(1);\r\n", "script.js": "#!/usr/bin/env node\r\nconsole.log(2);\r\n", "windows.txt": "a\r\nb\r\n", empty: "",
  ".gitignore": "a\n", "both/.gitignore": "b\n", "both/.npmignore": "c\n", "one/.npmignore": "d\n", ".npmrc": "loglevel=warn\n", ".hidden/x.js": "1", ".git/config": "[core]\n", ".DS_Store": "x", "package-lock.json": "{}", "npm-debug.log": "x",
  "with blank/é ü.js": "1", "e\u0301.js": "2", "lib/node_modules/fixture.js": "3",
};
const DEPENDENCIES = { left: "1.0.0", right: "^1.0.0" };

const project = mkdtempSync(join(tmpdir(), "mlstack-live-hub-"));
let verdaccio: Verdaccio;
let checked: CheckedTarball;
let version: PackageVersion;
const texts = new Map<string, string>();

beforeAll(async () => {
  verdaccio = await startVerdaccio();
  const made: readonly PackedPackage[] = await Promise.all([
    packFiles(integrationJson(NAME, "1.0.0", { bin: { x: "bin.js" }, dependencies: DEPENDENCIES }), FILES),
    ...Object.keys(DEPENDENCIES).map((name) => packFiles({ name, version: "1.0.0" }, { "index.js": "5" })),
  ]);
  for (const { packageJson, tarball } of made) expect(await verdaccio.publish(packageJson, tarball)).toBe(201);
  writeFileSync(join(project, "package.json"), "{}");
  const registry = await openRegistry({ projectDir: project, env: { HOME: project, PREFIX: project, NPM_CONFIG_REGISTRY: verdaccio.url }, offline: false, cacheDir: join(project, "cache") });
  version = (await registry.document(NAME)).versions[0]!;
  checked = await checkTarball(await registry.tarball(version), NAME, version);
});
afterAll(async () => {
  rmSync(project, { recursive: true, force: true });
  await verdaccio.stop();
});

const verify = async (p: ManagedProject) => (await verifyProject((await readLock(p.dir))!, await nodePluginHost({ projectDir: p.dir }).packages())).map(({ name, problem }) => [name, problem?.code]);

describe.each(MANAGERS.map((manager) => [manager.id, manager] as const))("%s", (id, manager) => {
  test("installs what was pinned, byte by byte, and a change of it is found", async () => {
    const p = await managedProject({ manager, registry: verdaccio.url, files: { "package.json": JSON.stringify({ name: "app", version: "0.0.0", private: true }) } });
    // yarn 4 has a cooldown of its own
    p.env["YARN_NPM_MINIMAL_AGE_GATE"] = "0";
    const m = await p.manager();
    await m.add([{ name: NAME, spec: "1.0.0" }], p.options());
    const dir = realpathSync(join(p.dir, "node_modules", NAME));
    const installed = await folderDigest(dir);
    expect(Object.fromEntries(installed)).toEqual(Object.fromEntries(checked.files));
    expect(filesDigest(installed)).toBe(filesDigest(checked.files));

    const { digest } = await m.subtree(NAME);
    const lock = { plugins: { [NAME]: lockEntry({ package: checked.package, source: "registry", tarball: checked, trust: { provenance: version.provenance }, tree: `sha256:${digest}` }) } };
    texts.set(id, lockText(lock));
    await writeLock(p.dir, lock);
    expect(await verify(p)).toEqual([[NAME, undefined]]);
    // in place, as pnpm's link into its store has it
    writeFileSync(join(dir, "index.js"), 'export default "evil";\n');
    expect(await verify(p)).toEqual([[NAME, "MLS8204"]]);
  });
});

test("the lock has the same bytes under all of them", () => {
  expect(texts.size).toBe(MANAGERS.length);
  expect(new Set(texts.values()).size).toBe(1);
});
