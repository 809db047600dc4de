import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

/** A whole answer. */
export interface Answer {
  readonly status: number;
  /** Names and values in turn, as they came. */
  readonly headers: string[];
  readonly body: Buffer;
}

/** Ids that are drawn by lot: UUIDs, MLflow's of runs, ours of runs, and those of experiments in paths of artifacts and as parameters. */
const BY_LOT = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<![0-9a-zA-Z])(?:[0-9a-f]{32}|[0-9a-hjkmnp-tv-z]{16})(?![0-9a-zA-Z])|(?<=\/artifacts\/|experiment_id=)\d+/g;

/**
 * Says what a request is, apart from what services and clients make up: tokens of uploads and pages are left out, and ids that are drawn by
 * lot are replaced by the order in which they were first seen. So requests of two runs of one test are the same.
 */
export function identities(): (req: Pick<IncomingMessage, "method" | "url">) => string {
  const ids = new Map<string, string>();
  const stable = (id: string): string => {
    const known = ids.get(id) ?? `<${ids.size + 1}>`;
    ids.set(id, known);
    return known;
  };
  return ({ method, url = "/" }) => {
    const parsed = new URL(url, "http://proxy");
    for (const name of ["uploadId", "continuation-token", "page_token"]) if (parsed.searchParams.has(name)) parsed.searchParams.set(name, "-");
    return `${method} ${parsed.pathname}${parsed.search}`.replace(BY_LOT, stable);
  };
}

/** Sends an answer. */
export function send(res: ServerResponse, { status, headers, body }: Answer, req: IncomingMessage): void {
  res.writeHead(status, headers);
  res.end(req.method === "HEAD" ? undefined : body);
}

/** An error in the form that clients of the protocol expect. */
export function failure(protocol: "s3" | "json", status: number, retryAfter?: number): Answer {
  const s3Code = status === 500 ? "InternalError" : status === 429 ? "TooManyRequests" : status === 503 ? "SlowDown" : "BadGateway";
  const body = Buffer.from(protocol === "s3"
    ? `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${s3Code}</Code><Message>made by the fault proxy</Message></Error>`
    : JSON.stringify({ error_code: status === 429 ? "RESOURCE_EXHAUSTED" : "TEMPORARILY_UNAVAILABLE", message: "made by the fault proxy" }));
  const headers = ["content-type", protocol === "s3" ? "application/xml" : "application/json", "content-length", String(body.byteLength), ...(retryAfter === undefined ? [] : ["retry-after", String(retryAfter)])];
  return { status, headers, body };
}

export async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

export const pick = (from: readonly number[], random: () => number): number => from[Math.floor(random() * from.length)] ?? 500;

export const pairs = (raw: readonly string[]): [string, string][] => Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i] ?? "", raw[2 * i + 1] ?? ""]);

/** Numbers from 0 to 1, the same for the same text (mulberry32). */
export function generator(text: string): () => number {
  let state = createHash("sha256").update(text).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
