// The verbs under each package manager, as a user types them: the built CLI, real managers, a real registry.
import { appendFileSync, cpSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MANAGERS } from "./servers/package-managers.ts";
import { startVerdaccio, type Verdaccio } from "./servers/verdaccio.ts";
import { BELOW, OURS, publishAll, THEIRS } from "./testing/hub-packages.ts";
import { everything, hubProject, installedFiles, PIPELINE, type HubProject } from "./testing/hub-project.ts";

const APP = { "package.json": '{ "name": "app", "version": "0.0.0", "private": true, "type": "module" }', ...PIPELINE };
const FIRST = [`${OURS}@0.1.0`, `${THEIRS}@1.0.0`];

let verdaccio: Verdaccio;
beforeAll(async () => {
  verdaccio = await startVerdaccio();
  await publishAll(verdaccio);
});
afterAll(() => verdaccio.stop());

/** Stage → mlstack.lock under each manager. */
const locks: Record<string, string[]> = {};
const noteLock = (stage: string, p: HubProject): void => { (locks[stage] ??= []).push(p.text("mlstack.lock") ?? ""); };
const integration = (p: HubProject, ...args: readonly string[]): Promise<unknown> => p.data(["integration", ...args]);
const versions = (p: HubProject): readonly (string | undefined)[] => [p.installed(OURS), p.installed(THEIRS), p.installed(BELOW, join("node_modules", THEIRS))];
/** What a project's state is, by its files: package.json, both locks and pnpm's settings. */
async function files(p: HubProject): Promise<Readonly<Record<string, string | undefined>>> {
  return Object.fromEntries((await p.manager()).files.concat(join(p.dir, "mlstack.lock")).map((path) => [relative(p.dir, path), p.text(relative(p.dir, path))]));
}

