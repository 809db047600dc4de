// Projects that are packages of a workspace: integrations lie at its root or below, in one version or in two.
import { once } from "node:events";
import { existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MANAGERS, type InstalledManager } from "./servers/package-managers.ts";
import { startVerdaccio, type Verdaccio } from "./servers/verdaccio.ts";
import { BELOW, publishAll, THEIRS } from "./testing/hub-packages.ts";
import { everything, hubProject, PIPELINE, POLICY, type HubProject } from "./testing/hub-project.ts";

let verdaccio: Verdaccio;
beforeAll(async () => {
  verdaccio = await startVerdaccio();
  await publishAll(verdaccio);
});
afterAll(() => verdaccio.stop());

const [ONE, TWO] = ["packages/one", "packages/two"] as const;
const member = (folder: string): Readonly<Record<string, string>> => Object.fromEntries(Object.entries({ ...PIPELINE, "mlstack.yaml": POLICY, "package.json": `{ "name": "${folder.slice("packages/".length)}", "version": "1.0.0", "private": true, "type": "module" }\n` }).map(([path, text]) => [`${folder}/${path}`, text]));
const FILES = { "package.json": '{ "name": "root", "private": true, "workspaces": ["packages/*"] }', ...member(ONE), ...member(TWO) };
/** Without what a project's state folder notes. */
const whole = (p: HubProject): object => everything(p.dir, (path) => /(?:^|\/)(?:\.mlstack|\.yarn|\.cache|\.bin|\.modules\.yaml|\.package-lock\.json|\.yarn-state\.yml|\.yarn-integrity|\.pnpm-workspace-state[^/]*|lock\.yaml)$/.test(path));
const versions = (p: HubProject, folder: string): readonly (string | undefined)[] => [p.installed(THEIRS, folder), p.installed(BELOW, join(folder, "node_modules", THEIRS)) ?? p.installed(BELOW, join("node_modules", THEIRS))];

const pnpmFiles = { "pnpm-workspace.yaml": "packages: ['packages/*']\nonlyBuiltDependencies: []\nallowBuilds: {}\n" };
const workspace = (manager: InstalledManager): Promise<HubProject> => hubProject({ manager, registry: verdaccio.url, files: { ...FILES, ...(manager.program === "pnpm" && pnpmFiles) } });
const managers = MANAGERS.filter(({ id }) => ["npm 11", "pnpm 12", "yarn 1", "yarn 4", "bun 1"].includes(id)).map((manager) => [manager.id, manager] as const);
test.each(managers)("%s: packages of a workspace have a lock each, and each finds its own version, hoisted or not", async (_, manager) => {
  const p = await workspace(manager);
  const integration = (folder: string, ...args: readonly string[]): Promise<unknown> => p.data(["integration", ...args], folder);
  const ran = async (folder: string): Promise<unknown> => {
    rmSync(join(p.dir, folder, "tracked.jsonl"), { force: true });
    expect(await p.data(["run", "pipeline.mjs#tiny", "--stack", "noted"], folder)).toMatchObject({ status: "completed" });
    return JSON.parse(p.text(`${folder}/tracked.jsonl`) ?? "null");
  };
  const ok = [{ package: THEIRS, ok: true }];

  await (await p.manager()).add([{ name: "acme-right", spec: "1.0.0" }], { ...p.options(), fresh: true });
  for (const folder of [ONE, TWO]) await integration(folder, "install", `${THEIRS}@1.0.0`, "-y");
  // where managers hoist, it is one folder for both
  const folders = [ONE, TWO].map((folder) => realpathSync(existsSync(join(p.dir, folder, "node_modules", THEIRS)) ? join(p.dir, folder, "node_modules", THEIRS) : join(p.dir, "node_modules", THEIRS)));
  expect(new Set(folders).size).toBe(1);
  // bun links in workspaces, too
  if (manager.program === "npm" || manager.program === "yarn") expect(folders[0]).toBe(join(p.dir, "node_modules", THEIRS));
  const lock = p.text(`${ONE}/mlstack.lock`);
  expect(p.text(`${TWO}/mlstack.lock`)).toBe(lock);
  for (const folder of [ONE, TWO]) expect(await integration(folder, "verify")).toMatchObject(ok);

  await integration(TWO, "upgrade", "-y", "--allow-permissions", THEIRS);
  expect([versions(p, ONE), versions(p, TWO)]).toEqual([["1.0.0", "1.0.0"], ["1.1.0", "2.0.0"]]);
  expect([p.text(`${ONE}/mlstack.lock`), p.text(`${TWO}/mlstack.lock`) === lock]).toEqual([lock, false]);
  for (const folder of [ONE, TWO]) expect(await integration(folder, "verify")).toMatchObject(ok);
  expect([await ran(ONE), await ran(TWO)]).toEqual([["1.0.0", "1.0.0"], ["1.1.0", "2.0.0"]]);

  // what one had before would take from the other one what it has got since
  const state = whole(p);
  // yarn 4 first looks for a version of what its lock lacks, and waits with those that are new
  expect(await p.refusal(["integration", "rollback", "-y"], ONE)).toEqual([4, manager.id === "yarn 4" ? "MLS8305" : "MLS8302"]);
  expect(whole(p)).toEqual(state);
  expect(await integration(TWO, "verify")).toMatchObject(ok);

  // another file of that name: what is linked into a store stays as it is there
  const changed = join(p.dir, ONE, existsSync(join(p.dir, ONE, "node_modules", THEIRS)) ? "." : "../..", "node_modules", THEIRS, "index.js");
  const text = readFileSync(changed, "utf8");
  rmSync(changed);
  writeFileSync(changed, `${text}// changed\n`);
  expect(await p.refusal(["run", "pipeline.mjs#tiny", "--stack", "noted"], ONE)).toEqual([5, "MLS8204"]);
  expect(await ran(TWO)).toEqual(["1.1.0", "2.0.0"]);

  expect(await integration(TWO, "rollback", "-y")).toMatchObject([{ done: true }]);
  expect([versions(p, TWO), p.text(`${TWO}/mlstack.lock`)]).toEqual([["1.0.0", "1.0.0"], lock]);
  await integration(TWO, "uninstall", THEIRS, "--allow-in-use", THEIRS, "-y");
  expect([p.json(`${TWO}/package.json`)["dependencies"] ?? {}, p.json(`${ONE}/package.json`)["dependencies"]]).toEqual([{}, { [THEIRS]: "1.0.0" }]);
  expect(p.installed(THEIRS, ONE)).toBe("1.0.0");
});

