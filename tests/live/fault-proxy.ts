import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { collect, failure, generator, identities, pairs, pick, send, type Answer } from "./testing/http-answers.ts";

/** What can go wrong with a request on its way. */
export const FAULTS = [
  /** Passed on after a while. */
  "latency",
  /** The connection is reset before the request is passed on. */
  "reset-before",
  /** Part of the request is passed on, then both connections are reset. */
  "reset-request",
  /** The request is done, its answer lost: the connection is reset. */
  "reset-response",
  /** 500, 502 or 503, and the request is not passed on. */
  "error",
  /** 500, 502 or 503, although the request is done. */
  "error-after-commit",
  /** 429 with Retry-After. */
  "throttle",
  /** Part of the answer's body, then the connection is reset. Where there is no body: `reset-response`. */
  "truncate",
  /** The request is passed on to nobody and never answered. */
  "hang",
  /** The request is done and never answered. */
  "hang-after-commit",
] as const;
export type FaultKind = (typeof FAULTS)[number];

export interface FaultRecord {
  /** Number of the request, from 1. */
  readonly request: number;
  readonly kind: FaultKind;
  readonly method: string;
  readonly path: string;
  /** The upstream's status where it got the request. */
  readonly upstreamStatus?: number | undefined;
}

export interface FaultProxyOptions {
  /** The origin of the service, such as `http://127.0.0.1:9000`. */
  readonly upstream: string;
  readonly seed: number;
  /** Of the requests that have a fault: 0 to 1. */
  readonly rate: number;
  /** All kinds by default. */
  readonly kinds?: readonly FaultKind[] | undefined;
  /** The form of errors' bodies. */
  readonly protocol: "s3" | "json";
  /** In seconds; 1 by default. */
  readonly retryAfter?: number | undefined;
}

export interface FaultProxy {
  readonly url: string;
  /** The faults so far, in the order in which they were made. */
  readonly log: readonly FaultRecord[];
  /** All requests so far. */
  requests(): number;
  stop(): Promise<void>;
}

/**
 * A service with faults in front of it. The Host header is passed on as it came, so signatures that cover it stay valid.
 *
 * What happens to a request depends on the seed, the request's method and path, and how often it was seen: not on the order in which parallel
 * requests come, nor on ids that are drawn by lot. So a test that makes the same requests meets the same faults.
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { seed, rate, kinds = FAULTS, protocol, retryAfter = 1 } = options;
  const upstream = new URL(options.upstream);
  const agent = new Agent({ keepAlive: false });
  const log: FaultRecord[] = [];
  const seen = new Map<string, number>();
  const identityOf = identities();
  let count = 0;

  function plan(req: IncomingMessage): { fault: FaultKind | undefined; random: () => number } {
    const identity = identityOf(req);
    const nth = (seen.get(identity) ?? 0) + 1;
    seen.set(identity, nth);
    const random = generator(`${seed} ${identity} ${nth}`);
    const fault = random() < rate ? kinds[Math.floor(random() * kinds.length)] : undefined;
    return { fault, random };
  }

  /** Passes a request on: whole, or the first `part` bytes of its body and then a reset. */
  function forward(req: IncomingMessage, body: Buffer, part?: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = pairs(req.rawHeaders).filter(([name]) => !/^(expect|connection)$/i.test(name)).flat();
      const up = request({ host: upstream.hostname, port: upstream.port, method: req.method, path: req.url, headers, agent, setHost: false }, (res) => {
        collect(res).then((bytes) => resolve({ status: res.statusCode ?? 0, headers: pairs(res.rawHeaders).filter(([name]) => !/^(connection|keep-alive)$/i.test(name)).flat(), body: bytes }), reject);
      });
      up.once("error", reject);
      if (part === undefined) up.end(body);
      else up.write(body.subarray(0, part), () => up.destroy(new Error("cut off by the fault proxy")));
    });
  }

  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const ordinal = ++count;
    const { fault, random } = plan(req);
    const record = (kind: FaultKind, upstreamStatus?: number): void => { log.push({ request: ordinal, kind, method: req.method ?? "", path: req.url ?? "", ...(upstreamStatus !== undefined && { upstreamStatus }) }); };
    const reset = (): void => { req.socket.resetAndDestroy(); };
    if (fault === "reset-before") { record(fault); return reset(); }
    const body = await collect(req);
    switch (fault) {
      case "hang": return record(fault);
      case "reset-request":
        record(fault);
        if (body.byteLength > 1) await forward(req, body, Math.floor(random() * body.byteLength)).catch(() => undefined);
        return reset();
      case "error": record(fault); return send(res, failure(protocol, pick([500, 502, 503], random)), req);
      case "throttle": record(fault); return send(res, failure(protocol, 429, retryAfter), req);
      case "latency": record(fault); await new Promise((ok) => { setTimeout(ok, 5 + random() * 95); }); break;
      case undefined: case "reset-response": case "error-after-commit": case "truncate": case "hang-after-commit": break;
    }
    const answer = await forward(req, body);
    switch (fault) {
      case "reset-response": record(fault, answer.status); return reset();
      case "hang-after-commit": return record(fault, answer.status);
      case "error-after-commit": record(fault, answer.status); return send(res, failure(protocol, pick([500, 502, 503], random)), req);
      case "truncate": {
        const cut = Math.floor(random() * answer.body.byteLength);
        record(answer.body.byteLength === 0 ? "reset-response" : fault, answer.status);
        if (answer.body.byteLength === 0) return reset();
        res.writeHead(answer.status, answer.headers);
        // the rest is never sent; what was, is given the time to arrive
        return void res.write(answer.body.subarray(0, cut), () => { setTimeout(() => req.socket.destroy(), 5); });
      }
      case undefined: case "latency": return send(res, answer, req);
    }
  }

  const server = createServer();
  const listener = (req: IncomingMessage, res: ServerResponse): void => {
    // a service that is gone is gone for the client, too
    handle(req, res).catch(() => { req.socket.destroy(); });
  };
  server.on("connection", (socket) => { socket.on("error", () => undefined); });
  server.on("request", listener);
  server.on("checkContinue", (req: IncomingMessage, res: ServerResponse) => { res.writeContinue(); listener(req, res); });
  await new Promise<void>((ok, fail) => { server.once("error", fail).listen(0, "127.0.0.1", ok); });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`, log, requests: () => count,
    stop: () => new Promise((ok) => { server.close(() => ok()); server.closeAllConnections(); agent.destroy(); }),
  };
}
