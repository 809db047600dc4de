import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** What processes reach, or try to: by a proxy that refuses everything, and by a look over the shoulder of their sockets for those that ask no proxy. */
export interface Outbound {
  /** For the processes that are watched, and those that they start: what is not on this machine is asked for at the proxy. */
  readonly env: Readonly<Record<string, string>>;
  /** What was asked for at the proxy: hosts or addresses. */
  readonly refused: readonly string[];
  /** Hosts and ports that sockets were opened to, each once. */
  reached(): readonly string[];
  stop(): Promise<void>;
}

/** Loaded into each process of Node's before all else. */
const SPY = `
import { appendFileSync } from "node:fs";
import { Socket } from "node:net";
const { connect } = Socket.prototype;
Socket.prototype.connect = function (...args) {
  const [options] = Array.isArray(args[0]) ? args[0] : args;
  if (options?.port !== undefined && options.port !== null) appendFileSync(process.env.OUTBOUND_LOG, \`\${options.host ?? "localhost"}:\${options.port}\\n\`);
  return connect.apply(this, args);
};
`;

/** @param folder keeps its files */
export async function outbound(folder: string): Promise<Outbound> {
  const refused: string[] = [];
  const server = createServer((request, response) => {
    refused.push(request.url ?? "");
    response.writeHead(403).end();
  });
  server.on("connect", (request: IncomingMessage, socket) => {
    refused.push(request.url ?? "");
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await new Promise<void>((done) => { server.listen(0, "127.0.0.1", done); });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [spy, log] = [join(folder, "spy.mjs"), join(folder, "outbound.log")];
  writeFileSync(spy, SPY);
  const proxies = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "npm_config_proxy", "npm_config_https_proxy"];
  return {
    refused,
    env: { ...Object.fromEntries(proxies.map((name) => [name, `http://${address}`])), NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1", npm_config_noproxy: "127.0.0.1", NODE_USE_ENV_PROXY: "1", NODE_OPTIONS: `--import=${pathToFileURL(spy).href}`, OUTBOUND_LOG: log },
    reached: () => (existsSync(log) ? [...new Set(readFileSync(log, "utf8").split("\n").filter((line) => line !== ""))].toSorted() : []),
    stop: () => new Promise((done) => {
      server.close(() => { done(); });
      server.closeAllConnections();
    }),
  };
}
