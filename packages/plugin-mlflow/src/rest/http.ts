import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { MlstackError } from "@mlstack/core";
import type { Dispatcher } from "undici";
import type { z } from "zod";
import type { ServerConfig } from "../config.ts";
import { connectionFailure, garbledFailure, statusFailure, timeoutFailure, type Failure } from "./failure.ts";
import { waitMs, type RetryPolicy } from "./retry.ts";

/** One call of the server. */
export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the server's address, percent-encoded, such as `/api/2.0/mlflow/runs/get`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
  readonly json?: unknown;
  /** A body of bytes instead of `json`; opened anew for each try. */
  readonly body?: { readonly size: number; open(): AsyncIterable<Uint8Array> } | undefined;
  /** What it does, for messages, such as `creating the run`. */
  readonly operation: string;
  /** Whether doing it twice is the same as once. If not, it is tried again only where it surely was not done. */
  readonly repeatable: boolean;
  readonly signal?: AbortSignal | undefined;
}

const RETRIES: RetryPolicy = { tries: 4, baseMs: 200, maxMs: 20_000 };

/**
 * The line to one server.
 *
 * Every method rejects with MLS6001 (not reached, no or half an answer, 408, 429, 5xx, also when it was tried again), MLS6002 (401, 403)
 * or MLS6003 (anything else); `details.outcome` says whether the call may have been done. An aborted call rejects with the signal's reason.
 */
export interface Http {
  /** The server's address, without a slash at its end. */
  readonly server: string;
  json<S extends z.ZodType>(call: Call, answer: S): Promise<z.output<S>>;
  text(call: Call): Promise<string>;
  bytes(call: Call): Promise<Uint8Array>;
  close(): Promise<void>;
}

interface Answer { readonly status: number; readonly body: Buffer }

/**
 * @param projectDir where a relative `caFile` is meant from
 * @throws MLS2009 when the file of certificates can't be read
 */
export async function http(config: ServerConfig, resolvePath: (path: string) => string, policy: RetryPolicy = RETRIES): Promise<Http> {
  const undici = await import("undici");
  const server = config.trackingUri.replace(/\/+$/, "");
  const ca = config.caFile === undefined ? undefined : await readCa(resolvePath(config.caFile));
  const dispatcher = new undici.Agent({
    // servers close idle connections after 2 s (gunicorn) or 5 s (uvicorn): a call that meets that moment looks as if it might have been done
    connections: 8, pipelining: 1, keepAliveTimeout: 1000, keepAliveMaxTimeout: 1500,
    connect: { timeout: Math.min(config.timeoutMs, 10_000), rejectUnauthorized: !config.insecureSkipVerify, ...(ca !== undefined && { ca }) },
    headersTimeout: 0, bodyTimeout: 0,
  });
  const authorization = config.token !== undefined ? `Bearer ${config.token}`
    : config.username === undefined ? undefined : `Basic ${Buffer.from(`${config.username}:${config.password ?? ""}`).toString("base64")}`;

  let closing: Promise<void> | undefined;

  async function once(call: Call): Promise<Answer | Failure> {
    const url = new URL(server + call.path);
    for (const [k, v] of Object.entries(call.query ?? {})) if (v !== undefined) url.searchParams.set(k, v);
    const limit = limiter(config.timeoutMs, call.signal);
    try {
      const response = await undici.request(url, {
        dispatcher, method: call.method as Dispatcher.HttpMethod, signal: limit.signal,
        headers: {
          accept: "application/json, */*", ...(authorization !== undefined && { authorization }),
          ...(call.json !== undefined && { "content-type": "application/json" }),
          ...(call.body !== undefined && { "content-type": "application/octet-stream", "content-length": String(call.body.size) }),
        },
        body: call.json !== undefined ? JSON.stringify(call.json) : call.body === undefined ? null : Readable.from(limit.watch(call.body.open()), { objectMode: false }),
      });
      const chunks: Uint8Array[] = [];
      for await (const chunk of limit.watch(response.body as AsyncIterable<Uint8Array>)) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      return response.statusCode < 300 ? { status: response.statusCode, body } : statusFailure(call.operation, server, response.statusCode, response.headers, body.toString("utf8"));
    } catch (e) {
      call.signal?.throwIfAborted();
      if (MlstackError.is(e)) throw e; // the bytes to send could not be read
      return limit.expired() ? timeoutFailure(config.timeoutMs, call.operation, server) : connectionFailure(e, call.operation, server);
    } finally { limit.done(); }
  }

  async function tried<T>(call: Call, read: (answer: Answer) => T | Failure): Promise<T> {
    for (let n = 1; ; n++) {
      call.signal?.throwIfAborted();
      const answer = await once(call);
      const result = isFailure(answer) ? answer : read(answer);
      if (!isFailure(result)) return result;
      const again = result.transient && (call.repeatable || result.outcome !== "unknown");
      if (!again || n >= policy.tries) throw result.error;
      await sleep(waitMs(policy, n, result.retryAfterMs), undefined, { signal: call.signal }).catch((e: unknown) => { call.signal?.throwIfAborted(); throw e; });
    }
  }

  return {
    server,
    json: (call, answer) => tried(call, ({ status, body }) => {
      const text = body.toString("utf8");
      let value: unknown;
      // MLflow 3 answers some calls with nothing where MLflow 2 says {}
      try { value = text.trim() === "" ? {} : JSON.parse(text); } catch (e) { return garbledFailure(call.operation, server, status, text, e); }
      const parsed = answer.safeParse(value);
      return parsed.success ? parsed.data : garbledFailure(call.operation, server, status, text, parsed.error);
    }),
    text: (call) => tried(call, ({ body }) => body.toString("utf8")),
    bytes: (call) => tried(call, ({ body }) => new Uint8Array(body)),
    close: () => (closing ??= dispatcher.close()),
  };
}

/** Ends a call in which nothing moved for so long: for small calls that is the whole call, a large file only has to keep moving. */
function limiter(ms: number, outer: AbortSignal | undefined): { signal: AbortSignal; watch(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>; expired(): boolean; done(): void } {
  const own = new AbortController();
  const timer = setTimeout(() => own.abort(), ms);
  return {
    signal: outer === undefined ? own.signal : AbortSignal.any([own.signal, outer]),
    async *watch(source) { for await (const chunk of source) { timer.refresh(); yield chunk; } },
    expired: () => own.signal.aborted,
    done: () => clearTimeout(timer),
  };
}

async function readCa(path: string): Promise<string> {
  try { return await readFile(path, "utf8"); } catch (cause) {
    throw new MlstackError("MLS2009", `the file of certificates ${path} cannot be read`, { fix: "correct caFile", cause });
  }
}

const isFailure = (v: unknown): v is Failure => typeof v === "object" && v !== null && "transient" in v && "error" in v;
