import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { deploymentFolder } from "../deployment-folder.ts";
import type { FromSupervisor, ToSupervisor } from "./messages.ts";

const TIME = { timeout: 120_000 };
const PROGRAM = join(import.meta.dirname, "supervisor-main.ts");

async function started() {
  const root = mkdtempSync(join(tmpdir(), "mlstack-supervisor-"));
  const folder = deploymentFolder(root, "m");
  mkdirSync(folder.dir);
  await folder.write({ recordVersion: 1, name: "m", dir: folder.dir, host: "127.0.0.1", port: 0, token: "t", supervisor: null, digest: "d" });
  const child = fork(PROGRAM, [folder.dir, root], { stdio: ["ignore", "ignore", "inherit", "ipc"], execArgv: [] });
  const [said] = (await Promise.race([once(child, "message"), once(child, "exit").then(([code]) => { throw new Error(`it ended with ${code}`); })])) as [FromSupervisor];
  if (said.kind === "failed") throw new Error(said.message);
  const live = async () => fetch(`http://127.0.0.1:${said.port}/v2/health/live`).then((r) => r.status, () => undefined);
  expect(await live()).toBe(200);
  return { child, live, close: () => rmSync(root, { recursive: true, force: true }) };
}

test("it ends with who started it, as long as no record names it", TIME, async () => {
  const { child, live, close } = await started();
  // what a kill -9 of the one that started it comes down to
  child.disconnect();
  const [code] = (await once(child, "exit")) as [number];
  expect([code, await live()]).toEqual([1, undefined]);
  close();
});

test("recorded, it outlives who started it, and ends when it is told to", TIME, async () => {
  const { child, live, close } = await started();
  const disconnected = once(child, "disconnect");
  child.send({ kind: "recorded" } satisfies ToSupervisor);
  await disconnected;
  expect([child.exitCode, await live()]).toEqual([null, 200]);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
  close();
});
