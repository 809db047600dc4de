// The package managers themselves, driven through @mlstack/hub, against a registry on this machine.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Subtree } from "@mlstack/hub";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MANAGERS, type InstalledManager } from "./servers/package-managers.ts";
import { managedProject, type ManagedProject } from "./testing/managed-project.ts";
import { startRegistry, type TestRegistry } from "./testing/registry.ts";
import { SAMPLE } from "./testing/sample-packages.ts";

/** The digest that the locks in packages/hub/src/package-manager/fixtures have, too. */
const DIGEST = "8f58d92269e6c9ceaec2bfdab855c6c57185069141544f80cea7f24bc4b6c3f1";
/** Of left, with the newer right. */
const OVERRIDDEN = "894c2dc67e1a8a937dbf8d3e735a86918762f1a91995b95ecb7dadf486f835ca";
const APP = { "package.json": JSON.stringify({ name: "app", version: "0.0.0", private: true, dependencies: { core: "1.0.0", "own-scripted": "1.0.0", unrelated: "^1.0.0" } }) };

let registry: TestRegistry;
beforeAll(async () => { registry = await startRegistry(...SAMPLE); });
afterAll(async () => { await registry.close(); });

const isGone = (group: number): boolean => { try { process.kill(-group, 0); return false; } catch { return true; } };

