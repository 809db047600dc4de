import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Packument, PackumentVersion } from "../registry/packument.ts";
import type { PackageShelf } from "../registry/shelf.ts";

/** A registry on this machine's own address, for as long as a package manager works; also a proxy that lets nothing through. */
export interface ShelfServer {
  /** With a slash at its end. */
  readonly url: string;
  /** What was asked for and is not here: packages, and addresses of other hosts. */
  readonly missing: ReadonlySet<string>;
  close(): Promise<void>;
}

/** @param ownAddresses says where tarballs lie in the registry that they come from, not here */
export async function serveShelf(shelf: PackageShelf, ownAddresses: boolean): Promise<ShelfServer> {
  const missing = new Set<string>();
  let base = "";
  let unusual: Promise<ReadonlyMap<string, PackumentVersion>> | undefined;
  const server = createServer((request, response) => {
    answer(request, response).catch(() => { response.destroy(); });
  });

  async function answer({ url: asked = "/", method }: IncomingMessage, response: ServerResponse): Promise<void> {
    // who takes this for a proxy sends whole addresses
    const url = new URL(asked, base);
    const path = decoded(url.pathname);
    const [, name] = /^\/((?:@[^/]+\/)?[^/]+)$/.exec(path) ?? [];
    if (url.origin !== new URL(base).origin) refuse(url.host, 403, response);
    else if (method !== "GET" && method !== "HEAD") nothing(response, 405);
    else if (name === undefined) await sendTarball(path, response);
    else await describe(name, response);
  }
  async function describe(name: string, response: ServerResponse): Promise<void> {
    const found = await shelf.packument(name);
    if (found === undefined) { refuse(name, 404, response); return; }
    send(response, "application/json", Buffer.from(JSON.stringify(ownAddresses ? found : withAddresses(found, base))));
  }
  async function sendTarball(path: string, response: ServerResponse): Promise<void> {
    const version = await versionAt(path);
    const bytes = version === undefined ? undefined : await shelf.tarball(version.dist.integrity);
    if (bytes === undefined) refuse(version === undefined ? path.slice(1) : `${version.name}@${version.version}`, 404, response); else send(response, "application/octet-stream", bytes);
  }
  /** The path is that in the registry itself, which may be below others: `/npm/left/-/left-1.4.0.tgz`. */
  async function versionAt(path: string): Promise<PackumentVersion | undefined> {
    const [, name = "", file] = /\/((?:@[^/]+\/)?[^/]+)\/-\/([^/]+\.tgz)$/.exec(path) ?? [];
    const usual = Object.values((await shelf.packument(name))?.versions ?? {}).find((each) => addressOf(each, "") === `${name}/-/${file}`);
    if (usual !== undefined) return usual;
    unusual ??= Promise.all((await shelf.names()).map((each) => shelf.packument(each)))
      .then((all) => new Map(all.flatMap((each) => Object.values(each?.versions ?? {}).map((version) => [pathOf(version.dist.tarball), version] as const))));
    return (await unusual).get(path);
  }
  function refuse(what: string, status: number, response: ServerResponse): void {
    missing.add(what);
    nothing(response, status);
  }

  server.on("connect", ({ url = "" }: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => { socket.destroy(); });
    if (url === new URL(base).host) {
      // berry comes here, too, by a tunnel
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      if (head.length > 0) socket.unshift(head);
      server.emit("connection", socket);
      return;
    }
    missing.add(url.replace(/:443$/, ""));
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await new Promise<void>((listening, failed) => {
    server.once("error", failed);
    server.listen(0, "127.0.0.1", listening);
  });
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url: base, missing,
    close: () => new Promise((closed) => {
      server.close(() => { closed(); });
      server.closeAllConnections();
    }),
  };
}

/** Where such a server has a tarball: as registries do, by the package's name and version. */
export function addressOf({ name, version }: { readonly name: string; readonly version: string }, base: string): string {
  return `${base}${name}/-/${name.slice(name.indexOf("/") + 1)}-${version}.tgz`;
}

function withAddresses(packument: Packument, base: string): Packument {
  return { ...packument, versions: Object.fromEntries(Object.entries(packument.versions).map(([key, version]) => [key, { ...version, dist: { ...version.dist, tarball: addressOf(version, base) } }])) };
}

function pathOf(address: string): string {
  return URL.canParse(address) ? decoded(new URL(address).pathname) : address;
}

function decoded(text: string): string {
  try { return decodeURIComponent(text); } catch { return text; }
}

function send(response: ServerResponse, type: string, body: Uint8Array): void {
  response.writeHead(200, { "content-type": type, "content-length": body.length }).end(body);
}

function nothing(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-type": "application/json" }).end('{"error":"not here"}');
}
