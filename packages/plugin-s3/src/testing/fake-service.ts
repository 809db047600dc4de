import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Seen {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}
/** Answers one request. */
export type Answer = (seen: Seen, res: ServerResponse) => void;

export interface FakeService {
  readonly endpoint: string;
  readonly seen: readonly Seen[];
  stop(): Promise<void>;
}

/** A service that answers each request as a test says: for what a real one can't be brought to do. */
export async function fakeService(answer: Answer): Promise<FakeService> {
  const seen: Seen[] = [];
  const server = createServer((req, res) => {
    const parts: Buffer[] = [];
    req.on("data", (part: Buffer) => parts.push(part)).on("end", () => {
      const request = { method: req.method ?? "", url: req.url ?? "", headers: req.headers, body: Buffer.concat(parts) };
      seen.push(request);
      answer(request, res);
    });
  });
  await new Promise<void>((ok) => { server.listen(0, "127.0.0.1", ok); });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen,
    stop: () => new Promise((ok) => { server.close(() => ok()); server.closeAllConnections(); }),
  };
}

/** An error as S3 words it. */
export function refuse(res: ServerResponse, status: number, code: string): void {
  res.writeHead(status, { "content-type": "application/xml" }).end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>said the fake</Message></Error>`);
}
