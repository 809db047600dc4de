import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sample } from "../catalog/testing/sample.ts";
import { readLock } from "../lock/lock.ts";
import type { PackageManager } from "../package-manager/types.ts";
import type { PlanContext } from "../plan/context.ts";
import { planInstall, planUninstall, planUpgrade } from "../plan/plan-install.ts";
import { hubProject, type HubProject } from "../testing/hub-project.ts";
import { notOnWindows } from "../testing/skips.ts";
import { packed } from "../testing/tar.ts";
import { applyPlan, type ApplyOptions } from "./apply-plan.ts";
import { pendingChange } from "./change.ts";
import { generations, KEPT } from "./generation.ts";
import { isSameLock, lockOfInstalled, lockProject, verifyPinned } from "./lock-project.ts";
import { endLeftManager, noteManager, processIdentity } from "./manager-run.ts";
import { installedPlugins, installProject, recoverProject, runOptions, touchedFiles } from "./project-change.ts";
import { planRollback, rollBack } from "./roll-back.ts";

const X = "@acme/x";
let p: HubProject;
beforeEach(async () => { p = await hubProject(); });
afterEach(async () => { await p.stop(); });

const options = (more: Partial<ApplyOptions> = {}): ApplyOptions => ({
  projectDir: p.dir, stateDir: p.stateDir, manager: p.manager, registry: p.registry, offline: false, registryUrl: p.server.url, signal: new AbortController().signal, output: () => undefined, now: () => 1, recovered: () => undefined,
  fresh: false, confirmScripts: async () => undefined, ...more,
});
/** A registry knows what it was told once: each context has its own. */
const context = async (): Promise<PlanContext> => ({ catalog: sample, registry: await p.reopen(), lock: await readLock(p.dir), installed: await installedPlugins(p.dir), coreVersion: "0.1.0", nodeVersion: "24.11.0", policy: {}, now: new Date("2026-06-01"), cwd: p.dir });
const install = async (specs: readonly string[], more: Partial<ApplyOptions> = {}) => applyPlan(await planInstall({ specs }, await context()), options(more));
const state = () => ["package.json", "package-lock.json", "mlstack.lock"].map((name) => p.text(name));
const problems = async () => (await verifyPinned((await readLock(p.dir))!, p.dir, p.manager)).map(({ name, problem }) => [name, problem?.code]);

