import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const TYPES: Readonly<Record<string, string>> = { html: "text/html; charset=utf-8", css: "text/css; charset=utf-8", js: "text/javascript; charset=utf-8", json: "application/json", svg: "image/svg+xml" };

export interface Served {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  /** Paths that were not there. */
  readonly missing: readonly string[];
  stop(): Promise<void>;
}

/** Serves files from memory on a free port of this machine, as the plainest of servers would. */
export async function serve(files: Readonly<Record<string, string>>): Promise<Served> {
  const missing: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://x").pathname).slice(1);
    const text = Object.hasOwn(files, path) ? files[path] : undefined;
    if (text === undefined) missing.push(path);
    response.writeHead(text === undefined ? 404 : 200, { "content-type": TYPES[path.split(".").at(-1)!] ?? "text/plain" }).end(text ?? "not there");
  });
  await new Promise<void>((done) => { server.listen(0, "127.0.0.1", done); });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, missing,
    stop: () => new Promise((done, failed) => { server.closeAllConnections(); server.close((e) => { if (e === undefined) done(); else failed(e); }); }),
  };
}
