import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { localArtifactStore } from "../local/local-artifact-store.ts";
import { bornAt, ownTag, sweep } from "./processes.ts";

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-processes-")); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });

/** The tag of another process of this machine. */
const tagOf = (pid: number, born: string) => ownTag().replace(`-${process.pid}-`, `-${pid}-`).replace(/-\d*-$/, `-${born}-`);

test("what a process has left that is gone is removed; what is somebody's stays", async () => {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"] });
  const born = bornAt(child.pid!)!;
  const alive = `${tagOf(child.pid!, born)}alive`;
  const reused = `${tagOf(child.pid!, `${Number(born) - 1}`)}reused`;
  const mine = `${ownTag()}mine`;
  for (const name of [alive, reused, mine, "client", "00000000-1-1-of-another-machine"]) mkdirSync(join(dir, name));
  await sweep(dir);
  expect(readdirSync(dir).toSorted()).toEqual([alive, mine, "client", "00000000-1-1-of-another-machine"].toSorted());
  child.stdin.end();
  await once(child, "exit");
  await sweep(dir);
  expect(readdirSync(dir)).not.toContain(alive);
  await sweep(join(dir, "nowhere"));
});

test("a store removes what was left half-written, once nobody writes to it", async () => {
  const temp = join(dir, ".tmp");
  mkdirSync(temp);
  const [old, fresh] = [`${tagOf(2 ** 22 + 1, "1")}0-x`, `${tagOf(2 ** 22 + 1, "1")}1-x`];
  for (const name of [old, fresh]) writeFileSync(join(temp, name), "half");
  utimesSync(join(temp, old), 1, 1);
  await localArtifactStore({ root: dir, durability: "process" }).put("a/b", { kind: "bytes", bytes: Buffer.from("x") });
  await expect.poll(() => readdirSync(temp)).toEqual([fresh]);
});