describe("an installation", () => {
  test("fetches, checks, adds, compares, and pins last", async () => {
    p.publish({ name: X, permissions: { hosts: ["acme.example"] } });
    const { before, after } = await install([X]);
    expect(p.manager.calls).toEqual([`add ${X}@1.0.0`]);
    expect(before).toEqual({ plugins: {} });
    expect(after).toEqual(await readLock(p.dir));
    expect(after.plugins[X]).toMatchObject({ version: "1.0.0", source: "registry", capabilities: { hosts: ["acme.example"] }, trust: { provenance: false }, tree: expect.stringMatching(/^sha256:/) as string });
    expect(await problems()).toEqual([[X, undefined]]);
  });

  test("of bytes that are not those announced touches nothing", async () => {
    p.publish({ name: X });
    p.server.replaceTarball(X, "1.0.0", packed({ "package.json": "{}" }));
    const before = state();
    await expect(install([X])).rejects.toMatchObject({ code: "MLS8201" });
    expect([state(), p.manager.calls]).toEqual([before, []]);
  });

  test("whose package manager unpacks something else is taken back", async () => {
    p.publish({ name: X });
    p.manager.unpack = ({ files }) => ({ ...files, "index.js": "evil" });
    const before = state();
    await expect(install([X])).rejects.toMatchObject({ code: "MLS8204", message: expect.stringContaining("index.js") as string });
    expect(state()).toEqual(before);
    expect(existsSync(join(p.dir, "node_modules", X))).toBe(false);
  });

  test("pins what was there before where there was no lock, and refuses to where there was one", async () => {
    p.publish({ name: X });
    p.publish({ name: "@acme/y" });
    await p.manager.add([{ name: X, spec: "1.0.0" }], runOptions(options()));
    expect(Object.keys((await install(["@acme/y"])).after.plugins).toSorted()).toEqual([X, "@acme/y"]);
    p.publish({ name: "@acme/z" });
    await p.manager.add([{ name: "@acme/z", spec: "1.0.0" }], runOptions(options()));
    p.publish({ name: "@acme/v" });
    expect(Object.keys((await install(["@acme/v"])).after.plugins)).not.toContain("@acme/z");
  });

  test("does not pin by the way what was changed on disk", async () => {
    p.publish({ name: X });
    await install([X]);
    p.publish({ name: "@acme/y" });
    p.manager.unpack = (made) => (made.version.name === X ? { ...made.files, "index.js": "evil" } : made.files);
    const before = state();
    await expect(install(["@acme/y"])).rejects.toMatchObject({ code: "MLS8204" });
    expect(state()).toEqual(before);
  });

  test("that was planned before another one was done, as where its user was asked meanwhile, is refused: what that has pinned would be lost", async () => {
    p.publish({ name: X });
    p.publish({ name: "@acme/y" });
    const [plan, made] = [await planInstall({ specs: ["@acme/y"] }, await context()), await lockOfInstalled(options(), undefined, p.registry)];
    await install([X]);
    const [before, calls] = [state(), [...p.manager.calls]];
    await expect(applyPlan(plan, options())).rejects.toMatchObject({ code: "MLS8502", message: expect.stringContaining("meanwhile") as string });
    await expect(lockProject(options(), undefined, made)).rejects.toMatchObject({ code: "MLS8502" });
    // nor is anything taken back
    expect([state(), p.manager.calls, generations(touchedFiles(options())).list().map(({ id }) => id)]).toEqual([before, calls, [1]]);
    expect(Object.keys((await install(["@acme/y"])).after.plugins).toSorted()).toEqual([X, "@acme/y"]);
  });

  test("names packages with an install script before it is done; a no takes it back", async () => {
    p.publish({ name: X });
    p.manager.scripts = { [X]: ["native@2.0.0"] };
    const before = state();
    const asked: string[] = [];
    await expect(install([X], { confirmScripts: async (packages) => { asked.push(...packages.map(({ id }) => id)); throw new Error("no"); } })).rejects.toThrow("no");
    expect([asked, state()]).toEqual([["native@2.0.0"], before]);
    expect((await install([X])).scripts.map(({ id }) => id)).toEqual(["native@2.0.0"]);
  });
});

test("upgrade, rollback and uninstallation: each the exact state", async () => {
  p.publish({ name: X });
  await install([X]);
  const first = state();
  p.publish({ name: X, version: "1.1.0" });
  await applyPlan(await planUpgrade({ names: [] }, await context()), options());
  expect((await readLock(p.dir))!.plugins[X]!.version).toBe("1.1.0");
  const second = state();
  await rollBack(options(), planRollback(options()));
  expect([state(), await problems()]).toEqual([first, [[X, undefined]]]);
  // that was a change, too
  await rollBack(options(), planRollback(options()));
  expect([state(), await problems()]).toEqual([second, [[X, undefined]]]);
  await applyPlan(await planUninstall([X], await context()), options());
  expect([await readLock(p.dir), existsSync(join(p.dir, "node_modules", X))]).toEqual([{ plugins: {} }, false]);
  expect(() => planRollback(options(), 99)).toThrow(expect.objectContaining({ code: "MLS8503", exitCode: 4, why: expect.stringContaining("kept are") as string }) as Error);
});

