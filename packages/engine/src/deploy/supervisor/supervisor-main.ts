import { once } from "node:events";
import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { processId } from "../../project/process-id.ts";
import { deploymentFolder, type Serving } from "../deployment-folder.ts";
import { logWriter } from "../deployment-log.ts";
import { fleet } from "./fleet.ts";
import type { FromSupervisor, ToSupervisor } from "./messages.ts";
import { whenForgotten } from "./record-watch.ts";
import { deploymentServer } from "./server.ts";
import { stateWriter } from "./state-writer.ts";

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

  const files = stateWriter(folder.path, (text) => print(undefined, text));
  const supervisor = processId(process.pid);
  let processes = "";
  let hasServed = false;
  const keepProcesses = () => {
    const now = { dir, supervisor, models: versions.processes() };
    const text = JSON.stringify(now);
    if (text !== processes) { processes = text; files.keep("processes.json", now); }
  };
  const versions = fleet({
    folder, projectDir, print, backoffMs, onChange: keepProcesses,
    onServing: (serving: Serving) => { if (!ending && serving.versions.length > 0) { hasServed = true; files.keep("serving.json", serving); } },
  });

  let ending = false;
  const server = deploymentServer({ name: record.name, host: record.host, token: record.token, fleet: versions, flushed: files.flush, onEnd: () => { void end(); } });
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
    await files.flush();
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
  keepProcesses();
  await tell({ kind: "listening", port });
  await recorded();
  whenForgotten(folder, record, () => { files.stop(); void end(); });
  setTimeout(() => { if (!hasServed && versions.view().length === 0) void end(); }, FORGOTTEN_MS).unref();
}

/** Resolves when the record names this process. Ends it, and with it the models that it has started, when who started it is gone before: nobody would know of it. */
async function recorded(): Promise<void> {
  await new Promise<void>((done) => {
    const alone = () => process.exit(1);
    process.once("message", ({ kind }: ToSupervisor) => {
      if (kind !== "recorded") return;
      process.off("disconnect", alone);
      done();
    });
    process.once("disconnect", alone);
    if (!process.connected) alone();
  });
  if (process.connected) process.disconnect();
}

await main(process.argv[2]!, process.argv[3]!);
