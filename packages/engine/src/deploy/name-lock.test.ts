import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { processId } from "../project/process-id.ts";
import { underLock } from "./name-lock.ts";

let root: string;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), "mlstack-lock-")); });
afterEach(() => rmSync(root, { recursive: true, force: true }));
const left = () => readdirSync(join(root, ".locks"));

test("one at a time, per name, and nothing stays", async () => {
  let inside = 0;
  let most = 0;
  const work = async () => { most = Math.max(most, ++inside); await new Promise((done) => { setImmediate(done); }); inside--; };
  await Promise.all(Array.from({ length: 20 }, async () => underLock(root, "a", 60_000, undefined, work)));
  expect([most, left()]).toEqual([1, []]);
  await underLock(root, "a", 0, undefined, async () => underLock(root, "b", 0, undefined, async () => undefined));
  await expect(underLock(root, "a", 0, undefined, async () => { throw new Error("x"); })).rejects.toThrow("x");
  expect(left()).toEqual([]);
});

test("held by one that lives, it is busy; waiting ends with the signal", async () => {
  await underLock(root, "a", 0, undefined, async () => {
    await expect(underLock(root, "a", 60, undefined, async () => undefined)).rejects.toMatchObject({ code: "MLS6003", details: { reason: "busy" } });
    await expect(underLock(root, "a", 60_000, AbortSignal.abort(new Error("enough")), async () => undefined)).rejects.toThrow("enough");
  });
  expect(left()).toEqual([]);
});

test.runIf(process.platform === "linux")("left by one that is gone, or whose number is another's by now, it is taken over by one alone", async () => {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"] });
  const gone = processId(child.pid!)!;
  child.stdin.end();
  await once(child, "exit");
  const me = processId(process.pid)!;
  mkdirSync(join(root, ".locks"));
  for (const holder of [gone, { ...me, born: `${Number(me.born) - 1}` }]) {
    writeFileSync(join(root, ".locks", "a"), JSON.stringify(holder));
    let inside = 0;
    await Promise.all(Array.from({ length: 8 }, async () => underLock(root, "a", 60_000, undefined, async () => { expect(++inside).toBe(1); await new Promise((done) => { setImmediate(done); }); inside--; })));
    expect(left()).toEqual([]);
  }
});

test("what names no process is nobody's; of another machine it is said where it lies", async () => {
  mkdirSync(join(root, ".locks"));
  for (const content of ["", "{", "null", "{}", "3", '{"machine":"x"}']) {
    writeFileSync(join(root, ".locks", "a"), content);
    await underLock(root, "a", 60_000, undefined, async () => undefined);
    expect(left(), content).toEqual([]);
  }
  writeFileSync(join(root, ".locks", "a"), JSON.stringify({ machine: "another", pid: 1, born: "1" }));
  await expect(underLock(root, "a", 60, undefined, async () => undefined)).rejects.toMatchObject({ details: { reason: "busy" }, fix: expect.stringContaining(join(root, ".locks", "a")) as string });
});

/** Takes the lock over and over, leaves one of a process that is gone behind, and says whether it was alone inside. */
const CONTENDER = (name: string) => `import { linkSync, openSync, closeSync, rmSync, writeFileSync } from "node:fs";
import { underLock } from ${JSON.stringify(name)};
const [root, gone, times] = process.argv.slice(2);
let met = 0;
await Promise.all(Array.from({ length: 25 }, async (_, who) => { for (let n = 0; n < Number(times); n++) {
  await underLock(root, "a", 200_000, undefined, async () => {
    try { closeSync(openSync(root + "/inside", "wx")); } catch { met++; }
    await new Promise((done) => setImmediate(done));
    rmSync(root + "/inside", { force: true });
  });
  const stale = root + "/stale-" + process.pid + "-" + who;
  writeFileSync(stale, JSON.stringify({ ...JSON.parse(gone), call: process.pid + "-" + who + "-" + n }));
  try { linkSync(stale, root + "/.locks/a"); } catch { /* somebody has it */ }
  rmSync(stale);
} }));
process.exit(met);
`;

test.runIf(process.platform === "linux")("processes that find one left over, all at once, get in one after the other, and all of them do", { timeout: 240_000 }, async () => {
  const gone = { ...processId(process.pid)!, born: "1" };
  const program = join(root, "contender.mjs");
  writeFileSync(program, CONTENDER(join(import.meta.dirname, "name-lock.ts")));
  const children = Array.from({ length: 4 }, () => spawn(process.execPath, [program, root, JSON.stringify(gone), "40"], { stdio: ["ignore", "ignore", "inherit"] }));
  expect(await Promise.all(children.map(async (child) => (await once(child, "exit"))[0] as number))).toEqual([0, 0, 0, 0]);
});