describe("a rollback", () => {
  test("of what was changed since it was chosen, as while its user was asked, is refused; nothing is taken back by that", async () => {
    p.publish({ name: X });
    p.publish({ name: "@acme/y" });
    await install([X]);
    const chosen = planRollback(options());
    await install(["@acme/y"]);
    const [before, calls] = [state(), [...p.manager.calls]];
    await expect(rollBack(options(), chosen)).rejects.toMatchObject({ code: "MLS8502", message: expect.stringContaining("meanwhile") as string });
    expect([state(), p.manager.calls, generations(touchedFiles(options())).list().map(({ id }) => id)]).toEqual([before, calls, [2, 1]]);
    const again = planRollback(options());
    writeFileSync(join(p.dir, "mlstack.lock"), "edited meanwhile");
    await expect(rollBack(options(), again)).rejects.toMatchObject({ code: "MLS8502" });
    expect(p.text("mlstack.lock")).toBe("edited meanwhile");
  });

  test.each(["<<<<<<< ours", ""])("takes back a lock that can't be read (%j)", async (damaged) => {
    p.publish({ name: X });
    p.publish({ name: "@acme/y" });
    await install([X]);
    const before = state();
    await install(["@acme/y"]);
    writeFileSync(join(p.dir, "mlstack.lock"), damaged);
    await rollBack(options(), planRollback(options()));
    expect([state(), await problems()]).toEqual([before, [[X, undefined]]]);
  });

  test("goes back to the oldest state that is kept", async () => {
    p.publish({ name: X });
    await install([X]);
    const lock = (await readLock(p.dir))!;
    for (let i = 1; i < KEPT; i++) await lockProject(options(), await readLock(p.dir), { plugins: { [X]: { ...lock.plugins[X]!, contracts: [`c${i}`] } } });
    expect(generations(touchedFiles(options())).list()).toHaveLength(KEPT);
    await rollBack(options(), planRollback(options(), 1));
    expect([p.text("mlstack.lock"), generations(touchedFiles(options())).list()[0]!.change]).toEqual([undefined, `roll back: install ${X}@1.0.0`]);
  });

  test("is of this package's own changes, and to a state of the same package manager", async () => {
    p.publish({ name: X });
    await install([X]);
    const touched = touchedFiles(options());
    generations(touched).keep({ ...touched, project: "packages/a", files: ["packages/a/package.json"] }, 2, "install y", 1);
    expect(planRollback(options()).to.id).toBe(1);
    expect(() => planRollback(options(), 2)).toThrow(expect.objectContaining({ code: "MLS8503", message: expect.stringContaining("packages/a") as string, fix: expect.stringContaining("--to 2 --cwd") as string }) as Error);
    const before = state();
    const pnpm: PackageManager = { ...p.manager, name: "pnpm", files: [join(p.dir, "package.json"), join(p.dir, "pnpm-lock.yaml")] };
    await expect(rollBack(options({ manager: pnpm }), planRollback(options()))).rejects.toMatchObject({ code: "MLS8501", why: expect.stringContaining("package-lock.json") as string });
    expect(state()).toEqual(before);
  });
});

describe("a change that did not reach a registry", () => {
  type Install = Parameters<PackageManager["install"]>[0];
  const unreached = new MlstackError("MLS8101", "the registry is not reached", {});
  /** Fails to upgrade, with what the package manager is asked afterwards. */
  async function failing(installs: (o: Install) => Promise<void>, left: unknown[] = []) {
    p.publish({ name: X });
    await install([X]);
    const before = state();
    p.publish({ name: X, version: "1.1.0" });
    const asked: (readonly [offline: boolean, frozen: boolean, anew: Install["anew"]])[] = [];
    const told: unknown[] = [];
    p.manager.during = async () => {
      writeFileSync(join(p.dir, "node_modules", X, "index.js"), "half");
      throw unreached;
    };
    const manager = { ...p.manager, install: async (o: Install) => { asked.push([o.offline, o.frozen, o.anew]); await installs(o); } };
    const going = applyPlan(await planUpgrade({ names: [] }, await context()), options({ manager, takesBack: (...what) => { told.push(what); }, left: (problem) => { left.push(problem); } }));
    await expect(going).rejects.toBe(unreached);
    expect([state(), told]).toEqual([before, [[`change ${X} from 1.0.0 to 1.1.0`, false]]]);
    return asked;
  }

  test("is taken back over what is there: nothing is fetched, which would be waited for as long once more", async () => {
    expect(await failing((o) => p.manager.install(o))).toEqual([[true, true, undefined]]);
    expect([await problems(), pendingChange(p.stateDir)]).toEqual([[[X, undefined]], undefined]);
  });

  test("and has left an integration half done is installed anew, without a network either", async () => {
    expect(await failing(async (o) => { if (o.anew === "all") await p.manager.install(o); })).toEqual([[true, true, undefined], [true, true, "all"]]);
    expect([await problems(), pendingChange(p.stateDir)]).toEqual([[[X, undefined]], undefined]);
  });

  test("and can't be taken back with what is here waits for the next command, which may have a network again", async () => {
    const left: unknown[] = [];
    const absent = new MlstackError("MLS8105", "not in the cache", {});
    expect(await failing(async () => { throw absent; }, left)).toEqual([[true, true, undefined], [true, true, "all"]]);
    expect([left, pendingChange(p.stateDir)]).toEqual([[absent], expect.objectContaining({ putBack: true })]);
    const asked: unknown[] = [];
    await recoverProject(options({ manager: { ...p.manager, install: async (o: Install) => { asked.push([o.offline, o.anew]); await p.manager.install(o); } } }));
    expect([asked, await problems()]).toEqual([[[false, "all"]], [[X, undefined]]]);
  });
});

