import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { underLock } from "./name-lock.ts";

let root: string;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), "mlstack-lock-")); });
afterEach(() => rmSync(root, { recursive: true, force: true }));
/** What stays of locks: an empty file for each name. */
const left = () => readdirSync(join(root, ".locks")).map((file) => [file, readFileSync(join(root, ".locks", file)).byteLength]);

test("one at a time, per name, and nothing stays but an empty file", async () => {
  let inside = 0;
  let most = 0;
  const work = async () => { most = Math.max(most, ++inside); await new Promise((done) => { setImmediate(done); }); inside--; };
  await Promise.all(Array.from({ length: 20 }, async () => underLock(root, "a", 60_000, undefined, work)));
  expect([most, left()]).toEqual([1, [["a.lock", 0]]]);
  await underLock(root, "a", 0, undefined, async () => underLock(root, "b", 0, undefined, async () => undefined));
  await expect(underLock(root, "a", 0, undefined, async () => { throw new Error("x"); })).rejects.toThrow("x");
  expect(left()).toEqual([["a.lock", 0], ["b.lock", 0]]);
  await underLock(root, "a", 0, undefined, async () => undefined);
});

test("held by one that lives, it is busy; waiting ends with the signal", async () => {
  await underLock(root, "a", 0, undefined, async () => {
    await expect(underLock(root, "a", 60, undefined, async () => undefined)).rejects.toMatchObject({ code: "MLS6003", details: { reason: "busy" } });
    await expect(underLock(root, "a", 60_000, AbortSignal.abort(new Error("enough")), async () => undefined)).rejects.toThrow("enough");
    const later = new AbortController();
    const waiting = underLock(root, "a", 60_000, later.signal, async () => undefined);
    later.abort(new Error("given up"));
    await expect(waiting).rejects.toThrow("given up");
  });
  await underLock(root, "a", 0, undefined, async () => undefined);
});

const program = (text: string, ...args: string[]) => spawn(process.execPath, ["--no-warnings", "--input-type=module", "-e", `import { underLock } from ${JSON.stringify(join(import.meta.dirname, "name-lock.ts"))};\n${text}`, "", ...args], { stdio: ["ignore", "pipe", "inherit"] });

test("goes with a process that is killed, whoever waits for it", { timeout: 60_000 }, async () => {
  const holder = program(`await underLock(process.argv[2], "a", 0, undefined, async () => { console.log("in"); await new Promise(() => setInterval(() => {}, 1000)); });`, root);
  await once(holder.stdout, "data");
  await expect(underLock(root, "a", 0, undefined, async () => undefined)).rejects.toMatchObject({ details: { reason: "busy" } });
  const waiting = Promise.all(Array.from({ length: 4 }, async () => underLock(root, "a", 60_000, undefined, async () => "got in")));
  holder.kill("SIGKILL");
  expect(await waiting).toEqual(Array.from({ length: 4 }, () => "got in"));
});

/** Takes the lock over and over, and says how often it was not alone inside. */
const CONTENDER = `import { closeSync, openSync, rmSync } from "node:fs";
const [, , root, times] = process.argv;
let met = 0;
await Promise.all(Array.from({ length: 10 }, async () => { for (let n = 0; n < Number(times); n++) {
  await underLock(root, "a", 200_000, undefined, async () => {
    try { closeSync(openSync(root + "/inside", "wx")); } catch { met++; }
    await new Promise((done) => setImmediate(done));
    rmSync(root + "/inside", { force: true });
  });
} }));
process.exit(met);
`;

test("processes get in one after the other, and all of them do", { timeout: 240_000 }, async () => {
  const children = Array.from({ length: 4 }, () => program(CONTENDER, root, "20"));
  for (const child of children) child.stdout.resume();
  expect(await Promise.all(children.map(async (child) => (await once(child, "exit"))[0] as number))).toEqual([0, 0, 0, 0]);
});