describe.each(MANAGERS.map((manager) => [manager.id, manager] as const))("%s", (_, manager) => {
  const verified = [{ package: THEIRS, ok: true }, { package: OURS, ok: true }];
  const project = (): Promise<HubProject> => hubProject({ manager, registry: verdaccio.url, files: APP });
  /** Runs the pipeline on the stack, and says what the tracker of theirs has noted. */
  async function ran(p: HubProject): Promise<unknown> {
    rmSync(join(p.dir, "tracked.jsonl"), { force: true });
    expect(await p.data(["run", "pipeline.mjs#tiny", "--stack", "mixed"])).toMatchObject({ status: "completed" });
    return JSON.parse(p.text("tracked.jsonl") ?? "null");
  }

  test("install, use, permissions, outdated, upgrade, verify, rollback, uninstall", async () => {
    const p = await project();
    const empty = everything(p.dir);
    expect(await integration(p, "install", ...FIRST, "--dry-run")).toMatchObject({ done: false, changes: [{ package: THEIRS, to: "1.0.0" }, { package: OURS, to: "0.1.0" }] });
    expect(everything(p.dir)).toEqual(empty);

    expect(await integration(p, "install", ...FIRST, "-y")).toMatchObject({ done: true });
    expect(versions(p)).toEqual(["0.1.0", "1.0.0", "1.0.0"]);
    expect(p.json("package.json")).toMatchObject({ dependencies: { [OURS]: "0.1.0", [THEIRS]: "1.0.0" } });
    noteLock("installed", p);
    const [installed, packages] = [await files(p), installedFiles(join(p.dir, "node_modules"))];

    await p.data(["component", "register", "away", "--type", "orchestrator", "--flavor", "process"]);
    await p.data(["component", "register", "notes", "--type", "experiment_tracker", "--flavor", "acme"]);
    await p.data(["component", "register", "here", "--type", "artifact_store", "--flavor", "local", "--config", `path=${join(p.dir, "..", "store")}`]);
    await p.data(["stack", "register", "mixed", "--artifact-store", "here", "--orchestrator", "away", "--experiment-tracker", "notes"]);
    expect(await ran(p)).toEqual(["1.0.0", "1.0.0"]);
    const settled = everything(p.dir);

    expect(await integration(p, "permissions")).toMatchObject([{ package: THEIRS, granted: { hosts: ["acme.example"], files: [] } }, { package: OURS, granted: { processes: ["node"] } }]);
    expect(await integration(p, "outdated")).toMatchObject([{ package: THEIRS, current: "1.0.0", wanted: "1.1.0" }, { package: OURS, current: "0.1.0", wanted: "0.1.1" }]);
    for (const dry of ["--plan", "--dry-run"]) expect(await integration(p, "upgrade", dry)).toMatchObject({ done: false, changes: [{ package: THEIRS, to: "1.1.0", widened: ["files: *"] }, { package: OURS, to: "0.1.1" }] });
    expect(await integration(p, "uninstall", THEIRS, "--allow-in-use", THEIRS, "--dry-run")).toMatchObject({ done: false });
    expect(await integration(p, "install", "--dry-run")).toMatchObject({ done: false });
    expect(everything(p.dir)).toEqual(settled);

    expect(await integration(p, "upgrade", "-y", "--allow-permissions", THEIRS)).toMatchObject({ done: true });
    expect(versions(p)).toEqual(["0.1.1", "1.1.0", "2.0.0"]);
    const deep = await integration(p, "verify", "--deep") as { readonly package: string; readonly ok: boolean }[];
    expect(deep.map((row) => `${row.package} ${row.ok}`).toSorted()).toEqual([`${THEIRS} true`, `${OURS} true`, `${BELOW}@2.0.0 true`, "acme-right@1.0.0 true", expect.stringMatching(/^zod@.+ true$/)]);
    noteLock("upgraded", p);
    expect(await integration(p, "lock", "--check")).toMatchObject({ same: true });
    const upgraded = await files(p);

    expect(await integration(p, "rollback", "--dry-run")).toMatchObject([{ done: false }]);
    expect(await integration(p, "rollback", "-y")).toMatchObject([{ done: true }]);
    expect([await files(p), installedFiles(join(p.dir, "node_modules"))]).toEqual([installed, packages]);
    expect(await integration(p, "verify")).toMatchObject(verified);
    expect(await ran(p)).toEqual(["1.0.0", "1.0.0"]);
    // that was a change, too
    expect(await integration(p, "rollback", "-y")).toMatchObject([{ done: true }]);
    expect([await files(p), versions(p)]).toEqual([upgraded, ["0.1.1", "1.1.0", "2.0.0"]]);

    expect(await integration(p, "uninstall", THEIRS, "--allow-in-use", THEIRS, "-y")).toMatchObject({ done: true, changes: [{ change: "remove", package: THEIRS }] });
    noteLock("one is left", p);
    expect([versions(p), await integration(p, "verify")]).toEqual([["0.1.1", undefined, undefined], [expect.objectContaining({ package: OURS, ok: true })]]);
    expect(await integration(p, "uninstall", OURS, "--allow-in-use", OURS, "-y")).toMatchObject({ done: true });
    noteLock("none is left", p);
    expect(versions(p)).toEqual([undefined, undefined, undefined]);
    expect(p.json("package.json")["dependencies"] ?? {}).toEqual({});
  });

  test("a fresh clone gets the very same; with --frozen only where all fits", async () => {
    const p = await project();
    await integration(p, "install", ...FIRST, "-y");
    const packages = (): Readonly<Record<string, string>> => installedFiles(join(p.dir, "node_modules"));
    const [before, installed] = [await files(p), packages()];
    const clone = (): void => { for (const path of ["node_modules", ".mlstack", ".yarn"]) rmSync(join(p.dir, path), { recursive: true, force: true }); };
    for (const args of [["install"], ["install", "--frozen"], ["install", "--frozen", "--offline"]]) {
      clone();
      expect(await integration(p, ...args)).toMatchObject({ done: true, changes: [], kept: [{ package: THEIRS, version: "1.0.0" }, { package: OURS, version: "0.1.0" }] });
      expect(await files(p)).toEqual(before);
      expect(packages()).toEqual(installed);
    }

    // what was changed on disk is found, and mended; bun links files to its cache, and does not look what has become of them there
    appendFileSync(join(p.dir, "node_modules", THEIRS, "index.js"), "// changed\n");
    rmSync(join(p.dir, "node_modules", OURS, "dist"), { recursive: true });
    expect(await p.refusal(["integration", "verify"])).toEqual([5, "MLS8204"]);
    if (manager.program === "bun") {
      expect(await p.refusal(["integration", "install"])).toEqual([5, "MLS8204"]);
      rmSync(join(p.dir, "..", ".bun", "install", "cache"), { recursive: true });
    }
    expect(await integration(p, "install")).toMatchObject({ done: true });
    expect([await files(p), packages()]).toEqual([before, installed]);

    const lock = (await p.manager()).lockFile;
    const kept = join(p.dir, "..", "kept");
    cpSync(lock, kept);
    /** Refused, and nothing has changed by it but what a project's state folder notes. */
    const refused = async (...args: readonly string[]): Promise<readonly [number | null, string | undefined]> => {
      const state = await files(p);
      const refusal = await p.refusal(["integration", ...args]);
      expect(await files(p)).toEqual(state);
      return refusal;
    };
    // package.json says what the manager's lock does not
    const json = p.json("package.json");
    p.write({ "package.json": JSON.stringify({ ...json, dependencies: { ...json["dependencies"] as object, "acme-right": "1.0.0" } }) });
    expect(await refused("install", "--frozen")).toEqual([4, "MLS8302"]);
    // no lock of the manager's at all
    p.write({ "package.json": before["package.json"]! });
    rmSync(lock);
    expect(await refused("install", "--frozen")).toEqual([4, "MLS8302"]);
    // the locks fit each other no more: what is installed by the one is not what the other has
    cpSync(kept, lock);
    p.write({ "mlstack.lock": before["mlstack.lock"]!.replace('"version": "1.0.0"', '"version": "1.1.0"') });
    expect(await refused("install", "--frozen")).toEqual([4, "MLS8207"]);
    rmSync(join(p.dir, "mlstack.lock"));
    expect(await refused("install", "--frozen")).toEqual([4, "MLS8207"]);
    p.write({ "mlstack.lock": before["mlstack.lock"]! });
    expect(await integration(p, "install", "--frozen")).toMatchObject({ done: true });
    expect(await integration(p, "verify")).toMatchObject(verified);
  });
});

test("mlstack.lock has the same bytes under all of them, at each stage", () => {
  expect(Object.entries(locks).map(([stage, texts]) => [stage, texts.length, new Set(texts).size])).toEqual(["installed", "upgraded", "one is left", "none is left"].map((stage) => [stage, MANAGERS.length, 1]));
});