test("where nothing was changed there is nothing to go back to, and that is no damage", () => {
  expect(() => planRollback(options())).toThrow(expect.objectContaining({ code: "MLS8503", exitCode: 4 }) as Error);
});

test("a rollback to where there was no lock of the package manager leaves none, nor a folder that it has made", async () => {
  p.publish({ name: X });
  await install([X]);
  expect(state().every((text) => text !== undefined)).toBe(true);
  await rollBack(options(), planRollback(options()));
  expect([state(), existsSync(join(p.dir, "node_modules"))]).toEqual([[p.text("package.json"), undefined, undefined], false]);
  expect(p.text("package.json")).not.toContain(X);
  // what is there of others stays
  await rollBack(options(), planRollback(options()));
  p.folder.put({ "project/node_modules/other/package.json": "{}" });
  await rollBack(options(), planRollback(options()));
  expect(existsSync(join(p.dir, "node_modules/other/package.json"))).toBe(true);
});

test("one that fails where nothing was installed leaves nothing", async () => {
  p.publish({ name: X });
  p.manager.scripts = { [X]: ["native@2.0.0"] };
  await expect(install([X], { confirmScripts: async () => { throw new Error("no"); } })).rejects.toThrow("no");
  expect([p.text("package-lock.json"), existsSync(join(p.dir, "node_modules"))]).toEqual([undefined, false]);
});

describe("a package manager that refuses its own lock", () => {
  /** As npm refuses one that it has made while an optional package was not published; what it writes in its place is another text for the same. */
  const refusing = (more: (lock: { dependencies: Record<string, string> }) => object = () => ({})) => ({
    ...p.manager,
    install: async (o: Parameters<PackageManager["install"]>[0]) => {
      if (o.frozen) throw new MlstackError("MLS8302", "the lock does not fit package.json", {});
      await p.manager.install(o);
      const lock = JSON.parse(p.text("package-lock.json")!) as { dependencies: Record<string, string> };
      p.folder.put({ "project/package-lock.json": JSON.stringify({ ...lock, ...more(lock), added: true }) });
    },
  });

  test("installs what it says all the same, and it stays as it was, to the byte", async () => {
    p.publish({ name: X });
    await install([X]);
    const first = state();
    p.publish({ name: X, version: "1.1.0" });
    const manager = refusing();
    await applyPlan(await planUpgrade({ names: [] }, await context()), options({ manager }));
    await rollBack(options({ manager }), planRollback(options({ manager })));
    expect([state(), await problems(), JSON.parse(p.text(`node_modules/${X}/package.json`)!)]).toEqual([first, [[X, undefined]], expect.objectContaining({ version: "1.0.0" })]);
  });

  test("is not believed where something else comes of it: the state stays", async () => {
    p.publish({ name: X });
    await install([X]);
    p.publish({ name: X, version: "1.1.0" });
    await applyPlan(await planUpgrade({ names: [] }, await context()), options());
    const before = state();
    const manager = { ...refusing(), subtree: async (name: string) => ({ ...await p.manager.subtree(name), digest: "0".repeat(64) }) };
    const rolled = rollBack(options({ manager }), planRollback(options({ manager })));
    await expect(rolled).rejects.toMatchObject({ code: "MLS8207" });
    expect(state()).toEqual(before);
  });
});

test("a rollback to a state that its package manager can't bring back stays where it was", async () => {
  const made = p.publish({ name: X });
  await install([X]);
  p.publish({ name: X, version: "1.1.0" });
  await applyPlan(await planUpgrade({ names: [] }, await context()), options());
  const before = state();
  p.manager.unpack = (one) => (one === made ? { ...one.files, "index.js": "evil" } : one.files);
  await expect(rollBack(options(), planRollback(options()))).rejects.toMatchObject({ code: "MLS8204" });
  expect(state()).toEqual(before);
});

