import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

/** A package.json and further files, of which a registry makes a packument and a tarball. */
export interface PublishedPackage {
  readonly name: string;
  readonly version: string;
  readonly [field: string]: unknown;
  /** Files besides package.json, by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** ISO 8601; long ago by default. */
  readonly publishedAt?: string;
}

export interface TestRegistry {
  /** `http://127.0.0.1:PORT/`. */
  readonly url: string;
  /** Paths that were asked for, in their order. */
  readonly requests: readonly string[];
  publish(...packages: readonly PublishedPackage[]): void;
  /** What is answered instead, by a path's beginning; undefined lets the request through. */
  answer(path: string, handler: ((request: IncomingMessage, response: ServerResponse) => void) | undefined): void;
  close(): Promise<void>;
}

interface Stored { readonly manifest: PublishedPackage; readonly publishedAt: string; readonly tarball: Buffer }

const LONG_AGO = "2020-01-01T00:00:00.000Z";

/** A registry on this machine that serves packuments and tarballs from memory, and nothing else. */
export async function startRegistry(...packages: readonly PublishedPackage[]): Promise<TestRegistry> {
  const stored = new Map<string, Map<string, Stored>>();
  const answers = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();
  const requests: string[] = [];
  let url = "";
  const publish = (...more: readonly PublishedPackage[]): void => {
    for (const { files = {}, publishedAt = LONG_AGO, ...manifest } of more) {
      const versions = stored.get(manifest.name) ?? new Map<string, Stored>();
      stored.set(manifest.name, versions.set(manifest.version, { manifest, publishedAt, tarball: tarballOf({ "package.json": JSON.stringify(manifest), ...files }) }));
    }
  };
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://registry").pathname);
    requests.push(path);
    for (const [start, handler] of answers) if (path.startsWith(start)) { handler(request, response); return; }
    const [, name = "", file] = /^\/((?:@[^/]+\/)?[^/]+)(?:\/-\/(.+))?$/.exec(path) ?? [];
    const versions = stored.get(name);
    const found = file === undefined ? undefined : versions?.get(file.slice(basename(name).length + 1, -".tgz".length));
    if (found !== undefined) { response.writeHead(200, { "content-type": "application/octet-stream", "content-length": found.tarball.length }).end(found.tarball); return; }
    if (versions === undefined || file !== undefined) { response.writeHead(404, { "content-type": "application/json" }).end('{"error":"not found"}'); return; }
    const body = JSON.stringify(packument(url, name, versions));
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) }).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  publish(...packages);
  return {
    url, requests, publish,
    answer(path, handler) { if (handler === undefined) answers.delete(path); else answers.set(path, handler); },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function packument(url: string, name: string, versions: ReadonlyMap<string, Stored>): object {
  const modified = [...versions.values()].map(({ publishedAt }) => publishedAt).sort().at(-1);
  return {
    _id: name, name, "dist-tags": { latest: [...versions.keys()].at(-1) }, modified,
    time: { created: LONG_AGO, modified, ...Object.fromEntries([...versions].map(([version, { publishedAt }]) => [version, publishedAt])) },
    versions: Object.fromEntries([...versions].map(([version, { manifest, tarball }]) => [version, {
      ...manifest, _id: `${name}@${version}`, ...(hasInstallScript(manifest) && { hasInstallScript: true }),
      dist: {
        tarball: `${url}${name}/-/${basename(name)}-${version}.tgz`, shasum: createHash("sha1").update(tarball).digest("hex"),
        integrity: `sha512-${createHash("sha512").update(tarball).digest("base64")}`,
      },
    }])),
  };
}

const basename = (name: string): string => name.slice(name.indexOf("/") + 1);
const hasInstallScript = ({ scripts }: PublishedPackage): boolean => Object.keys(scripts ?? {}).some((script) => ["preinstall", "install", "postinstall"].includes(script));

/** A gzipped tar archive with the files below `package/`. */
export function tarballOf(files: Readonly<Record<string, string>>): Buffer {
  const blocks = Object.entries(files).flatMap(([path, text]) => {
    const bytes = Buffer.from(text);
    return [header(`package/${path}`, bytes.length), bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

/** One ustar header: name, mode, owner, group, size, time, and the sum over the header with blanks where the sum stands. */
function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0, 100);
  const octal = (value: number, at: number, length: number): void => { block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at); };
  octal(0o644, 100, 8); octal(0, 108, 8); octal(0, 116, 8); octal(size, 124, 12); octal(499_162_500, 136, 12);
  block.write("        0", 148);
  block.write("ustar\x0000", 257);
  const sum = block.reduce((all, byte) => all + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
