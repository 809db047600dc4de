import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { MadePlugin } from "./plugins.ts";

/** One request that a registry got. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A registry by npm's public registry API, as far as reading goes, that can also misbehave. */
export interface FakeRegistry {
  /** With a slash at its end. */
  readonly url: string;
  readonly seen: SeenRequest[];
  /** Adds a version; the one added last is `latest`. */
  add(made: MadePlugin, change?: (versionJson: Record<string, unknown>) => Record<string, unknown>): void;
  /** Takes a version's tarball for another one. */
  replaceTarball(name: string, version: string, bytes: Uint8Array): void;
  /** Answers requests whose URL matches; null takes the answer away. */
  on(pattern: RegExp, handler: Handler | null): void;
  stop(): Promise<void>;
}

/** @param options.path below which the registry lies: `repository/npm/`; @param options.token is wanted of every request */
export async function fakeRegistry({ path = "", token }: { readonly path?: string; readonly token?: string } = {}): Promise<FakeRegistry> {
  const packages = new Map<string, { readonly latest: string; readonly versions: Record<string, unknown>; readonly time: Record<string, string> }>();
  const tarballs = new Map<string, Uint8Array>();
  const handlers = new Map<string, readonly [RegExp, Handler]>();
  const seen: SeenRequest[] = [];
  const json = (response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void => { response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body)); };

  const server = createServer((request, response) => {
    const url = request.url ?? "";
    seen.push({ method: request.method ?? "", url, headers: request.headers });
    const handler = [...handlers.values()].find(([pattern]) => pattern.test(url))?.[1];
    if (handler !== undefined) { handler(request, response); return; }
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) { json(response, request.headers.authorization === undefined ? 401 : 403, { error: "who are you?" }); return; }
    if (!url.startsWith(`/${path}`)) { json(response, 404, { error: "not found" }); return; }
    const rest = decodeURIComponent(url.slice(1 + path.length));
    const bytes = tarballs.get(rest);
    if (bytes !== undefined) { response.writeHead(200, { "content-type": "application/octet-stream", "content-length": String(bytes.length) }).end(bytes); return; }
    if (rest.startsWith("-/v1/search?")) { json(response, 200, { objects: [...packages].map(([name, { latest, versions, time }]) => ({ package: { name, version: latest, ...searchFields(versions[latest]), date: time[latest] } })), total: packages.size }); return; }
    const found = packages.get(rest);
    if (found === undefined) { json(response, 404, { error: "Not found" }); return; }
    const etag = `"${createHash("sha1").update(JSON.stringify(found)).digest("hex")}"`;
    if (request.headers["if-none-match"] === etag) { response.writeHead(304).end(); return; }
    json(response, 200, { _id: rest, name: rest, "dist-tags": { latest: found.latest }, versions: found.versions, time: { created: "2026-01-01T00:00:00.000Z", ...found.time } }, { etag });
  });
  await new Promise<void>((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`;
  const tarballPath = (name: string, version: string): string => `${name}/-/${name.split("/").at(-1)!}-${version}.tgz`;

  return {
    url: base, seen,
    add({ packageJson, version: { name, version, integrity, publishedAt, deprecated, provenance }, tarball }, change = (v) => v) {
      tarballs.set(tarballPath(name, version), tarball);
      const known = packages.get(name) ?? { versions: {}, time: {} };
      const dist = { tarball: `${base}${tarballPath(name, version)}`, integrity, shasum: createHash("sha1").update(tarball).digest("hex"), unpackedSize: 1234, ...(provenance && { attestations: { url: "x", provenance: { predicateType: "https://slsa.dev/provenance/v1" } } }) };
      packages.set(name, { latest: version, versions: { ...known.versions, [version]: change({ ...packageJson, _id: `${name}@${version}`, ...(deprecated !== undefined && { deprecated }), dist }) }, time: { ...known.time, ...(publishedAt !== undefined && { [version]: publishedAt }) } });
    },
    replaceTarball(name, version, bytes) { tarballs.set(tarballPath(name, version), bytes); },
    on(pattern, handler) {
      if (handler === null) handlers.delete(pattern.source);
      else handlers.set(pattern.source, [pattern, handler]);
    },
    stop: () => new Promise((resolve) => {
      server.close(() => { resolve(); });
      server.closeAllConnections();
    }),
  };
}

function searchFields(version: unknown): Record<string, unknown> {
  const { description, keywords } = version as { readonly description?: unknown; readonly keywords?: unknown };
  return { description, keywords };
}