test("an installation of what is declared changes nothing, and is nothing to go back to", async () => {
  p.publish({ name: X });
  await install([X]);
  const before = state();
  await installProject(options(), true);
  expect([state(), planRollback(options()).to.change]).toEqual([before, `install ${X}@1.0.0`]);
});

describe("the lock of what is installed", () => {
  test("is the lock as it is; what was pinned elsewise is found, and the agreed exceptions stay", async () => {
    p.publish({ name: X });
    await install([X]);
    const lock = (await readLock(p.dir))!;
    const again = async () => lockOfInstalled({ projectDir: p.dir, manager: p.manager }, await readLock(p.dir), p.registry);
    expect(isSameLock(lock, await again())).toBe(true);
    await lockProject(options(), lock, { plugins: { [X]: { ...lock.plugins[X]!, trust: { provenance: false, cooldown: "excepted" }, capabilities: { ...lock.plugins[X]!.capabilities, hosts: [] } } } });
    expect((await again()).plugins[X]).toEqual({ ...lock.plugins[X], trust: { provenance: false, cooldown: "excepted" } });
    writeFileSync(join(p.dir, "node_modules", X, "index.js"), "evil");
    await expect(again()).rejects.toMatchObject({ code: "MLS8204" });
  });

  test("differs where what an integration depends on has moved", async () => {
    p.publish({ name: X });
    await install([X]);
    p.manager.scripts = { [X]: ["other@1.0.0"] };
    expect(await problems()).toEqual([[X, "MLS8207"]]);
  });
});

describe("a package manager that a killed process has left", () => {
  const NO_IDENTITY = "it does not say by which a process is told from others that have had its id, so nothing is ended there";
  const sleeper = () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000); console.log('up')"], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
    return new Promise<{ readonly pid: number; readonly ended: Promise<unknown> }>((done) => { child.stdout.once("data", () => { done({ pid: child.pid!, ended: new Promise((end) => { child.once("exit", end); }) }); }); });
  };

  test("is ended before the old state is brought back", async (context) => {
    notOnWindows(context, NO_IDENTITY);
    const { pid, ended } = await sleeper();
    noteManager(p.stateDir, pid);
    mkdirSync(join(p.stateDir, "hub"), { recursive: true });
    expect(await endLeftManager(p.stateDir)).toBe(true);
    await ended;
    expect(await endLeftManager(p.stateDir)).toBe(false);
  });

  test("is ended before files are put back, which it would write over", async (context) => {
    notOnWindows(context, NO_IDENTITY);
    const { pid, ended } = await sleeper();
    const touched = touchedFiles(options());
    generations(touched).keep(touched, 1, "install", 1);
    writeFileSync(join(p.stateDir, "hub", "pending.json"), JSON.stringify({ generation: 1, kept: true, change: "install", project: "." }));
    noteManager(p.stateDir, pid);
    const isThere = () => { try { process.kill(pid, 0); return true; } catch { return false; } };
    let there: boolean | undefined;
    const recovering = { ...p.manager, install: async (o: Parameters<PackageManager["install"]>[0]) => { there = isThere(); await p.manager.install(o); } };
    await recoverProject(options({ manager: recovering }));
    await ended;
    expect([there, p.manager.calls]).toEqual([false, ["install"]]);
  });

  test("is not taken for another process that has its id now", async (context) => {
    notOnWindows(context, NO_IDENTITY);
    const { pid, ended } = await sleeper();
    noteManager(p.stateDir, pid);
    const file = join(p.stateDir, "hub", "manager.json");
    writeFileSync(file, readFileSync(file, "utf8").replace(processIdentity(pid)!, "another"));
    expect(await endLeftManager(p.stateDir)).toBe(false);
    process.kill(pid, 0);
    process.kill(-pid, "SIGKILL");
    await ended;
  });

  test("whose change fails half way: what it has written is taken back", async () => {
    p.publish({ name: X });
    const before = state();
    let stopped = (): void => undefined;
    const inside = new Promise<void>((done) => { p.manager.during = async () => { done(); return new Promise((_, fail) => { stopped = () => { fail(new Error("killed")); }; }); }; });
    const going = install([X]).catch((e: unknown) => e);
    await inside;
    expect(p.text("package.json")).toContain(X);
    stopped();
    expect(await going).toMatchObject({ message: "killed" });
    expect(state()).toEqual(before);
    await recoverProject(options());
    expect(state()).toEqual(before);
  });
});
