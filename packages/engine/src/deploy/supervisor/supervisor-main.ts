import { once } from "node:events";
import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { deploymentFolder, writeJson, type Serving } from "../deployment-folder.ts";
import { logWriter } from "../deployment-log.ts";
import { fleet } from "./fleet.ts";
import type { FromSupervisor } from "./messages.ts";
import { deploymentServer } from "./server.ts";

/** How long a supervisor that was never told what to serve stays, in milliseconds. */
const FORGOTTEN_MS = 60_000;
/** How long answers that are ready may take to be read when it ends, in milliseconds. */
const LAST_ANSWERS_MS = 5000;
const SWEEP_MS = 20;
/** How long to wait before a model's process is started again: from a tenth of a second up to half a minute, in milliseconds. */
const backoffMs = (n: number): number => Math.min(30_000, 100 * 2 ** Math.min(n - 1, 10));

/**
 * The program of a deployment: it owns the port, starts the processes that run models, asks them, moves the traffic, and lets those that are
 * replaced finish. No code of the user's runs in it. It is detached from who started it, and ends when it is told to.
 */
async function main(dir: string, projectDir: string): Promise<void> {
  // a terminal that closes, or an interrupt that was meant for who started it
  for (const name of ["SIGINT", "SIGHUP"] as const) process.on(name, () => undefined);
  const folder = deploymentFolder(dirname(dir), basename(dir));
  const record = folder.read();
  if (record === undefined) throw new Error(`no deployment lies in ${dir}`);
  const write = logWriter(dir);
  const print = (version: string | undefined, text: string) => write({ time: Date.now(), version, text });
  const tell = (message: FromSupervisor) => new Promise<void>((done) => { if (process.send === undefined || !process.connected || !process.send(message, () => done())) done(); });

  // one writer, one after the other; what is written last is what holds
  let writing = Promise.resolve();
  const keep = (file: string, value: object) => { writing = writing.then(async () => writeJson(folder.path(file), value)).catch((e: unknown) => print(undefined, `${file} can't be written: ${(e as Error).message}`)); };
  let processes = "";
  let hasServed = false;
  const versions = fleet({
    folder, projectDir, print, backoffMs,
    onServing: (serving: Serving) => { if (!ending && serving.versions.length > 0) { hasServed = true; keep("serving.json", serving); } },
    onChange: () => {
      const now = { processes: versions.processes() };
      const text = JSON.stringify(now);
      if (text !== processes) { processes = text; keep("processes.json", now); }
    },
  });

  let ending = false;
  const server = deploymentServer({ name: record.name, host: record.host, token: record.token, fleet: versions, onEnd: () => { void end(); } });
  async function end(): Promise<void> {
    if (ending) return;
    ending = true;
    // answers what it was asked; who asks now is refused
    const closed = new Promise<void>((done) => { server.close(() => done()); });
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
    await versions.drain();
    // answers that are on their way; a connection over which nobody reads them is not waited for
    await Promise.race([closed, sleep(LAST_ANSWERS_MS)]);
    clearInterval(sweep);
    print(undefined, "stopped");
    await writing;
    process.exit(0);
  }
  process.on("SIGTERM", () => { void end(); });

  server.listen(record.port, record.host);
  try { await once(server, "listening"); } catch (e) {
    await tell({ kind: "failed", code: (e as { code?: string }).code ?? "", message: (e as Error).message });
    process.exit(1);
  }
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : record.port;
  print(undefined, `serves at ${record.host}:${port}`);
  // before anybody can look: what is to be brought up again is pending from the start
  const serving = folder.serving();
  if (serving !== undefined) { hasServed = true; versions.restore(serving); }
  await tell({ kind: "listening", port });
  if (process.connected) process.disconnect();
  setTimeout(() => { if (!hasServed && versions.view().length === 0) void end(); }, FORGOTTEN_MS).unref();
}

await main(process.argv[2]!, process.argv[3]!);
