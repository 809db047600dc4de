import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { detectPackageManager } from "./open.ts";
import { endGroup } from "./process-group.ts";
import { fakeManager, type FakeManager } from "./testing/fake-manager.ts";
import { folderWith, put } from "./testing/folder.ts";
import type { ManagerName, PackageManager, RunOptions } from "./types.ts";

// each starts programs
vi.setConfig({ testTimeout: 60_000 });

interface Kind { readonly program: ManagerName; readonly version: string; readonly files: Readonly<Record<string, string>>; readonly mark: string }
const KINDS: Readonly<Record<string, Kind>> = {
  npm: { program: "npm", version: "11.0.0", files: { "package-lock.json": '{ "lockfileVersion": 3, "packages": { "": { "dependencies": { "left": "1.0.0" } } } }' }, mark: "node_modules/.package-lock.json" },
  pnpm: { program: "pnpm", version: "12.0.0", files: { "pnpm-lock.yaml": "" }, mark: "node_modules/.modules.yaml" },
  "yarn 1": { program: "yarn", version: "1.22.22", files: { "yarn.lock": "# yarn lockfile v1\n\n\n" }, mark: "node_modules/.yarn-integrity" },
  "yarn 4": { program: "yarn", version: "4.18.1", files: { "yarn.lock": "__metadata:\n  version: 8\n", ".yarnrc.yml": "nodeLinker: node-modules\n" }, mark: "node_modules/.yarn-state.yml" },
  bun: { program: "bun", version: "1.4.5", files: { "bun.lock": '{ "lockfileVersion": 2, "workspaces": { "": { "dependencies": { "left": "1.0.0" } } } }' }, mark: "node_modules/some/package.json" },
};
const NAMES = Object.keys(KINDS);

