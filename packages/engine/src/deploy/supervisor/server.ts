import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isIPv4 } from "node:net";
import { packageJson } from "../../plugins.ts";
import type { Fleet, Wish } from "./fleet.ts";
import { parseRequest } from "./protocol.ts";

export interface ServerOptions {
  readonly name: string;
  readonly host: string;
  /** Who has it may use `/admin`. */
  readonly token: string;
  readonly fleet: Fleet;
  /** Resolves when what the fleet says is on the disk, or can't be. */
  flushed(): Promise<void>;
  /** Asked to end for good. */
  onEnd(): void;
}

const KEEP_ALIVE_MS = 75_000;
/** The largest request, in bytes. */
export const MAX_BODY = 64 << 20;

/** What is answered to who ends a supervisor: how long it may take to answer what it was asked, in milliseconds. */
export interface Ending { readonly withinMs: number }

interface Reply { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
type Handler = (request: IncomingMessage) => Reply | Promise<Reply>;

const ok = (body: unknown): Reply => ({ status: 200, body });
const error = (status: number, message: string): Reply => ({ status, body: { error: message }, ...(status === 503 && { headers: { "retry-after": "1" } }) });

/** The server of one deployment: the Open Inference Protocol v2, and what its clients on this machine tell it. */
export function deploymentServer({ name, host, token, fleet, flushed, onEnd }: ServerOptions): Server {
  const notReady = () => error(503, `no version of ${name} answers at the moment`);
  const infer = (version: string | undefined): Handler => async (request) => {
    const body = await bodyOf(request);
    if (body === undefined) return error(413, `the request has more than ${MAX_BODY} bytes`);
    const parsed = parseRequest(body);
    if ("error" in parsed) return error(400, parsed.error);
    const answer = await fleet.infer(version, parsed.inputs);
    switch (answer.status) {
      case "not-ready": return notReady();
      case "invalid": return error(400, answer.message);
      case "failed": case "gone": return error(500, answer.message);
      case "answered": {
        const missing = parsed.outputs?.find((o) => !answer.outputs.some((t) => t.name === o));
        if (missing !== undefined) return error(400, `there is no output ${JSON.stringify(missing)}; the model gives ${answer.outputs.map((t) => t.name).join(", ")}`);
        const outputs = parsed.outputs === undefined ? answer.outputs : answer.outputs.filter((t) => parsed.outputs!.includes(t.name));
        return ok({ model_name: name, model_version: answer.version, ...(parsed.id !== undefined && { id: parsed.id }), outputs });
      }
    }
  };
  const model = (version: string | undefined): Handler => () => {
    const found = fleet.metadata(version);
    if (found === undefined) return notReady();
    return ok({ name, versions: fleet.view().filter((v) => v.state === "ready").map((v) => v.id), ...found.metadata });
  };
  const modelReady = (version: string | undefined): Handler => () => (!fleet.answers(version) ? { ...notReady(), body: { name, ready: false } } : ok({ name, ready: true }));
  const admin: Readonly<Record<string, (path: readonly string[], body: string) => Reply | Promise<Reply>>> = {
    "GET ": async () => {
      const versions = fleet.view();
      // who hears that a version serves may rely on it: it is brought back
      await flushed();
      return ok({ name, versions });
    },
    "DELETE ": () => {
      const withinMs = fleet.patienceMs();
      onEnd();
      return ok({ withinMs } satisfies Ending);
    },
    "PUT versions": ([id = ""], body) => (fleet.put(id, JSON.parse(body) as Wish) ? ok({}) : error(404, `there is no version ${id}`)),
    "DELETE versions": async ([id = ""]) => { await fleet.drop(id); return ok({}); },
    "PUT traffic": ([id = ""], body) => (fleet.share(id, (JSON.parse(body) as Pick<Wish, "traffic">).traffic) ? ok({}) : error(409, `the version ${id} is not ready`)),
  };

  function route(method: string, path: string, request: IncomingMessage): Handler | undefined {
    const [first, ...rest] = path.split("/").filter((part) => part !== "").map(decode);
    if (first === "admin") {
      if (!isAllowed(request, token)) return () => error(401, "the token of the deployment is needed");
      const found = admin[`${method} ${rest[0] ?? ""}`];
      return found && (async () => { const body = await bodyOf(request); return body !== undefined ? found(rest.slice(1), Buffer.from(body).toString("utf8")) : error(413, "too large"); });
    }
    if (first !== "v2") return undefined;
    const [noun, asked, ...more] = rest;
    if (noun === undefined) return method === "GET" ? () => ok({ name: "mlstack", version: packageJson.version, extensions: [] }) : undefined;
    if (noun === "health" && method === "GET" && more.length === 0) {
      if (asked === "live") return () => ok({ live: true });
      if (asked === "ready") return () => (!fleet.answers() ? { ...notReady(), body: { ready: false } } : ok({ ready: true }));
    }
    if (noun !== "models") return undefined;
    if (asked !== name) return () => error(404, `there is no model ${JSON.stringify(asked ?? "")} here, but ${JSON.stringify(name)}`);
    const [version, verb] = more[0] === "versions" && more[1] !== undefined ? [more[1], more.slice(2)] : [undefined, more];
    if (version !== undefined && !fleet.view().some((v) => v.id === version)) return () => error(404, `${name} has no version ${JSON.stringify(version)}`);
    switch (`${method} ${verb.join("/")}`) {
      case "GET ": return model(version);
      case "GET ready": return modelReady(version);
      case "POST infer": return infer(version);
      default: return undefined;
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url = "/" } = request;
    const path = url.split("?", 1)[0]!;
    let reply: Reply;
    try {
      const refused = fromElsewhere(request, host);
      const handler = refused === undefined ? route(method, path, request) : () => error(403, refused);
      reply = handler === undefined ? error(404, `there is no ${method} ${path}`) : await handler(request);
    } catch (e) { reply = error(500, (e as Error).message); }
    if (response.destroyed) return;
    let text: string;
    try { text = JSON.stringify(reply.body); } catch (e) {
      // longer than a text can be
      reply = error(500, `the answer can't be sent: ${(e as Error).message}`);
      text = JSON.stringify(reply.body);
    }
    response.writeHead(reply.status, { "content-type": "application/json", "content-length": Buffer.byteLength(text), ...(reply.status === 413 && { connection: "close" }), ...reply.headers });
    response.end(method === "HEAD" ? undefined : text);
  }
  // longer than clients keep connections: one that is closed while a request is on its way is a request that fails
  return createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => { void answer(request, response); });
}

/**
 * A page in somebody's browser may reach this machine's loopback, by a name of its own that leads here. Such requests name another host, or
 * the page that they come from.
 */
function fromElsewhere({ headers }: IncomingMessage, host: string): string | undefined {
  if (!isLoopback(host)) return undefined;
  const named = (headers.host ?? "").toLowerCase().replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  if (!isLoopback(named)) return `this server is of this machine only, not of ${named}`;
  return headers.origin === undefined ? undefined : "this server answers no pages of a browser";
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

function isAllowed({ headers }: IncomingMessage, token: string): boolean {
  const given = Buffer.from(headers.authorization ?? "");
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function decode(part: string): string {
  try { return decodeURIComponent(part); } catch { return part; }
}

/** Undefined where it is too large. */
async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // read to its end all the same, but for what is far too much: who has not sent all hears no answer
    if (size <= MAX_BODY) chunks.push(chunk);
    else if (size > 4 * MAX_BODY) return undefined;
  }
  return size > MAX_BODY ? undefined : Buffer.concat(chunks);
}
