import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { CHAIN } from "./testing/chain-project.ts";
import { fill, mounted, remount } from "./testing/disks.ts";
import { BIN, jsonOf, testProject, type TestProject } from "./testing/project.ts";
import { skipBecause } from "./testing/skips.ts";
import { storeState } from "./testing/store.ts";

function project(files: Record<string, string> = {}): TestProject {
  const p = testProject({ ...CHAIN, ...files });
  onTestFinished(() => p.close());
  return p;
}
const errorOf = async (p: TestProject, args: string[], env: Record<string, string> = {}) => {
  const outcome = await p.mlstack([...args, "--json"], { env });
  const document = JSON.parse(outcome.stdout) as { error?: { code: string; message: string; fix?: string; why?: string }; data?: { error: { code?: string; message: string; fix?: string } | null } };
  return { code: outcome.code, error: document.error ?? document.data?.error ?? undefined };
};

describe("a new project on a disk", () => {
  it("that becomes full: a clear error, and nothing is lost", async (context) => {
    const disk = mounted(context, "size=3m");
    const p = project({ "big.mjs": `import { bytes, json, pipeline, step } from "mlstack";
export const small = step({ name: "small", output: json(), run: () => "kept" });
export const big = step({ name: "big", inputs: { x: json() }, output: bytes(), run: () => new Uint8Array(8_000_000).map((_, i) => (i * 7919) >> 8) });
export const p = pipeline({ name: "big", build() { big({ x: small() }); } });
` });
    const env = { MLSTACK_STATE_DIR: join(disk, "state") };
    const { code, error } = await errorOf(p, ["run", "big.mjs"], env);
    expect([code, error?.code]).toEqual([1, "MLS3004"]);
    expect(error?.fix).toContain("free space");
    remount(disk, "size=40m");
    expect(storeState(join(disk, "state"))).toMatchObject({ damaged: [], dangling: [] });
    const again = jsonOf(await p.mlstack(["run", "big.mjs", "--json"], { env })).data as unknown as { status: string; steps: { status: string }[] };
    expect([again.status, ...again.steps.map((s) => s.status)]).toEqual(["completed", "cached", "completed"]);
    expect(existsSync(join(disk, "state/store/.tmp")) ? readdirSync(join(disk, "state/store/.tmp")) : []).toEqual([]);
  });

  it("that is full already", async (context) => {
    const disk = mounted(context, "size=256k");
    fill(disk);
    const { code, error } = await errorOf(project(), ["run", "pipeline.mjs"], { MLSTACK_STATE_DIR: join(disk, "state") });
    expect([code, error?.code]).toEqual([1, "MLS3004"]);
  });

  it("that is read-only", async (context) => {
    const disk = mounted(context, "size=1m,ro");
    const { code, error } = await errorOf(project(), ["run", "pipeline.mjs"], { MLSTACK_STATE_DIR: join(disk, "state") });
    expect([code, error?.code]).toEqual([1, "MLS3005"]);
    expect(error?.fix).toContain("MLSTACK_STATE_DIR");
  });
});

/** A finished run, and behind it one that was killed before its last step; what that one committed last may lie in the records' log alone. */
async function withRuns(p: TestProject, state: string, how: "closed" | "killed"): Promise<readonly string[]> {
  const env = { MLSTACK_STATE_DIR: state };
  expect((await p.mlstack(["run", "pipeline.mjs"], { env })).code).toBe(0);
  if (how === "closed") return ["completed"];
  p.write("pipeline.mjs", CHAIN["pipeline.mjs"]!.replace("of ${inputs", "out of ${inputs"));
  expect((await p.node(["crash.mjs", "inline", "step.started", "three"], env)).signal).toBe("SIGKILL");
  expect(existsSync(join(state, "records.db-wal"))).toBe(true);
  // shared memory does not outlive the machine
  rmSync(join(state, "records.db-shm"));
  return ["interrupted", "completed"];
}