describe.each(MANAGERS.map((manager) => [manager.id, manager] as const))("%s", (_, manager) => {
  const project = (more: { readonly files?: Readonly<Record<string, string>>; readonly scripts?: readonly string[] } = {}): Promise<ManagedProject> =>
    managedProject({ manager, registry: registry.url, files: { ...APP, ...more.files }, ...(more.scripts && { scripts: more.scripts }) });

  test("adds exact versions, runs no script of what is added, and leaves the project's own alone", async () => {
    // the project's settings allow both scripts; bun 1.4 and yarn 1 have none for single packages but bun's list
    const p = await project({ scripts: ["own-scripted", "scripted"] });
    const m = await p.manager();
    expect([m.name, await m.version()]).toEqual([manager.program, manager.version]);
    await m.install({ ...p.options(), frozen: false });
    const [files, ran] = [p.files(), p.ran()];
    expect(Object.keys(ran)).toEqual(["own-scripted"]);

    await m.add([{ name: "@acme/plugin", spec: "1.2.0" }], p.options());
    const { dependencies, ...rest } = p.json("package.json");
    const { dependencies: before, ...restBefore } = JSON.parse(files["package.json"]!) as Record<string, unknown>;
    expect(dependencies).toEqual({ ...(before as object), "@acme/plugin": "1.2.0" });
    expect(rest).toEqual(restBefore);
    // the very file that the script had left before: it did not run again either
    expect(p.ran()).toEqual(ran);
    const changed = Object.entries(p.files()).filter(([path, text]) => files[path] !== text).map(([path]) => join(p.dir, path)).sort();
    expect(changed).toEqual([m.lockFile, join(p.dir, "package.json")].sort());

    const tree = await m.subtree("@acme/plugin");
    expect([tree.root, tree.digest]).toEqual(["@acme/plugin@1.2.0", DIGEST]);
    expect(scripted(tree)).toEqual(["scripted@1.0.0"]);
    expect(tree.packages.every(({ integrity }) => (integrity === undefined) === (manager.id === "yarn 4"))).toBe(true);

    // What an install does afterwards, by the project's settings, which allow it: yarn 4 catches up on what was never built.
    // yarn 1 does sometimes.
    await m.install({ ...p.options(), frozen: true });
    const later = Object.keys(p.ran()).sort();
    if (manager.id !== "yarn 1") expect(later).toEqual(manager.id === "yarn 4" ? ["own-scripted", "scripted"] : ["own-scripted"]);

    await m.remove(["@acme/plugin"], p.options());
    expect(p.json("package.json")["dependencies"]).toEqual(before);
    await expect(m.subtree("@acme/plugin")).rejects.toMatchObject({ code: "MLS8308" });
    expect(p.lines.length).toBeGreaterThan(0);
  });

  test("in a fresh clone what the project has is installed with its scripts, and what is added without", async () => {
    const p = await project({ scripts: ["own-scripted", "scripted"] });
    const m = await p.manager();
    await m.install({ ...p.options(), frozen: false });
    rmSync(join(p.dir, "node_modules"), { recursive: true });
    await m.add([{ name: "left", spec: "1.4.0" }], p.options());
    expect(Object.keys(p.ran())).toEqual(["own-scripted"]);
    expect(p.json("package.json")["dependencies"]).toMatchObject({ left: "1.4.0" });
  });

  test("frozen: what is locked is installed, without a network once it was fetched, and nothing else is", async () => {
    const p = await project({ scripts: ["own-scripted"] });
    const m = await p.manager();
    await expect(m.install({ ...p.options(), frozen: true })).rejects.toMatchObject({ code: "MLS8302" });
    await m.install({ ...p.options(), frozen: false });
    rmSync(join(p.dir, "node_modules"), { recursive: true });
    const asked = registry.requests.length;
    await m.install({ ...p.options({ offline: true }), frozen: true });
    expect(registry.requests.slice(asked)).toEqual([]);
    expect((await m.subtree("unrelated")).packages.map(({ id }) => id)).toEqual(["@acme/cycle-a@1.0.0", "@acme/cycle-b@1.0.0", "right@2.1.0", "unrelated@1.0.0"]);
    const { dependencies, ...rest } = p.json("package.json");
    p.write({ "package.json": JSON.stringify({ ...rest, dependencies: { ...(dependencies as object), beta: "1.0.0-beta.2" } }) });
    const before = p.files();
    await expect(m.install({ ...p.options(), frozen: true })).rejects.toMatchObject({ code: "MLS8302", fix: expect.stringMatching(/install, and commit the lock$/) });
    expect(p.files()).toEqual(before);
    await m.install({ ...p.options(), frozen: false });
    expect((await m.subtree("beta")).root).toBe("beta@1.0.0-beta.2");
  });

  test("over what is installed: what was changed is made anew, and where that fails all stays, this very program among it", async () => {
    const p = await project({ scripts: ["own-scripted"] });
    const m = await p.manager();
    await m.install({ ...p.options(), frozen: false });
    const modules = join(p.dir, "node_modules");
    const [changed, other, mine] = [join(modules, "unrelated"), join(modules, "core", "package.json"), join(modules, "core", "mine.txt")];
    const file = join(changed, "package.json");
    const right = readFileSync(file, "utf8");
    // another file: pnpm's store has the one that is linked
    const edit = (): void => { rmSync(file); writeFileSync(file, `${right} `); };
    edit();
    writeFileSync(mine, "");
    const before = p.files();
    for (const frozen of [true, false]) {
      await m.install({ ...p.options(), frozen, anew: [changed] });
      expect(readFileSync(file, "utf8")).toBe(right);
      // what fits is not made anew; yarn cleans up there
      expect([manager.program === "yarn" || existsSync(mine), p.files()]).toEqual([true, before]);
      edit();
    }
    expect(readdirSync(modules).filter((name) => name.includes("aside"))).toEqual([]);
    rmSync(modules, { recursive: true });
    await m.install({ ...p.options(), frozen: true });
    // nothing is left to take it from
    edit();
    for (const cache of [".npm", ".yarn", ".yarn-cache", ".bun", ".local", ".cache", "Library"]) rmSync(join(p.dir, "..", cache), { recursive: true, force: true });
    await expect(m.install({ ...p.options({ offline: true }), frozen: true, anew: [changed] })).rejects.toMatchObject({ code: expect.stringMatching(/^MLS8\d{3}$/) as string });
    expect([readFileSync(file, "utf8"), existsSync(other)]).toEqual([`${right} `, true]);
  });

  test("trouble is told apart", async () => {
    const p = await project({ files: { "package.json": '{ "name": "app", "private": true, "dependencies": { "core": "1.0.0" } }' } });
    const m = await p.manager();
    await m.install({ ...p.options(), frozen: false });
    await expect(m.add([{ name: "no-such-package", spec: "1.0.0" }], p.options())).rejects.toMatchObject({ code: "MLS8102" });
    await expect(m.add([{ name: "left", spec: "9.9.9" }], p.options())).rejects.toMatchObject({ code: "MLS8102" });
    await expect(m.add([{ name: "unrelated", spec: "1.0.0" }], p.options({ registry: "http://127.0.0.1:1/" }))).rejects.toMatchObject({ code: "MLS8101" });
    await expect(m.add([{ name: "beta", spec: "1.0.0-beta.2" }], p.options({ offline: true }))).rejects.toMatchObject({ code: "MLS8105" });
    expect(p.json("package.json")["dependencies"]).toEqual({ core: "1.0.0" });
  });

  test("a registry that is named by hand is asked, and no other", async () => {
    const other = await startRegistry(...SAMPLE);
    const p = await project({ files: { "package.json": '{ "name": "app", "private": true }' } });
    const asked = registry.requests.length;
    await (await p.manager()).add([{ name: "unrelated", spec: "1.0.0" }], p.options({ registry: other.url }));
    expect([registry.requests.slice(asked), other.requests.length > 0]).toEqual([[], true]);
    await other.close();
  });

  test("a project inside of a workspace: the lock is the root's, packages may lie there", async () => {
    const p = await project({
      files: {
        "package.json": '{ "name": "root", "private": true, "workspaces": ["packages/*"], "dependencies": { "right": "1.0.5" } }',
        "packages/app/package.json": '{ "name": "app", "version": "0.0.0", "private": true, "dependencies": { "core": "1.0.0" } }\n',
        "packages/lib/package.json": '{ "name": "@acme/lib", "version": "2.0.0", "dependencies": { "left": "^1.0.0" }, "devDependencies": { "unrelated": "1.0.0" }, "peerDependencies": { "core": "1.x" } }\n',
        ...(manager.program === "pnpm" && { "pnpm-workspace.yaml": "packages: ['packages/*']\nonlyBuiltDependencies: []\nallowBuilds: { scripted: false }\n" }),
      },
    });
    const m = await p.manager("packages/app");
    expect([m.rootDir, m.projectDir]).toEqual([p.dir, join(p.dir, "packages", "app")]);
    await m.install({ ...p.options(), frozen: false });
    await m.add([{ name: "@acme/plugin", spec: "1.2.0" }, { name: "@acme/lib", spec: "workspace:2.0.0" }], p.options());
    expect(p.json("packages/app/package.json")["dependencies"]).toMatchObject({ "@acme/plugin": "1.2.0", "@acme/lib": expect.stringMatching(/^2\.0\.0$|^workspace:\*$/) });
    expect((await m.subtree("@acme/plugin")).digest).toBe(DIGEST);
    expect((await m.subtree("@acme/lib")).edges.filter(({ from }) => from === "@acme/lib@workspace")).toEqual([{ from: "@acme/lib@workspace", as: "left", to: "left@1.4.0" }]);
    expect(scripted(await m.subtree("@acme/lib"))).toEqual(["scripted@1.0.0"]);
    await m.install({ ...p.options(), frozen: true });
    // the other members keep what they had
    expect(p.json("packages/lib/package.json")["dependencies"]).toEqual({ left: "^1.0.0" });
    const { dependencies, ...rest } = p.json("packages/app/package.json");
    p.write({ "packages/app/package.json": JSON.stringify({ ...rest, dependencies: { ...(dependencies as object), beta: "1.0.0-beta.2" } }) });
    await expect(m.install({ ...p.options(), frozen: true })).rejects.toMatchObject({ code: "MLS8302" });
  });

  test("a version that is too new for a manager by its own default", async () => {
    const now = new Date().toISOString();
    registry.publish({ name: "fresh", version: "1.0.0", publishedAt: now, dependencies: { "fresh-below": "^1.0.0" } }, { name: "fresh-below", version: "1.0.0", publishedAt: now });
    const p = await project({ files: { "package.json": '{ "name": "app", "private": true }' } });
    const m = await p.manager();
    const before = p.files();
    const plain = await m.add([{ name: "fresh", spec: "1.0.0" }], p.options()).then(() => undefined, (e: unknown) => (e as { readonly code: string }).code);
    expect(plain).toBe(manager.id === "yarn 4" ? "MLS8305" : undefined);
    await m.add([{ name: "fresh", spec: "1.0.0" }], { ...p.options(), fresh: true });
    expect((await m.subtree("fresh")).packages.map(({ id }) => id)).toEqual(["fresh-below@1.0.0", "fresh@1.0.0"]);
    const changed = Object.entries(p.files()).filter(([path, text]) => before[path] !== text).map(([path]) => join(p.dir, path));
    expect(m.files).toEqual(expect.arrayContaining(changed));
    await m.install({ ...p.options(), frozen: true });
  });

  test("a version that the project puts in place of what a package asks for", async () => {
    const manifest = { name: "app", private: true, dependencies: { core: "1.0.0" } };
    const inPlace = { npm: { overrides: { left: { right: "2.1.0" } } }, yarn: { resolutions: { "left/right": "2.1.0" } }, bun: { overrides: { right: "2.1.0" } }, pnpm: {} }[manager.program];
    const p = await project({ files: { "package.json": JSON.stringify({ ...manifest, ...inPlace }) } });
    if (manager.program === "pnpm") p.write({ "pnpm-workspace.yaml": "overrides: { left>right: 2.1.0 }\n" });
    const m = await p.manager();
    await m.add([{ name: "left", spec: "1.4.0" }], p.options());
    expect((await m.subtree("left")).digest).toBe(OVERRIDDEN);
  });

  test("a tarball of the project's", async () => {
    const p = await project({ files: { "package.json": '{ "name": "app", "private": true, "dependencies": { "core": "1.0.0" } }' } });
    const tarball = Buffer.from(await (await fetch(`${registry.url}@acme/plugin/-/plugin-1.2.0.tgz`)).arrayBuffer());
    p.write({ "vendor/keep": "" });
    writeFileSync(join(p.dir, "vendor", "plugin-1.2.0.tgz"), tarball);
    const m = await p.manager();
    await m.add([{ name: "@acme/plugin", spec: `file:${join(p.dir, "vendor", "plugin-1.2.0.tgz")}` }], p.options());
    // a path of this machine would not hold elsewhere
    expect(p.json("package.json")["dependencies"]).toEqual({ core: "1.0.0", "@acme/plugin": expect.stringMatching(/^file:(\.\/)?vendor\/plugin-1\.2\.0\.tgz$/) });
    expect((await m.subtree("@acme/plugin")).digest).toBe(DIGEST);
  });

  test("an interrupt in the middle leaves no process", async () => {
    const p = await project();
    const m = await p.manager();
    const abort = new AbortController();
    const hanging = new Promise<void>((asked) => { registry.answer("/unrelated", () => { asked(); }); });
    let group: number | undefined;
    const running = m.install({ ...p.options({ signal: abort.signal, started: (pid) => { group = pid; } }), frozen: false });
    await hanging;
    expect(isGone(group!)).toBe(false);
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: "MLS4003" });
    registry.answer("/unrelated", undefined);
    expect(isGone(group!)).toBe(true);
  });
});