const options = (more: Partial<RunOptions> = {}): RunOptions => ({ offline: false, registry: undefined, signal: new AbortController().signal, output: () => undefined, ...more });
async function managed(kind: string, more: { readonly env?: Readonly<Record<string, string>>; readonly files?: Readonly<Record<string, string>>; readonly installed?: boolean } = {}): Promise<FakeManager & { readonly manager: PackageManager; readonly root: string }> {
  const { program, version, files, mark } = KINDS[kind]!;
  const root = folderWith({ "package.json": '{ "dependencies": { "left": "1.0.0" } }', ...files, ...(more.installed !== false && { [mark]: "" }), ...more.files });
  const fake = fakeManager(program, { FAKE_VERSION: version, ...more.env });
  return { ...fake, root, manager: await detectPackageManager(root, fake.env) };
}
const lines = ({ calls }: FakeManager): string[] => calls().map(({ args }) => args.join(" "));
const isAlive = (pid: number): boolean => { try { process.kill(pid, 0); return !/^\d+ \(.*\) Z/.test(existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8") : ""); } catch { return false; } };

describe("what each manager is told", () => {
  test.each(NAMES)("%s", async (kind) => {
    const it = await managed(kind);
    await it.manager.add([{ name: "@acme/plugin", spec: "1.2.0" }, { name: "tarball", spec: `file:${join(it.root, "vendor", "x.tgz")}` }, { name: "@acme/lib", spec: "workspace:2.0.0" }], options());
    await it.manager.remove(["left"], options());
    await it.manager.install({ ...options(), frozen: false });
    if (kind === "yarn 1") writeFileSync(join(it.root, "package.json"), "{}"); // its lock is empty
    await it.manager.install({ ...options({ offline: true, registry: "http://127.0.0.1:1/" }), frozen: true });
    expect(lines(it)).toMatchSnapshot();
    expect(it.calls().every(({ cwd }) => cwd === it.root)).toBe(true);
    expect(await it.manager.version()).toBe(KINDS[kind]!.version);
  });

  test("berry by its variables, for the one command", async () => {
    const it = await managed("yarn 4");
    await it.manager.add([{ name: "a", spec: "1.0.0" }], options());
    await it.manager.install({ ...options({ offline: true, registry: "http://127.0.0.1:1/" }), frozen: true });
    const yarn = it.calls().map(({ env }) => Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith("YARN_"))));
    const always = { YARN_ENABLE_TELEMETRY: "false", YARN_ENABLE_PROGRESS_BARS: "false" };
    expect(yarn).toEqual([
      { ...always, YARN_ENABLE_IMMUTABLE_INSTALLS: "false" },
      { ...always, YARN_ENABLE_IMMUTABLE_INSTALLS: "true", YARN_ENABLE_NETWORK: "false", YARN_NPM_REGISTRY_SERVER: "http://127.0.0.1:1/", YARN_UNSAFE_HTTP_WHITELIST: "127.0.0.1" },
    ]);
  });

  test("fresh versions, where yarn waits by its own default only", async () => {
    const gates = async (fresh: boolean, files: Readonly<Record<string, string>> = {}): Promise<unknown> => {
      const it = await managed("yarn 4", { files });
      await it.manager.add([{ name: "a", spec: "1.0.0" }], { ...options(), fresh });
      return it.calls()[0]!.env["YARN_NPM_MINIMAL_AGE_GATE"];
    };
    expect([await gates(true), await gates(false), await gates(true, { ".yarnrc.yml": "nodeLinker: node-modules\nnpmMinimalAgeGate: 7d\n" })]).toEqual(["0", undefined, undefined]);
  });

  test("which files it may write is known before", async () => {
    const it = await managed("pnpm");
    expect(it.manager.files.map((file) => file.slice(it.root.length + 1))).toEqual(["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml"]);
    expect((await managed("npm")).manager.files.map((file) => basename(file))).toEqual(["package.json", "package-lock.json"]);
  });

  test("in a workspace: adding where the project is, installing at the root", async () => {
    const { program, files, mark } = KINDS["npm"]!;
    const root = folderWith({ "package.json": '{ "workspaces": ["app"] }', "app/package.json": '{ "dependencies": {} }', ...files, [mark]: "", "package-lock.json": '{ "lockfileVersion": 3, "packages": { "app": {} } }' });
    const fake = fakeManager(program);
    const manager = await detectPackageManager(join(root, "app"), fake.env);
    await manager.add([{ name: "a", spec: "file:../x.tgz" }], options());
    await manager.install({ ...options(), frozen: true });
    expect(fake.calls().map(({ cwd, args }) => [cwd, args.at(-1)])).toEqual([[join(root, "app"), "a@file:../x.tgz"], [root, "--no-update-notifier"], [root, "--no-update-notifier"]]);
  });

  test("nothing to add or remove runs nothing", async () => {
    const it = await managed("npm");
    await it.manager.add([], options());
    await it.manager.remove([], options());
    expect(it.calls()).toEqual([]);
  });
});

describe("what is not installed is installed first, with its own scripts", () => {
  test.each(NAMES)("%s, without node_modules", async (kind) => {
    const it = await managed(kind, { installed: false });
    await it.manager.add([{ name: "a", spec: "1.0.0" }], options());
    expect(it.calls().map(({ args }) => [args[0], args.some((arg) => /ignore-?scripts|skip-build/i.test(arg))])).toEqual([["install", false], [kind === "npm" ? "install" : "add", true]]);
  });

  test("npm, whose lock was changed after it was installed", async () => {
    const it = await managed("npm");
    const before = new Date(Date.now() - 60_000);
    utimesSync(join(it.root, "node_modules", ".package-lock.json"), before, before);
    await it.manager.remove(["left"], options());
    expect(it.calls().map(({ args }) => args[0])).toEqual(["install", "uninstall"]);
  });

  test("not for a project that depends on nothing", async () => {
    const it = await managed("npm", { installed: false, files: { "package.json": "{}" } });
    const fresh = folderWith({ "package.json": '{ "dependencies": {} }' });
    await (await detectPackageManager(fresh, it.env)).add([{ name: "a", spec: "1.0.0" }], options());
    expect(it.calls()).toHaveLength(1);
  });

  test("and when that fails, nothing is added", async () => {
    const it = await managed("pnpm", { installed: false, env: { FAKE_EXIT: "1" } });
    await expect(it.manager.add([{ name: "a", spec: "1.0.0" }], options())).rejects.toMatchObject({ code: "MLS8304" });
    expect(it.calls().map(({ args }) => args[0])).toEqual(["install"]);
  });
});

describe("who runs it", () => {
  test("what the one that started mlstack says of itself is kept from it, what the user has set is not", async () => {
    const theirs = { npm_config_registry: "https://packages.example.test/", NPM_CONFIG_CACHE: "/somewhere", HTTPS_PROXY: "http://proxy.example.test" };
    const it = await managed("npm", { env: { ...theirs, npm_package_name: "x", npm_lifecycle_event: "npx", npm_command: "exec", npm_execpath: "/x", npm_config_local_prefix: "/x", npm_config_user_agent: "npm/1", INIT_CWD: "/x", FORCE_COLOR: "1" } });
    await it.manager.remove(["left"], options());
    const { env } = it.calls()[0]!;
    expect(Object.keys(env).filter((name) => /^npm_(?!config_registry$)|^INIT_CWD|^FORCE_COLOR/.test(name))).toEqual([]);
    expect(env).toMatchObject({ ...theirs, NO_COLOR: "1" });
  });

  test("a manager that is not installed is named, with what installs it", async () => {
    const nowhere = { PATH: folderWith({}) };
    const fix = async (files: Readonly<Record<string, string>>): Promise<unknown> => (await detectPackageManager(folderWith({ "package.json": '{ "dependencies": {} }', ...files }), nowhere)).remove(["a"], options()).catch((e: unknown) => e);
    expect(await fix({ "pnpm-lock.yaml": "" })).toMatchObject({ code: "MLS8301", message: "pnpm is not installed", why: "the project uses it, and no folder of PATH has it", fix: "npm install --global pnpm" });
    expect(await fix({ "package.json": '{ "packageManager": "pnpm@12.21.0" }' })).toMatchObject({ message: "pnpm 12.21.0 is not installed", fix: "npm install --global pnpm@12.21.0" });
    expect(await fix({ "bun.lock": "{}" })).toMatchObject({ fix: "npm install --global bun" });
    expect(await fix({ "yarn.lock": "__metadata:\n", ".yarnrc.yml": "nodeLinker: node-modules" })).toMatchObject({ fix: expect.stringContaining("corepack enable") });
  });

  test("a yarn of the other kind would write the lock anew: it is refused before it runs", async () => {
    const it = await managed("yarn 4", { env: { FAKE_VERSION: "1.22.22" } });
    await expect(it.manager.install({ ...options(), frozen: true })).rejects.toMatchObject({ code: "MLS8301", message: "the project uses yarn 2 or newer, and the yarn that is installed is 1.22.22" });
    expect(it.calls()).toEqual([]);
    const named = await managed("yarn 1", { env: { FAKE_VERSION: "4.0.0" }, files: { "package.json": '{ "packageManager": "yarn@1.22.22" }' } });
    await expect(named.manager.remove(["a"], options())).rejects.toMatchObject({ message: "the project uses yarn 1.22.22, and the yarn that is installed is 4.0.0", fix: "corepack enable" });
  });

  test("where no file tells which yarn it is, the one that is installed does", async () => {
    const project = (): string => folderWith({ "package.json": "{}" });
    const agent = { npm_config_user_agent: "yarn/1" };
    expect((await detectPackageManager(project(), { ...fakeManager("yarn", { FAKE_VERSION: "1.22.22" }).env, ...agent })).name).toBe("yarn");
    await expect(detectPackageManager(project(), { ...fakeManager("yarn", { FAKE_VERSION: "4.1.0" }).env, ...agent })).rejects.toMatchObject({ code: "MLS8301", message: expect.stringContaining('"pnp"') });
  });
});

test.each(["npm", "bun"])("%s in a workspace looks at the root's package.json only: the lock is compared before", async (kind) => {
  const { program, mark } = KINDS[kind]!;
  const asked = { dependencies: { left: "^1.0.0" }, devDependencies: { right: "2.0.0" } };
  const lock = kind === "npm" ? { "package-lock.json": JSON.stringify({ lockfileVersion: 3, packages: { app: asked } }) } : { "bun.lock": JSON.stringify({ lockfileVersion: 2, workspaces: { app: asked }, packages: {} }) };
  const root = folderWith({ "package.json": '{ "workspaces": ["app"] }', "app/package.json": JSON.stringify(asked), ...lock, [mark]: "" });
  const fake = fakeManager(program);
  const manager = await detectPackageManager(join(root, "app"), fake.env);
  await manager.install({ ...options(), frozen: true });
  const refusals: string[] = [];
  for (const dependencies of [{ left: "^1.1.0" }, { left: "^1.0.0", beta: "1.0.0" }, {}]) {
    writeFileSync(join(root, "app", "package.json"), JSON.stringify({ ...asked, dependencies }));
    refusals.push(((await manager.install({ ...options(), frozen: true }).catch((e: unknown) => e)) as Error).message);
  }
  expect(refusals).toEqual(["left", "beta", "left"].map((name) => `${program}'s lock does not fit package.json: ${name}`));
  expect(fake.calls()).toHaveLength(kind === "npm" ? 2 : 1);
});

test("npm's lock that lacks a package of the workspace does not fit, though that one depends on nothing", async () => {
  const root = folderWith({ "package.json": '{ "workspaces": ["app", "lib"] }', "app/package.json": "{}", "package-lock.json": JSON.stringify({ lockfileVersion: 3, packages: { "": {}, app: {} } }), [KINDS["npm"]!.mark]: "" });
  const fake = fakeManager("npm");
  const manager = await detectPackageManager(join(root, "app"), fake.env);
  await manager.install({ ...options(), frozen: true });
  put(root, { "lib/package.json": '{ "name": "lib" }' });
  await expect(manager.install({ ...options(), frozen: true })).rejects.toMatchObject({ code: "MLS8302", details: { differing: ["lib"] } });
});

test.each(["npm", "bun"])("%s: nor does it look at the other packages of the workspace, which would lose what they have since", async (kind) => {
  const { program, mark } = KINDS[kind]!;
  const [asked, none] = [{ dependencies: { left: "1.0.0" } }, {}];
  const lock = kind === "npm" ? { "package-lock.json": JSON.stringify({ lockfileVersion: 3, packages: { "": none, app: none, lib: asked } }) } : { "bun.lock": JSON.stringify({ lockfileVersion: 2, workspaces: { "": none, app: none, lib: asked }, packages: {} }) };
  const root = folderWith({ "package.json": '{ "workspaces": ["app", "lib"] }', "app/package.json": '{ "name": "app" }', "lib/package.json": JSON.stringify({ name: "lib", ...asked }), ...lock, [mark]: "" });
  const fake = fakeManager(program);
  const manager = await detectPackageManager(join(root, "app"), fake.env);
  await manager.install({ ...options(), frozen: true });
  put(root, { "lib/package.json": '{ "name": "lib", "dependencies": { "left": "1.1.0" } }' });
  await expect(manager.install({ ...options(), frozen: true })).rejects.toMatchObject({ code: "MLS8302", message: `${program}'s lock does not fit lib/package.json: left` });
  expect(fake.calls()).toHaveLength(kind === "npm" ? 2 : 1);
});

test("yarn 1 in a workspace takes a lock for complete that is not: it is looked at before", async () => {
  const root = folderWith({
    "package.json": '{ "private": true, "workspaces": ["app", "lib"] }', "yarn.lock": '# yarn lockfile v1\n\n\nleft@^1.0.0:\n  version "1.4.0"\n', "node_modules/.yarn-integrity": "",
    "app/package.json": '{ "dependencies": { "left": "^1.0.0", "right": "^2.0.0", "lib": "*" }, "devDependencies": { "beta": "1.0.0" } }', "lib/package.json": '{ "name": "lib", "version": "1.0.0" }',
  });
  const fake = fakeManager("yarn", { FAKE_VERSION: "1.22.22" });
  const manager = await detectPackageManager(join(root, "app"), fake.env);
  await expect(manager.install({ ...options(), frozen: true })).rejects.toMatchObject({ code: "MLS8302", message: "yarn's lock does not fit package.json: beta, right", fix: "yarn install, and commit the lock" });
  expect(fake.calls()).toEqual([]);
  writeFileSync(join(root, "app", "package.json"), '{ "dependencies": { "left": "^1.0.0", "lib": "*" } }');
  await manager.install({ ...options(), frozen: true });
  expect(fake.calls()).toHaveLength(1);
});

test.each(NAMES)("%s: frozen needs a lock", async (kind) => {
  const it = await managed(kind, { files: { "package.json": `{ "packageManager": "${KINDS[kind]!.program}@${KINDS[kind]!.version}" }` } });
  rmSync(it.manager.lockFile);
  await expect(it.manager.install({ ...options(), frozen: true })).rejects.toMatchObject({ code: "MLS8302", message: `there is no lock of ${KINDS[kind]!.program}'s: ${it.manager.lockFile}` });
  expect(it.calls()).toEqual([]);
});

describe("while it runs", () => {
  test("lines come as they are printed, from both streams, without colours", async () => {
    const gate = join(folderWith({}), "gate");
    // the second line is printed once the first one was handed over
    const code = `const wait = () => { if (!fs.existsSync(${JSON.stringify(gate)})) return setTimeout(wait, 5); process.stderr.write("\\u001b[31msecond\\u001b[39m\\r\\nlast"); }; wait();`;
    const it = await managed("npm", { env: { FAKE_OUT: "first\n", FAKE_CODE: code } });
    const got: string[] = [];
    await it.manager.remove(["left"], options({ output: (line) => { got.push(line); if (line === "first") writeFileSync(gate, ""); } }));
    expect(got).toEqual(["first", "second", "last"]);
  });

  test("an abort ends the manager with all that it has started, and only then the call", async () => {
    const pids = join(folderWith({}), "pids");
    const deaf = "process.on('SIGTERM', () => {}); process.stdout.write('up'); setInterval(() => {}, 1000);";
    const code = `const child = require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(deaf)}], { stdio: ["ignore", "pipe", "ignore"] });
      child.stdout.on("data", () => { fs.writeFileSync(${JSON.stringify(pids)}, process.pid + " " + child.pid); console.log("ready"); });`;
    const it = await managed("npm", { env: { FAKE_CODE: code } });
    const abort = new AbortController();
    const reason = new Error("Ctrl-C");
    let leader: number | undefined;
    const running = it.manager.install({ ...options({ signal: abort.signal, started: (pid) => { leader = pid; }, output: (line) => { if (line === "ready") abort.abort(reason); } }), frozen: false });
    await expect(running).rejects.toMatchObject({ code: "MLS4003", cause: reason });
    const both = readFileSync(pids, "utf8").split(" ").map(Number);
    expect([both[0], both.map(isAlive)]).toEqual([leader, [false, false]]);
  });

  test("who can't take its lines ends it, and gets the own error", async () => {
    const it = await managed("npm", { env: { FAKE_OUT: "first\n", FAKE_CODE: "setInterval(() => {}, 1000)" } });
    const error = new Error("the pipe is closed");
    let leader: number | undefined;
    await expect(it.manager.install({ ...options({ started: (pid) => { leader = pid; }, output: () => { throw error; } }), frozen: false })).rejects.toBe(error);
    expect(isAlive(leader!)).toBe(false);
  });

  test("the reason of the abort is thrown where it is an error of ours, and nothing starts after it", async () => {
    const { MlstackError } = await import("@mlstack/core/errors");
    const it = await managed("npm");
    const reason = new MlstackError("MLS4003", "stopped before it was installed");
    await expect(it.manager.install({ ...options({ signal: AbortSignal.abort(reason) }), frozen: true })).rejects.toBe(reason);
    expect(it.calls()).toEqual([]);
  });

  test("a group whose processes end in order is not waited for any longer", async () => {
    const child = spawn(process.execPath, ["-e", "process.stdout.write('up'); setInterval(() => {}, 1000)"], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
    await once(child.stdout, "data");
    await endGroup(child.pid!, 60_000);
    expect(isAlive(child.pid!)).toBe(false);
    await endGroup(child.pid!, 60_000);
  });
});

test("an empty folder of node_modules counts as nothing installed", async () => {
  const it = await managed("npm", { installed: false });
  put(it.root, { "node_modules/.bin/x": "" });
  await it.manager.remove(["left"], options());
  expect(it.calls()).toHaveLength(2);
});

describe("all of it anew", () => {
  test.each(NAMES)("%s: what lies there is out of the way while it installs, and gone afterwards", async (kind) => {
    const it = await managed(kind, kind === "yarn 1" ? { files: { "package.json": "{}" } } : {}); // its lock is empty
    const [left, seen] = [join(it.root, "node_modules", "left-behind"), join(it.root, "seen")];
    put(it.root, { "node_modules/left-behind/package.json": "{}", ".mlstack-aside/of-one-that-was-killed": "" });
    const manager = await detectPackageManager(it.root, { ...it.env, FAKE_CODE: `fs.appendFileSync(${JSON.stringify(seen)}, String(fs.existsSync(${JSON.stringify(left)})))` });
    await manager.install({ ...options(), frozen: true, anew: "all" });
    expect([readFileSync(seen, "utf8"), it.calls().length, existsSync(left), existsSync(join(it.root, ".mlstack-aside"))]).toEqual(["false", 1, false, false]);
    if (kind === "npm") expect(lines(it)).toEqual([expect.stringMatching(/^ci (?!.*--dry-run)/)]);
  });

  test("where it fails all is put back", async () => {
    const it = await managed("pnpm", { env: { FAKE_EXIT: "1", FAKE_ERR: "ERR_PNPM_META_FETCH_FAIL\n", FAKE_CODE: 'fs.mkdirSync("node_modules"); fs.writeFileSync("node_modules/half", "")' } });
    await expect(it.manager.install({ ...options(), frozen: true, anew: "all" })).rejects.toMatchObject({ code: "MLS8101" });
    expect(["node_modules/.modules.yaml", "node_modules/half", ".mlstack-aside"].map((path) => existsSync(join(it.root, path)))).toEqual([true, false, false]);
  });

  test("where this process exits meanwhile, as at the second Ctrl-C, all is put back: the program may lie in it", () => {
    const root = folderWith({ "node_modules/mlstack/bin.js": "", ".mlstack-aside-left/of-one-before": "" });
    const code = `import { mkdirSync, writeFileSync } from "node:fs";
      import { allMadeAnew } from ${JSON.stringify(new URL("made-anew.ts", import.meta.url).href)};
      await allMadeAnew([${JSON.stringify(join(root, "node_modules"))}], async () => { mkdirSync("node_modules"); writeFileSync("node_modules/half", ""); process.exit(130); });`;
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", code], { cwd: root, encoding: "utf8" });
    expect([status, stderr.replace(/.*ExperimentalWarning.*\n.*\n/, "")]).toEqual([130, ""]);
    expect(["node_modules/mlstack/bin.js", "node_modules/half", ".mlstack-aside"].map((path) => existsSync(join(root, path)))).toEqual([true, false, false]);
  });

  test("in a workspace, of all of its packages: what moves up for one is installed below another", async () => {
    const root = folderWith({ "package.json": "{}", "pnpm-workspace.yaml": "packages: [packages/*, '!packages/none']\n", "pnpm-lock.yaml": "", ...Object.fromEntries(["packages/app", "packages/lib", "packages/none"].flatMap((folder) => [[`${folder}/package.json`, JSON.stringify({ name: basename(folder) })], [`${folder}/node_modules/x/package.json`, "{}"]])) });
    const manager = await detectPackageManager(join(root, "packages", "app"), fakeManager("pnpm").env);
    await manager.install({ ...options(), frozen: true, anew: "all" });
    expect(["app", "lib", "none"].filter((name) => existsSync(join(root, "packages", name, "node_modules")))).toEqual(["none"]);
  });
});
