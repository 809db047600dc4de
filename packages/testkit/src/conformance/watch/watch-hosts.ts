import dgram from "node:dgram";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import dns from "node:dns";
import net from "node:net";
import type { Hear } from "./seen.ts";
import { replaced, type Call, type Undo } from "./replace.ts";

/**
 * Hears of connections, requests and names that are looked up. TCP goes by one method, whichever module it begins in (net, tls, http, https, http2, fetch);
 * requests are heard as well, for they may use a connection that is open already.
 */
export function watchHosts(hear: Hear): Undo[] {
  const at = (host: unknown, port?: unknown) => { if (typeof host === "string" && host !== "") hear({ kind: "hosts", host: host.replace(/^\[|\]$/g, "").replace(/\.$/, ""), ...(Number(port) > 0 && { port: Number(port) }) }); };
  const undo: Undo[] = [];
  undo.push(replaced(net.Socket.prototype, "connect", (args) => {
    const { host, port, path } = connection(args);
    // a socket of this machine is a file
    if (typeof path === "string") hear({ kind: "files", path, how: "read" }); else at(host ?? "localhost", port);
  }));
  undo.push(replaced(dgram.Socket.prototype, "send", ([, ...args]) => {
    // (message, [offset, length,] [port] [, address] [, callback])
    const numbers = args.filter((one) => typeof one === "number");
    const port = numbers.length === 2 ? undefined : numbers.at(-1);
    if (port !== undefined) at(args.find((one) => typeof one === "string") ?? "localhost", port);
  }));
  undo.push(replaced(dgram.Socket.prototype, "connect", ([port, address]) => at(typeof address === "string" ? address : "localhost", port)));
  for (const names of [dns, dns.promises, dns.Resolver.prototype, dns.promises.Resolver.prototype]) {
    for (const name of LOOKUPS) if (name in names) undo.push(replaced(names, name, ([host]) => at(host)));
  }
  const heard = { "http.client.request.created": ofHttp, "http.client.request.start": ofHttp, "undici:request:create": ofUndici } as const;
  function ofHttp(message: unknown): void {
    const { request } = message as { readonly request?: { readonly host?: unknown; readonly socketPath?: unknown; getHeader?(name: string): unknown } };
    if (request === undefined || typeof request.socketPath === "string") return;
    const url = `http://${String(request.getHeader?.("host") ?? request.host)}`;
    const { hostname, port } = URL.canParse(url) ? new URL(url) : { hostname: request.host, port: "" };
    at(typeof request.host === "string" ? request.host : hostname, port);
  }
  function ofUndici(message: unknown): void {
    const origin = String((message as { readonly request?: { readonly origin?: unknown } }).request?.origin);
    if (URL.canParse(origin)) { const { hostname, port, protocol } = new URL(origin); at(hostname, port === "" ? (protocol === "http:" ? 80 : 443) : port); }
  }
  for (const [channel, listen] of Object.entries(heard)) {
    subscribe(channel, listen);
    undo.push(() => { unsubscribe(channel, listen); });
  }
  return undo;
}

const LOOKUPS = ["lookup", "lookupService", "resolve", "resolve4", "resolve6", "resolveAny", "resolveCaa", "resolveCname", "resolveMx", "resolveNaptr", "resolveNs", "resolvePtr", "resolveSoa", "resolveSrv", "resolveTlsa", "resolveTxt", "reverse"] as const;

function connection(args: Call): { readonly host?: unknown; readonly port?: unknown; readonly path?: unknown } {
  // what net.connect hands on is a list of options and callback
  const [first, second] = Array.isArray(args[0]) ? (args[0] as Call) : args;
  if (typeof first === "object" && first !== null) return first;
  if (typeof first === "string" && !/^\d+$/.test(first)) return { path: first };
  return { port: first, host: typeof second === "string" ? second : undefined };
}