test.each(MANAGERS.filter(({ program }) => program === "pnpm").map((manager) => [manager.id, manager] as const))("%s laid out as npm does it: the same tree, and scripts are found", async (_, manager) => {
  const p = await managedProject({ manager, registry: registry.url, files: APP });
  p.write({ "pnpm-workspace.yaml": "nodeLinker: hoisted\nonlyBuiltDependencies: [own-scripted]\nallowBuilds: { own-scripted: true }\n" });
  const m = await p.manager();
  await m.add([{ name: "@acme/plugin", spec: "1.2.0" }], p.options());
  expect(Object.keys(p.ran())).toEqual(["own-scripted"]);
  const tree = await m.subtree("@acme/plugin");
  expect([tree.digest, scripted(tree)]).toEqual([DIGEST, ["scripted@1.0.0"]]);
});

test("no manager outlives a process that exits in the middle", async () => {
  const manager = MANAGERS[0] as InstalledManager;
  const p = await managedProject({ manager, registry: registry.url, files: APP });
  const hanging = new Promise<void>((asked) => { registry.answer("/unrelated", () => { asked(); }); });
  const code = `import { detectPackageManager } from ${JSON.stringify(import.meta.resolve("@mlstack/hub"))};
    const m = await detectPackageManager(${JSON.stringify(p.dir)}, ${JSON.stringify(p.env)});
    process.stdin.on("data", () => process.exit(3));
    await m.install({ offline: false, registry: undefined, signal: new AbortController().signal, output() {}, started: (pid) => console.log(pid), frozen: false });`;
  const starter = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["pipe", "pipe", "inherit"] });
  const [printed] = (await once(starter.stdout, "data")) as [Buffer];
  await hanging;
  const group = Number(String(printed));
  expect(isGone(group)).toBe(false);
  starter.stdin.write("go\n");
  expect(await once(starter, "exit")).toEqual([3, null]);
  // the signal is sent before it exits; the system needs a moment to end the processes
  await expect.poll(() => isGone(group), { timeout: 20_000 }).toBe(true);
  registry.answer("/unrelated", undefined);
});

function scripted({ packages }: Subtree): string[] {
  return packages.filter(({ installScript }) => installScript === true).map(({ id }) => id);
}