test.each(managers)("%s: two packages that are changed at once take turns, and neither loses what it got", async (_, manager) => {
  const p = await workspace(manager);
  const install = (folder: string): Promise<readonly [number | null, string | undefined]> => p.refusal(["integration", "install", `${THEIRS}@1.0.0`, "-y"], folder);
  const ends = await Promise.all([ONE, TWO].map(install));
  // who has waited for too long is told so, and has changed nothing; one of both has had its turn
  for (const [code, error] of ends) expect([[0, undefined], [1, "MLS8502"]]).toContainEqual([code, error]);
  expect(ends.some(([code]) => code === 0)).toBe(true);
  for (const [i, folder] of [ONE, TWO].entries()) if (ends[i]![0] !== 0) expect(await install(folder)).toEqual([0, undefined]);
  for (const folder of [ONE, TWO]) {
    expect(p.json(`${folder}/package.json`)["dependencies"]).toEqual({ [THEIRS]: "1.0.0" });
    expect(await p.data(["integration", "verify"], folder)).toMatchObject([{ package: THEIRS, ok: true }]);
    expect(existsSync(join(p.dir, folder, ".mlstack/hub"))).toBe(false);
  }
  expect(await p.data(["integration", "rollback", "--list"], TWO)).toMatchObject([2, 1].map((id) => ({ id, folder: expect.stringMatching(/^packages\/(?:one|two)$/) as string })));
  await p.data(["integration", "install", "--frozen"], ONE);
}, 300_000);

test.each(managers)("%s: what a killed process has left half done in one package is taken back by the next command in another", async (_, manager) => {
  const p = await workspace(manager);
  await p.data(["integration", "install", `${THEIRS}@1.0.0`, "-y"], TWO);
  // of the whole workspace, as what is taken back is
  await p.data(["integration", "install"], TWO);
  const before = whole(p);
  const child = p.start(["integration", "install", `${THEIRS}@1.0.0`, "-y"], ONE);
  const ended = once(child, "exit");
  const atWork = join(p.dir, ".mlstack/hub/manager.json");
  while (!existsSync(atWork) && child.exitCode === null) await new Promise((done) => { setImmediate(done); });
  child.kill("SIGKILL");
  expect(await ended).toEqual([null, "SIGKILL"]);

  const { code, warnings } = await p.answer(["integration", "install"], TWO);
  expect([code, warnings]).toEqual([0, [`a change was interrupted, and was taken back: install ${THEIRS}@1.0.0 (in ${ONE})`]]);
  expect([whole(p), existsSync(atWork), existsSync(join(p.dir, ".mlstack/hub/pending.json"))]).toEqual([before, false, false]);
  expect(await p.data(["integration", "verify"], TWO)).toMatchObject([{ package: THEIRS, ok: true }]);
  await p.data(["integration", "install", `${THEIRS}@1.0.0`, "-y"], ONE);
}, 300_000);
