import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { StepHandle, StepIdentity, StepLaunch, StepSpec } from "@mlstack/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { processOrchestrator } from "./process-orchestrator.ts";

let dir: string;
let work: string;
const started: StepHandle[] = [];
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-process-")));
  work = join(dir, "work");
  mkdirSync(join(dir, "node_modules", "mlstack", "bin"), { recursive: true });
  writeFileSync(join(dir, "node_modules", "mlstack", "package.json"), "{}");
  // prints, says that it runs, and does what it is told
  writeFileSync(join(dir, "node_modules", "mlstack", "bin", "mlstack.js"), `const { appendFileSync, writeSync } = require("node:fs");
appendFileSync(process.env.LOG, process.pid + "\\n");
const [what, code] = process.argv.slice(2);
if (what === "print") { writeSync(1, "x".repeat(100_000)); writeSync(1, "the end"); }
if (what === "wait") setInterval(() => {}, 1000); else process.exitCode = Number(code ?? 0);
`);
});
afterEach(async () => {
  for (const handle of started.splice(0)) { await handle.cancel("the test is over"); await handle.ended; }
  rmSync(dir, { recursive: true, force: true });
});

const orchestrator = (more: { keepFolders?: boolean } = {}) => processOrchestrator({ concurrency: 2, workDir: work, packagesFrom: dir, keepFolders: false, passEnv: ["PATH"], graceMs: 2000, ...more }, dir).launch!;
const identity: StepIdentity = { runId: "r1", node: "train", ordinal: 0, attempt: 1 };
const launchOf = (command: readonly string[], more: Partial<StepIdentity> = {}): StepLaunch => ({ spec: { ...identity, ...more } as StepSpec, command, env: { LOG: join(dir, "log") } });
const log = () => (existsSync(join(dir, "log")) ? readFileSync(join(dir, "log"), "utf8").trim().split("\n").map(Number) : []);
const pidOf = (handle: StepHandle) => (JSON.parse(handle.id) as [string, number])[1];
const folders = () => (existsSync(work) ? readdirSync(work) : []);
const isThere = (pid: number) => { try { return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z "); } catch { return false; } };
async function until(holds: () => boolean): Promise<void> { while (!holds()) await sleep(20); }
async function begin(launch: StepLaunch, from = orchestrator()): Promise<StepHandle> {
  const handle = await from.start(launch);
  started.push(handle);
  return handle;
}
/** A process number that nobody has any more. */
const gone = () => spawnSync(process.execPath, ["-e", ""]).pid;

describe.skipIf(process.platform !== "linux")("start", () => {
  test("started again, at once, later or by another process, finds what is there", async () => {
    const one = orchestrator();
    const [a, b] = await Promise.all([begin(launchOf(["wait"]), one), one.start(launchOf(["wait"]))]);
    await until(() => log().length > 0);
    const c = await one.start(launchOf(["wait"]));
    const d = await orchestrator().start(launchOf(["wait"]));
    expect([b.id, c.id, d.id]).toEqual([a.id, a.id, a.id]);
    expect(log()).toEqual([pidOf(a)]);
    // another attempt is another process
    expect(pidOf(await begin(launchOf(["wait"], { attempt: 2 })))).not.toBe(pidOf(a));
    await d.cancel("enough");
    expect(await d.ended).toEqual({ status: "killed", exitCode: null, blame: "cancel" });
    expect(await a.ended).toMatchObject({ status: "killed", reason: "SIGTERM" });
    expect(isThere(pidOf(a))).toBe(false);
  });

  test("of what has ended, where there is a trace of it, is its end", async () => {
    await (await orchestrator({ keepFolders: true }).start(launchOf(["exit", "3"]))).ended;
    const again = await orchestrator().start(launchOf(["exit", "3"]));
    expect(await again.ended).toEqual({ status: "exited", exitCode: 3 });
    expect(log()).toHaveLength(1);
  });

  test("that one of two has given up is the other one's", async () => {
    const one = orchestrator();
    const stop = new AbortController();
    const given = one.start(launchOf(["exit"]), { signal: stop.signal }).catch((e: unknown) => e);
    const wanted = one.start(launchOf(["exit"]));
    stop.abort(new Error("no more"));
    expect(await given).toMatchObject({ message: "no more" });
    expect(await (await wanted).ended).toMatchObject({ exitCode: 0 });
    expect([log().length, folders()]).toEqual([1, []]);
  });

  test("takes over a folder whose maker did not live to start anything in it", async () => {
    const first = orchestrator({ keepFolders: true });
    await (await first.start(launchOf(["exit"]))).ended;
    const [name] = folders();
    for (const file of ["process.json", "ended.json"]) rmSync(join(work, name!, file));
    writeFileSync(join(work, name!, "starter.json"), JSON.stringify({ pid: gone(), born: "1", host: hostname() }));
    expect(await orchestrator().attach!(identity)).toBeUndefined();
    expect(folders()).toEqual([]);
    mkdirSync(join(work, name!));
    utimesSync(join(work, name!), 1, 1);
    expect(await (await orchestrator().start(launchOf(["exit", "4"]))).ended).toMatchObject({ exitCode: 4 });
    expect(log()).toHaveLength(2);
  });

  test("that is rejected leaves nothing", async () => {
    rmSync(join(dir, "node_modules"), { recursive: true });
    await expect(orchestrator().start(launchOf(["wait"]))).rejects.toMatchObject({ code: "MLS6003" });
    await expect(orchestrator().start(launchOf(["wait"]), { signal: AbortSignal.abort(new Error("no more")) })).rejects.toThrow("no more");
    expect(folders()).toEqual([]);
  });

  test("removes folders of processes that have been gone for a day, and no others", async () => {
    const keeping = orchestrator({ keepFolders: true });
    const old = await keeping.start(launchOf(["exit"], { node: "old" }));
    const fresh = await keeping.start(launchOf(["exit"], { node: "fresh" }));
    await Promise.all([old.ended, fresh.ended]);
    const alive = await begin(launchOf(["wait"], { node: "alive" }), keeping);
    const rootOf = (handle: StepHandle) => (JSON.parse(handle.id) as string[])[3]!;
    for (const handle of [old, alive]) {
      writeFileSync(join(rootOf(handle), "starter.json"), JSON.stringify({ pid: gone(), born: "1", host: hostname() }));
      utimesSync(rootOf(handle), 1, 1);
    }
    await begin(launchOf(["wait"], { node: "another" }));
    await until(() => !existsSync(rootOf(old)));
    expect([existsSync(rootOf(fresh)), existsSync(rootOf(alive))]).toEqual([true, true]);
  });
});

describe.skipIf(process.platform !== "linux")("attach", () => {
  test("finds a process by its handle's id and by what it was started for", async () => {
    const handle = await begin(launchOf(["wait"]));
    for (const found of [await orchestrator().attach!({ ...identity, id: handle.id }), await orchestrator().attach!(identity)]) expect(found!.id).toBe(handle.id);
    expect(await orchestrator().attach!({ ...identity, attempt: 2 })).toBeUndefined();
  });

  test("of one that has ended tells how at once, with the end of what it printed", async () => {
    const handle = await orchestrator({ keepFolders: true }).start(launchOf(["print", "7"]));
    await handle.ended;
    const found = (await orchestrator().attach!({ ...identity, id: handle.id }))!;
    expect(await Promise.race([found.ended, Promise.resolve("not yet")])).toEqual({ status: "exited", exitCode: 7 });
    const tail = await found.tail!();
    expect([tail.length, tail.slice(-8)]).toEqual([65_536, "xthe end"]);
  });

  test("does not make up an end that another one has seen, and cleared away", async () => {
    const handle = await begin(launchOf(["wait"]));
    const found = (await orchestrator().attach!(identity))!;
    rmSync((JSON.parse(handle.id) as string[])[3]!, { recursive: true });
    await handle.cancel("enough");
    expect([await found.ended, (await handle.ended).status]).toEqual([{ status: "lost", exitCode: null, reason: "its folder was removed" }, "killed"]);
  });

  test("refuses ids that name no process", async () => {
    for (const id of ["", "x", "{}", "[1]", JSON.stringify([hostname(), "1", "", "/a", "/b"])]) await expect(orchestrator().attach!({ ...identity, id })).rejects.toMatchObject({ code: "MLS6003" });
  });

  test("and its handle's calls end with their signals, and the process goes on", async () => {
    const reason = new Error("no more");
    const signal = AbortSignal.abort(reason);
    const handle = await begin(launchOf(["wait"]));
    const found = (await orchestrator().attach!(identity))!;
    const calls = [orchestrator().attach!(identity, { signal }), orchestrator().attach!({ ...identity, id: handle.id }, { signal }), ...[handle, found].flatMap((one) => [one.cancel("no", { signal }), one.tail!({ signal })])];
    for (const call of await Promise.allSettled(calls)) expect(call).toEqual({ status: "rejected", reason });
    expect(isThere(pidOf(handle))).toBe(true);
  });

  test("does not know of processes of other machines", async () => {
    const id = JSON.stringify(["elsewhere", 1, "1", "/tmp/x", "/tmp/x/in"]);
    await expect(orchestrator().attach!({ ...identity, id })).rejects.toMatchObject({ code: "MLS6003" });
  });

  test("of one that is gone with its folder says so", async () => {
    const handle = await orchestrator().start(launchOf(["exit"]));
    await handle.ended;
    expect(await orchestrator().attach!({ ...identity, id: handle.id })).toBeUndefined();
    expect(folders()).toEqual([]);
  });
});

describe.skipIf(process.platform !== "linux")("a driver", () => {
  const driver = (command: readonly string[]) => orchestrator().startDriver!({ runId: "r1", ordinal: 0, spec: {}, command, env: { LOG: join(dir, "log") } });

  test("that ends well leaves nothing; one that does not leaves what it printed", async () => {
    await (await driver(["exit", "0"])).ended;
    expect(folders()).toEqual([]);
    const handle = await driver(["print", "1"]);
    await handle.ended;
    const found = (await orchestrator().attach!({ runId: "r1", node: "_driver", ordinal: 0, attempt: 1 }))!;
    expect([await found.ended, (await found.tail!()).endsWith("the end")]).toEqual([{ status: "exited", exitCode: 1 }, true]);
  });
});
