import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { deploymentFolder, type DeploymentRecord } from "../deployment-folder.ts";
import { whenForgotten } from "./record-watch.ts";

let root: string;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), "mlstack-watch-")); vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }); });
afterEach(() => { vi.useRealTimers(); rmSync(root, { recursive: true, force: true }); });

test.each<[string, (path: string, record: DeploymentRecord) => void, boolean]>([
  ["it is there", () => undefined, false],
  ["it is damaged", (path) => writeFileSync(path, "{"), false],
  ["it is removed", (path) => rmSync(path), true],
  ["its folder is removed", (path) => rmSync(join(path, ".."), { recursive: true }), true],
  ["another deployment has its place", (path, record) => writeFileSync(path, JSON.stringify({ ...record, token: "other" })), true],
])("a record is looked at from time to time: %s", async (_, change, isGone) => {
  const folder = deploymentFolder(root, "m");
  const record: DeploymentRecord = { recordVersion: 1, name: "m", dir: folder.dir, host: "127.0.0.1", port: 1, token: "t", supervisor: null, digest: "d" };
  mkdirSync(folder.dir);
  await folder.write(record);
  let told = 0;
  whenForgotten(folder, record, () => { told++; }, 10);
  vi.advanceTimersByTime(100);
  expect(told).toBe(0);
  change(folder.path("deployment.json"), record);
  vi.advanceTimersByTime(10);
  expect(told).toBe(0);
  vi.advanceTimersByTime(100);
  expect(told).toBe(isGone ? 1 : 0);
});
