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
