import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface ServerOptions {
  /** For messages and the log's file name. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to this process's environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly cwd?: string | undefined;
  /** The URL that answers below 500 when the server is up. */
  readonly ready: string;
  /** In milliseconds; 60,000 by default. */
  readonly readyTimeoutMs?: number | undefined;
  /** How long it may take to end after TERM, in milliseconds; 10,000 by default. */
  readonly stopMs?: number | undefined;
  /** Folders that are removed when the server has ended, however that came about. */
  readonly temporary?: readonly string[] | undefined;
}

export interface RunningServer {
  /** The origin of the URL that said it was ready. */
  readonly url: string;
  readonly pid: number;
  /** What it has printed so far, both streams. */
  log(): string;
  /** Ends the server and everything it started: TERM, and KILL after `stopMs`. Can be called again. */
  stop(): Promise<void>;
}

const STOP_MS = 10_000;

/** A port of the loopback address that nobody listens on right now. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject).listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => (typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port"))));
    });
  });
}

/**
 * Starts a server on a free port. Between the moment in which the port is found and that in which the server binds it another process can
 * take it; then it is started again on another one.
 */
export async function onFreePort(start: (port: number) => Promise<RunningServer>): Promise<RunningServer> {
  for (let n = 1; ; n++) {
    try { return await start(await freePort()); } catch (e) {
      if (n === 5 || !/address (?:is )?already in use|EADDRINUSE/i.test(String(e))) throw e;
    }
  }
}

/**
 * Starts a server in a process group of its own and waits until it answers. When this process ends, however it ends, the group is ended too.
 *
 * @throws when it dies or does not answer in time, with the end of its log
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { name, ready, readyTimeoutMs = 60_000 } = options;
  // its log is here, and it runs here unless it is told to run elsewhere
  const folder = mkdtempSync(join(tmpdir(), `mlstack-live-${name}-`));
  const logFile = join(folder, `${name}.log`);
  const fd = openSync(logFile, "a");
  const child = spawn(options.command, options.args, { cwd: options.cwd ?? folder, env: { ...process.env, ...options.env }, detached: true, stdio: ["ignore", fd, fd] });
  closeSync(fd);
  let died: string | undefined;
  child.once("error", (e) => { died = e.message; });
  child.once("exit", (code, signal) => { died ??= `ended with ${signal ?? code}`; });
  const log = (): string => { try { return readFileSync(logFile, "utf8"); } catch { return ""; } };
  const pid = child.pid;
  const folders = [folder, ...(options.temporary ?? [])];
  const watchdog = pid === undefined ? undefined : watch(pid, folders);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => stopping ??= (async () => {
    if (pid !== undefined) await endGroup(pid, options.stopMs ?? STOP_MS);
    watchdog?.kill("SIGKILL");
    for (const each of folders) rmSync(each, { recursive: true, force: true, maxRetries: 3 });
  })();
  const fail = async (what: string): Promise<never> => {
    const tail = log().slice(-2000);
    await stop();
    throw new Error(`${name} ${what}; the end of its log:\n${tail}`);
  };
  await sleep(0); // a program that does not exist is said by an event
  for (const deadline = Date.now() + readyTimeoutMs; !(await answers(ready)); await sleep(100)) {
    if (died !== undefined || pid === undefined) return fail(died ?? "did not start");
    if (Date.now() > deadline) return fail(`did not answer at ${ready} within ${readyTimeoutMs} ms`);
  }
  // another server's answer on that port is not this one's
  if (died !== undefined || pid === undefined) return fail(died ?? "did not start");
  return { url: new URL(ready).origin, pid, log, stop };
}

/**
 * Ends the group when this process is gone: the watchdog waits for the end of a pipe whose other end only this process holds,
 * and the kernel closes that for every kind of death.
 */
function watch(group: number, folders: readonly string[]): ChildProcess {
  const script = `cat >/dev/null; kill -TERM -${group} 2>/dev/null && sleep 5; kill -KILL -${group} 2>/dev/null; rm -rf -- "$@"`;
  const child = spawn("sh", ["-c", script, "sh", ...folders], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  child.unref();
  // neither does the pipe keep this process alive
  if (child.stdin instanceof Socket) child.stdin.unref();
  return child;
}

async function endGroup(group: number, stopMs: number): Promise<void> {
  for (const [signal, ms] of [["SIGTERM", stopMs], ["SIGKILL", STOP_MS]] as const) {
    try { process.kill(-group, signal); } catch { return; }
    for (const deadline = Date.now() + ms; Date.now() < deadline; await sleep(50)) {
      if (!groupLives(group)) return;
    }
  }
}

/** Whether a process of the group still runs. A zombie does not: an orphan stays one for ever where process 1 of a container reaps nothing. */
function groupLives(group: number): boolean {
  try { process.kill(-group, 0); } catch { return false; }
  if (process.platform !== "linux") return true;
  return readdirSync("/proc").some((id) => /^\d+$/.test(id) && processGroup(id) === group);
}

/** The group of a running process; undefined when it is gone or a zombie. */
function processGroup(pid: string): number | undefined {
  try {
    // after the program's name in brackets, which may hold anything: state, parent, group
    const [, state, , group] = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\)/s, "x").split(" ");
    return state === "Z" || state === "X" ? undefined : Number(group);
  } catch { return undefined; }
}

/** Whether a process runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  try { process.kill(pid, 0); } catch { return false; }
  return process.platform !== "linux" || processGroup(String(pid)) !== undefined;
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await response.arrayBuffer();
    return response.status < 500;
  } catch { return false; }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });
