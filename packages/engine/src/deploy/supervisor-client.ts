import { fork } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { MlstackError, type CallOptions } from "@mlstack/core";
import { fsError } from "../local/fs-errors.ts";
import { packageDir } from "../plugins.ts";
import { isThere, processId, signal, type ProcessId } from "../project/process-id.ts";
import { deployFault } from "./deploy-fault.ts";
import type { DeploymentFolder, DeploymentRecord } from "./deployment-folder.ts";
import type { VersionView } from "./supervisor/fleet.ts";
import type { FromSupervisor, ToSupervisor } from "./supervisor/messages.ts";
import type { Ending } from "./supervisor/server.ts";

/** An answer of a supervisor. */
export interface HttpAnswer { readonly status: number; readonly body: unknown }

/** No whole answer came. `sent`: whether the request may have been seen. */
export class LostAnswer extends Error {
  readonly sent: boolean;
  constructor(sent: boolean, cause: unknown) {
    super(sent ? "the connection broke before the answer was here" : "nobody listens there", { cause });
    this.sent = sent;
  }
}

/** How long a supervisor may take until it listens, in milliseconds: on a loaded machine Node itself takes seconds. */
const START_MS = 60_000;
const ADMIN_MS = 30_000;

/** Sends one request on a connection of its own: one that was kept open may be closed by a server that ends, and then nobody knows whether it was seen. */
export function ask(at: Pick<DeploymentRecord, "host" | "port">, method: string, path: string, body?: object, { headers = {}, signal, timeoutMs }: CallOptions & { readonly headers?: Readonly<Record<string, string>>; readonly timeoutMs?: number } = {}): Promise<HttpAnswer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const time = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  const until = signal === undefined ? time : time === undefined ? signal : AbortSignal.any([signal, time]);
  return new Promise((done, fail) => {
    let connected = false;
    const sent = request({
      host: at.host, port: at.port, method, path, agent: false, ...(until !== undefined && { signal: until }),
      headers: { ...headers, ...(text !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(text) }) },
    }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", lost);
      response.on("end", () => {
        done({ status: response.statusCode ?? 0, body: parsed(Buffer.concat(chunks).toString("utf8")) });
      });
    });
    const lost = (e: unknown) => { if (signal?.aborted === true) fail(signal.reason as Error); else fail(new LostAnswer(connected, e)); };
    sent.on("socket", (socket) => socket.once("connect", () => { connected = true; }));
    sent.on("error", lost);
    sent.end(text);
  });
}

/** JSON, or what another program that has the port says. */
function parsed(text: string): unknown {
  if (text === "") return undefined;
  try { return JSON.parse(text) as unknown; } catch { return { error: text.slice(0, 200) }; }
}

/** Tells the supervisor of a deployment something. Throws a LostAnswer. */
export async function admin(record: DeploymentRecord, method: string, path = "", body?: object, options: CallOptions = {}): Promise<HttpAnswer> {
  return ask(record, method, `/admin${path}`, body, { ...options, headers: { authorization: `Bearer ${record.token}` }, timeoutMs: ADMIN_MS });
}

/** What a deployment's supervisor says; undefined when it is gone: ended, killed, or another program has its port. */
export async function supervised(record: DeploymentRecord, options: CallOptions = {}): Promise<readonly VersionView[] | undefined> {
  if (record.supervisor === null || isThere(record.supervisor) === false) return undefined;
  try {
    const { status, body } = await admin(record, "GET", "", undefined, options);
    return status === 200 ? (body as { versions: VersionView[] }).versions : undefined;
  } catch (e) {
    if (e instanceof LostAnswer) return undefined;
    throw e;
  }
}

/**
 * Starts the supervisor of a deployment: a process of its own, that outlives this one and its terminal as soon as the record names it. Where this
 * process is killed before that, the supervisor ends, too.
 *
 * @returns the record as it was written: with the process, and the port that was free where none was named (0)
 * @throws MLS6003 `conflict` when the port is another program's, `failed`
 */
export async function startSupervisor(folder: DeploymentFolder, record: DeploymentRecord, projectDir: string): Promise<DeploymentRecord> {
  let log: number;
  try { log = openSync(folder.path("supervisor.log"), "w", 0o600); } catch (e) { throw fsError(e, "writing", folder.path("supervisor.log")); }
  const child = fork(program(), [folder.dir, projectDir], { cwd: projectDir, detached: true, stdio: ["ignore", log, log, "ipc"], execArgv: [] });
  closeSync(log);
  const why = (how: string) => deployFault("failed", `the process that serves ${record.name} did not start: ${how}`, { why: `what it printed is in ${folder.path("supervisor.log")}` });
  const said = await new Promise<FromSupervisor>((done, fail) => {
    const late = setTimeout(() => { child.kill("SIGKILL"); fail(why(`it did not listen within ${START_MS / 1000} s`)); }, START_MS);
    const end = (how: string) => { clearTimeout(late); fail(why(how)); };
    child.once("error", (e) => end(e.message));
    child.once("exit", (code, by) => end(by === null ? `it ended with ${code}` : `it was ended by ${by}`));
    child.once("message", (message: FromSupervisor) => { clearTimeout(late); done(message); });
  });
  if (said.kind === "failed") {
    if (said.code === "EADDRINUSE") {
      throw deployFault("conflict", `the port ${record.port} of the deployment ${record.name} is taken by another program`, { why: "a deployment keeps its port", fix: `end that program, or give the name up: mlstack deployment delete ${record.name}`, details: { port: record.port } });
    }
    throw why(said.message);
  }
  const started: DeploymentRecord = { ...record, port: said.port, supervisor: processId(child.pid!) ?? null };
  try {
    await folder.write(started);
    await new Promise<void>((done, fail) => { child.send({ kind: "recorded" } satisfies ToSupervisor, (e) => { if (e === null) done(); else fail(why(e.message)); }); });
  } catch (e) { child.kill("SIGKILL"); throw e; }
  if (child.connected) child.disconnect();
  child.unref();
  return started;
}

/** How long a supervisor that was asked to end may take beyond what it has to answer, in milliseconds; then it is killed. */
const END_MS = 60_000;
const LOOK_MS = 50;

/** Ends the supervisor of a deployment and all processes that it started; resolves when they are gone. What has another's number is not touched. */
export async function endSupervisor(folder: DeploymentFolder, record: DeploymentRecord): Promise<void> {
  const { supervisor } = record;
  if (supervisor !== null && isThere(supervisor) !== false) {
    const asked = await admin(record, "DELETE").catch((e: unknown) => { if (e instanceof LostAnswer) return undefined; throw e; });
    if (asked?.status === 200) await goneWithin(supervisor, (asked.body as Ending).withinMs + END_MS);
    if (signal(supervisor, "SIGKILL")) await goneWithin(supervisor, END_MS);
    // a system that tells no births: it is not killed by a number that may be another's
    if (isThere(supervisor) === true) throw deployFault("failed", `the process ${supervisor.pid} of the deployment ${record.name} does not end`);
  }
  await endLeftovers(folder);
}

/** Ends processes that are left: of a supervisor that was killed, they end by themselves, too, and this waits for it; or all, where the record is damaged. */
export async function endLeftovers(folder: DeploymentFolder): Promise<void> {
  for (const id of folder.processes()) if (signal(id, "SIGKILL")) await goneWithin(id, END_MS);
}

async function goneWithin(id: ProcessId, ms: number): Promise<void> {
  for (const until = performance.now() + ms; isThere(id) !== false && performance.now() < until;) await new Promise((done) => { setTimeout(done, LOOK_MS); });
}

function program(): string {
  return [join(packageDir, "dist", "deploy", "supervisor", "supervisor-main.js"), join(packageDir, "src", "deploy", "supervisor", "supervisor-main.ts")].find((path) => existsSync(path))!;
}

/** An answer that did not come, as an error that says whether asking again is safe. */
export function lostAnswer(name: string, e: LostAnswer): MlstackError {
  if (!e.sent) return deployFault("not-ready", `nothing answers for the deployment ${name}`, { why: "its process is gone", fix: `mlstack deployment start ${name}`, cause: e });
  return new MlstackError("MLS6001", `the deployment ${name} gave no whole answer`, { why: "the model may have seen the request, so it was not sent again", cause: e });
}
