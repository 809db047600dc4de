import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freePort, isAlive, onFreePort, startServer } from "./process.ts";

const until = async (what: () => boolean, ms: number): Promise<boolean> => {
  for (const end = Date.now() + ms; Date.now() < end; await new Promise((ok) => { setTimeout(ok, 50); })) if (what()) return true;
  return what();
};
/** A server that starts a child, which ignores TERM and prints its id. */
const server = (port: number): string[] => ["-e", `
  const child = require("node:child_process").spawn(process.execPath, ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], { stdio: "ignore" });
  console.log("child " + child.pid);
  require("node:http").createServer((q, r) => r.end("up")).listen(${port}, "127.0.0.1");`];

test("a server is started, found ready and stopped with what it has started", async () => {
  const port = await freePort();
  const running = await startServer({ name: "demo", command: process.execPath, args: server(port), ready: `http://127.0.0.1:${port}/`, stopMs: 300 });
  expect(running.url).toBe(`http://127.0.0.1:${port}`);
  const child = Number(/child (\d+)/.exec(running.log())?.[1]);
  expect(isAlive(child)).toBe(true);
  await running.stop();
  await running.stop();
  expect([isAlive(running.pid), await until(() => !isAlive(child), 2000)]).toEqual([false, true]);
});

test("a server that dies is an error with its log", async () => {
  await expect(startServer({ name: "demo", command: process.execPath, args: ["-e", "console.error('no such disk'); process.exit(3)"], ready: "http://127.0.0.1:1/" })).rejects.toThrow(/ended with 3.*no such disk/s);
  await expect(startServer({ name: "demo", command: "/no/such/program", args: [], ready: "http://127.0.0.1:1/" })).rejects.toThrow(/ENOENT/);
});

test("a port that somebody takes before the server does costs another one", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const ports = [(taken.address() as AddressInfo).port];
  const running = await onFreePort((port) => { ports.push(port); return startServer({ name: "demo", command: process.execPath, args: server(ports.length === 2 ? ports[0]! : port), ready: `http://127.0.0.1:${port}/`, stopMs: 300 }); });
  expect([ports.length, running.url]).toEqual([3, `http://127.0.0.1:${ports[2]}`]);
  await running.stop();
  taken.close();
});

test("no server is left when its starter is killed", async () => {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "mlstack-live-temporary-"));
  const code = `
    import { startServer } from ${JSON.stringify(new URL("./process.ts", import.meta.url).href)};
    const s = await startServer({ name: "demo", command: process.execPath, args: ${JSON.stringify(server(port))}, ready: "http://127.0.0.1:${port}/", temporary: [${JSON.stringify(folder)}] });
    console.log(s.pid);
    setInterval(() => {}, 1000);`;
  const starter = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  const [printed] = await once(starter.stdout, "data");
  const pid = Number(String(printed));
  expect(isAlive(pid)).toBe(true);
  starter.kill("SIGKILL");
  expect(await until(() => !isAlive(pid), 5000)).toBe(true);
  expect(await until(() => !existsSync(folder), 10_000)).toBe(true);
});