/** What there is to look at is shown, by every command that only looks. */
async function expectReadable(p: TestProject, state: string, statuses: readonly string[]): Promise<void> {
  const env = { MLSTACK_STATE_DIR: state };
  const read = async (...args: string[]) => {
    const outcome = await p.mlstack([...args, "--json"], { env });
    expect(outcome.code, `${args.join(" ")}: ${outcome.stdout}${outcome.stderr}`).toBe(0);
    return jsonOf(outcome).data;
  };
  const runs = (await read("run", "list")) as unknown as { run: string; status: string }[];
  expect(runs.map((r) => r.status)).toEqual(statuses);
  const { run } = runs.at(-1)!;
  expect(((await read("run", "show", run)) as { steps?: unknown[] }).steps).toHaveLength(3);
  expect(await read("why", `${run}/two`)).toMatchObject({ status: "completed" });
  await read("run", "logs", run);
  expect(await read("artifact", "list", "--run", run)).toHaveLength(4);
  expect(await read("artifact", "show", `${run}/three`)).toMatchObject({ present: true });
  expect(await read("artifact", "preview", `${run}/three`)).toMatchObject({ format: "json/1" });
  const script = await p.node(["look.mjs", run], env);
  expect([script.stdout, script.code], script.stderr).toEqual(["499500 of 1000\n", 0]);
}

const LOOK = { "look.mjs": `import { Client } from "mlstack";
const client = new Client();
console.log(await (await client.run(process.argv[2])).steps.three.outputs.output.load());
await client.close();
` };

describe.each(["closed", "killed"] as const)("a project that has runs, the last driver of which has %s, on a disk", (how) => {
  it("that is full by now is shown, and nothing runs", async (context) => {
    const disk = mounted(context, "size=8m");
    const state = join(disk, "state");
    const p = project(LOOK);
    const statuses = await withRuns(p, state, how);
    fill(disk);
    await expectReadable(p, state, statuses);
    const { code, error } = await errorOf(p, ["run", "pipeline.mjs", "--refresh"], { MLSTACK_STATE_DIR: state });
    expect([code, error?.code, error?.fix]).toEqual([1, "MLS3004", expect.stringContaining("free space")]);
    // and goes on where there is room again
    rmSync(join(disk, "filler"), { recursive: true });
    expect(jsonOf(await p.mlstack(["run", "pipeline.mjs", "--json"], { env: { MLSTACK_STATE_DIR: state } })).data).toMatchObject({ status: "completed" });
  });

  it("that is read-only by now is shown, and nothing runs", async (context) => {
    const disk = mounted(context, "size=8m");
    const state = join(disk, "state");
    const p = project(LOOK);
    const statuses = await withRuns(p, state, how);
    remount(disk, "ro");
    await expectReadable(p, state, statuses);
    const { code, error } = await errorOf(p, ["run", "pipeline.mjs"], { MLSTACK_STATE_DIR: state });
    expect([code, error?.code, error?.fix]).toEqual([1, "MLS3005", expect.stringContaining("MLSTACK_STATE_DIR")]);
  });
});

it("another user's project, which may be read and not written to, is shown", async (context) => {
  if (process.getuid?.() !== 0) skipBecause(context, "only the superuser can become another user");
  const p = project();
  await withRuns(p, join(p.dir, ".mlstack"), "killed");
  chmodSync(p.dir, 0o755);
  const as = (...args: string[]) => spawnSync(process.execPath, [BIN, ...args, "--json"], { cwd: p.dir, uid: 65534, gid: 65534, encoding: "utf8", env: { NO_COLOR: "1" } });
  if (as("--version").status !== 0) skipBecause(context, "the clone lies in a folder that no other user may read");
  const list = as("run", "list");
  expect([list.status, (JSON.parse(list.stdout) as { data: { status: string }[] }).data.map((r) => r.status)], list.stdout + list.stderr).toEqual([0, ["interrupted", "completed"]]);
  expect(as("artifact", "preview", "last/two.sum").status).toBe(0);
});

it("who only looks makes nothing where nothing has run", async () => {
  const p = project();
  expect(jsonOf(await p.mlstack(["run", "list", "--json"])).data).toEqual([]);
  expect((await p.mlstack(["run", "show", "last"])).stderr).toContain("MLS5003");
  expect(existsSync(join(p.dir, ".mlstack"))).toBe(false);
});
