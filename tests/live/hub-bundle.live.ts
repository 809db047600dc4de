// Under every package manager: what a bundle has brought is installed where nothing else answers, and the locks become what they would be with a network.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { exportBundle, importBundle, openRegistry, registryCache, type PackageManager, type PlanContext, type Registry } from "@mlstack/hub";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MANAGERS, type InstalledManager } from "./servers/package-managers.ts";
import { managedProject, type ManagedProject } from "./testing/managed-project.ts";
import { startRegistry, type TestRegistry } from "./testing/registry.ts";
import { SAMPLE } from "./testing/sample-packages.ts";

let registry: TestRegistry;
let isUp: boolean;
beforeEach(async () => {
  registry = await startRegistry(...SAMPLE);
  isUp = true;
});
afterEach(async () => { if (isUp) await registry.close(); });
const stop = async (): Promise<void> => {
  await registry.close();
  isUp = false;
};

const APP = { "package.json": '{ "name": "app", "version": "0.0.0", "private": true, "dependencies": { "core": "1.0.0", "unrelated": "^1.0.0" } }\n' };
const open = (p: ManagedProject, offline: boolean): Promise<Registry> => openRegistry({ projectDir: p.dir, registry: registry.url, cacheDir: join(p.dir, "..", "cache"), offline, env: { HOME: join(p.dir, "..", "home"), PREFIX: join(p.dir, "..", "prefix"), NPM_CONFIG_FETCH_RETRIES: "0" } });
async function bundle(p: ManagedProject, manager: PackageManager): Promise<string> {
  const [file, source] = [join(p.dir, "..", "x.bundle"), await open(p, false)];
  const plan: PlanContext = { catalog: { catalogVersion: 1, integrations: [], aliases: [] } as unknown as PlanContext["catalog"], registry: source, lock: { plugins: {} }, installed: [], coreVersion: "0.1.0", nodeVersion: process.versions.node, policy: {}, now: new Date(), cwd: p.dir };
  // what an integration would be: the tree that is to be added there
  await exportBundle({ file, specs: [], plan: { ...plan, lock: await pinned(source, "@acme/plugin", "1.2.0") }, manager, registry: source });
  return file;
}
/** A lock as far as a bundle reads it. */
async function pinned(source: Registry, name: string, version: string): Promise<PlanContext["lock"]> {
  const { integrity } = (await source.document(name)).versions.find((each) => each.version === version)!;
  return { plugins: { [name]: { version, source: "registry", integrity } } } as unknown as PlanContext["lock"];
}
const lockText = (p: ManagedProject, m: PackageManager): unknown => [p.files()["package.json"], p.files()[m.lockFile.slice(p.dir.length + 1)]];

describe.each(MANAGERS.map((manager) => [manager.id, manager] as const))("%s", (_, manager) => {
  async function there(file: string, from: ManagedProject, lock: string, more: Partial<Parameters<typeof managedProject>[0]> = {}): Promise<{ p: ManagedProject; shelf: Registry["shelf"] }> {
    const p = await managedProject({ manager, registry: registry.url, scripts: ["scripted"], files: APP, ...more });
    for (const name of ["package.json", lock]) cpSync(join(from.dir, name), join(p.dir, name));
    const offline = await open(p, true);
    await importBundle({ file, cache: registryCache(join(p.dir, "..", "cache")), registry: offline, lock: undefined });
    return { p, shelf: offline.shelf };
  }

  test("frozen, then added, removed, installed again", async () => {
    const here = await managedProject({ manager, registry: registry.url, scripts: ["scripted"], files: APP });
    const m = await here.manager();
    await m.install({ ...here.options(), frozen: false });
    const lock = m.lockFile.slice(here.dir.length + 1);
    const file = await bundle(here, m);
    const { p, shelf } = await there(file, here, lock);
    const first = lockText(here, m);
    await m.add([{ name: "@acme/plugin", spec: "1.2.0" }], here.options());
    const second = lockText(here, m);
    await stop();

    const offline = await p.manager();
    const options = p.options({ offline: true, shelf });
    await offline.install({ ...options, frozen: true });
    expect(lockText(p, offline)).toEqual(first);
    await offline.add([{ name: "@acme/plugin", spec: "1.2.0" }], options);
    expect(lockText(p, offline)).toEqual(second);
    expect((await offline.subtree("@acme/plugin")).digest).toBe((await m.subtree("@acme/plugin")).digest);
    rmSync(join(p.dir, "node_modules"), { recursive: true });
    await offline.install({ ...options, frozen: true });
    expect(lockText(p, offline)).toEqual(second);
    await offline.remove(["@acme/plugin"], options);
    expect(lockText(p, offline)).toEqual(first);
    // what was not brought
    await expect(offline.add([{ name: "core", spec: "1.1.0" }], options)).rejects.toMatchObject({ code: "MLS8105" });
    expect(lockText(p, offline)).toEqual(first);
  });

  test("bytes that are not those of the lock are refused by the manager, as ever", async () => {
    const here = await managedProject({ manager, registry: registry.url, scripts: ["scripted"], files: APP });
    const m = await here.manager();
    await m.install({ ...here.options(), frozen: false });
    const file = await bundle(here, m);
    const { p, shelf } = await there(file, here, m.lockFile.slice(here.dir.length + 1));
    await stop();
    const offline = await p.manager();
    const evil = { ...shelf, tarball: async (integrity: string) => ((await shelf.tarball(integrity)) === undefined ? undefined : shelf.tarball((await shelf.packument("core"))!.versions["1.0.0"]!.dist.integrity)) };
    await expect(offline.install({ ...p.options({ offline: true, shelf: evil }), frozen: true })).rejects.toMatchObject({ code: "MLS8201" });
  });
});

/** Managers that can be told another registry for a scope, for one run. */
const SCOPED: readonly InstalledManager[] = MANAGERS.filter(({ id, program }) => id !== "yarn 4" && program !== "bun");
describe.each(SCOPED.map((manager) => [manager.id, manager] as const))("%s", (_, manager) => {
  test("where a scope has a registry of its own", async () => {
    const settings = { ".npmrc": `registry=${registry.url}\n@acme:registry=${registry.url}\nfetch-retries=0\n` };
    const here = await managedProject({ manager, registry: registry.url, files: { ...APP, ...settings } });
    const m = await here.manager();
    await m.install({ ...here.options(), frozen: false });
    const file = await bundle(here, m);
    await m.add([{ name: "@acme/plugin", spec: "1.2.0" }], here.options());
    const p = await managedProject({ manager, registry: registry.url, files: { ...APP, ...settings } });
    const offline = await open(p, true);
    await importBundle({ file, cache: registryCache(join(p.dir, "..", "cache")), registry: offline, lock: undefined });
    await stop();
    await (await p.manager()).add([{ name: "@acme/plugin", spec: "1.2.0" }], p.options({ offline: true, shelf: offline.shelf }));
    expect((await (await p.manager()).subtree("@acme/plugin")).digest).toBe((await m.subtree("@acme/plugin")).digest);
  });
});
