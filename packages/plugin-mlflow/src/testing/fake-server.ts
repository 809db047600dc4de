import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { ServerConfig } from "../config.ts";

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Cuts the connection: before an answer, or within its body. */
  readonly cut?: "before" | "within";
  /** Never answers. */
  readonly hang?: boolean;
}

export interface FakeServer {
  readonly config: ServerConfig;
  /** Method, path and body of each request so far. */
  readonly seen: { readonly method: string; readonly path: string; readonly body: string; readonly headers: IncomingMessage["headers"] }[];
  stop(): Promise<void>;
}

/** A server that answers with what it is told, one reply per request; the last one again and again. */
export async function fakeServer(replies: readonly Reply[], config: Partial<ServerConfig> = {}): Promise<FakeServer> {
  const seen: FakeServer["seen"] = [];
  const server: Server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (c: Buffer) => chunks.push(c)).on("end", () => {
      const reply = replies[Math.min(seen.length, replies.length - 1)] ?? {};
      seen.push({ method: req.method ?? "", path: req.url ?? "", body: Buffer.concat(chunks).toString("utf8"), headers: req.headers });
      if (reply.hang === true) return;
      if (reply.cut === "before") { req.socket.destroy(); return; }
      const body = typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body ?? {});
      if (reply.cut === "within") {
        res.writeHead(reply.status ?? 200, { "content-length": String(body.length + 10) });
        res.write(body, () => { setTimeout(() => req.socket.destroy(), 5); });
        return;
      }
      res.writeHead(reply.status ?? 200, reply.headers).end(body);
    });
  });
  await new Promise<void>((ok) => { server.listen(0, "127.0.0.1", ok); });
  return {
    config: { trackingUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/base/`, insecureSkipVerify: false, timeoutMs: 2000, ...config }, seen,
    stop: () => new Promise((ok) => { server.close(() => ok()); server.closeAllConnections(); }),
  };
}
