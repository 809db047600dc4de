import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { MlstackError } from "@mlstack/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { processId } from "../project/process-id.ts";
import { deploymentFolder, deploymentNames, type DeploymentRecord } from "./deployment-folder.ts";

let root: string;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), "mlstack-folder-")); });
afterEach(() => rmSync(root, { recursive: true, force: true }));
const me = processId(process.pid)!;
async function made(name = "m") {
  const folder = deploymentFolder(root, name);
  mkdirSync(folder.dir);
  const record: DeploymentRecord = { recordVersion: 1, name, dir: folder.dir, host: "127.0.0.1", port: 4000, token: "t", supervisor: me, digest: "d" };
  await folder.write(record);
  writeFileSync(folder.path("processes.json"), JSON.stringify({ dir: folder.dir, supervisor: me, models: [me] }));
  return { folder, record };
}

test("whatever a file holds, it is what was written, or is said to be damaged", async () => {
  const { folder, record } = await made();
  const text = JSON.stringify(record);
  fc.assert(fc.property(fc.oneof(fc.nat(text.length).map((n) => text.slice(0, n)), fc.string(), fc.json(), fc.constantFrom("null", "{}", "[]", text)), (content) => {
    for (const file of ["deployment.json", "processes.json", "serving.json"]) writeFileSync(folder.path(file), content);
    try { expect(folder.read()).toEqual(record); } catch (e) { if (!MlstackError.is(e, "MLS7004")) throw e; }
    expect([folder.processes(), folder.serving()]).toEqual([[], undefined]);
    mkdirSync(folder.version("v"), { recursive: true });
    writeFileSync(join(folder.version("v"), "version.json"), content);
    expect(folder.versionRecord("v")).toBeUndefined();
  }));
  writeFileSync(folder.path("deployment.json"), JSON.stringify({ ...record, recordVersion: 2 }));
  expect(() => folder.read()).toThrow(expect.objectContaining({ code: "MLS5001" }) as Error);
});

test("a folder that was moved is what it was; in a copy nothing serves, and the processes are those of the other one", async () => {
  const { folder, record } = await made();
  cpSync(folder.dir, join(root, "copy"), { recursive: true });
  const copy = deploymentFolder(root, "copy");
  expect(copy.read()).toEqual({ ...record, dir: copy.dir, port: 0, supervisor: null });
  expect(copy.processes()).toEqual([]);
  expect(folder.processes()).toEqual([me, me]);
  renameSync(folder.dir, join(root, "moved"));
  const moved = deploymentFolder(root, "moved");
  expect(moved.read()).toEqual({ ...record, dir: moved.dir });
  expect(moved.processes()).toEqual([me, me]);
});

test("what is removed is gone, and takes along what an earlier removal has left", async () => {
  const { folder } = await made();
  const left = join(root, ".gone", `${me.machine}-${process.pid}-1-x`);
  mkdirSync(left, { recursive: true });
  expect(deploymentNames(root)).toEqual(["m"]);
  await folder.remove();
  if (process.platform === "linux") expect(existsSync(left)).toBe(false);
  await folder.remove();
  expect(readdirSync(root).filter((name) => name !== ".gone")).toEqual([]);
});
