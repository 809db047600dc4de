import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

/** What a version of an integration differs in. */
export interface PublishedVersion {
  readonly name: string;
  readonly version?: string;
  /** The range of @mlstack/core. */
  readonly core?: string;
  readonly permissions?: Readonly<Record<string, readonly string[]>>;
  /** ISO 8601; long ago by default. */
  readonly publishedAt?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  /** A package that is no integration. */
  readonly plain?: boolean;
  /** More files by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** The bytes are those of other files than the registry announces. */
  readonly forged?: boolean;
  /** Whether the registry has an attestation of where it was built. */
  readonly provenance?: boolean;
  /** More fields of its package.json. */
  readonly more?: Readonly<Record<string, unknown>>;
}

type Meddler = (request: IncomingMessage, response: ServerResponse) => void;

/** A registry on this machine, with integrations that have no peer, for core would have to come from it. */
export interface TestRegistry {
  /** With a slash at its end. */
  readonly url: string;
  /** Paths that were asked for. */
  readonly asked: string[];
  publish(version: PublishedVersion): void;
  /** The bytes of a version. */
  tarball(name: string, version: string): Buffer;
  /** Answers requests whose path matches, from now on; undefined takes that back. */
  meddle(path: RegExp, answer: Meddler | undefined): void;
  /** From now on it answers that it does not serve. */
  goAway(): void;
  comeBack(): void;
  stop(): Promise<void>;
}

/** What npm sends when it publishes. */
interface Sent { readonly name: string; readonly versions: Readonly<Record<string, Record<string, unknown>>>; readonly "dist-tags": Readonly<Record<string, string>>; readonly _attachments: Readonly<Record<string, { readonly data: string }>> }

/** @param options.token is wanted of every request; @param options.publisher is wanted of those that publish: without one nobody may */
export async function testRegistry({ token, publisher }: { readonly token?: string; readonly publisher?: string } = {}): Promise<TestRegistry> {
  const packages = new Map<string, { latest: string; readonly versions: Record<string, Record<string, unknown>>; readonly time: Record<string, string> }>();
  const tarballs = new Map<string, Buffer>();
  const asked: string[] = [];
  let isAway = false;
  const meddlers = new Map<string, readonly [RegExp, Meddler]>();
  const answer = (response: ServerResponse, status: number, body: unknown): void => { response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body)); };
  const server = createServer((request, response) => {
    const { url = "", headers } = request;
    asked.push(url);
    const meddler = [...meddlers.values()].find(([pattern]) => pattern.test(decodeURIComponent(url)))?.[1];
    if (meddler !== undefined) { meddler(request, response); return; }
    const path = decodeURIComponent(url.slice(1));
    if (request.method === "PUT") {
      if (publisher === undefined || headers.authorization !== `Bearer ${publisher}`) { answer(response, headers.authorization === undefined ? 401 : 403, { error: "you may not publish" }); return; }
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => { body += text; }).on("end", () => {
        const sent = JSON.parse(body) as Sent;
        const known = packages.get(sent.name) ?? { latest: "", versions: {}, time: {} };
        for (const [version, json] of Object.entries(sent.versions)) {
          tarballs.set(placeOf(sent.name, version), Buffer.from(Object.values(sent._attachments)[0]!.data, "base64"));
          known.versions[version] = { ...json, dist: { ...(json["dist"] as object), tarball: `http://${headers.host ?? ""}/${placeOf(sent.name, version)}` } };
          known.time[version] = "2020-01-01T00:00:00.000Z";
        }
        known.latest = sent["dist-tags"]["latest"] ?? known.latest;
        packages.set(sent.name, known);
        answer(response, 201, { ok: true });
      });
      return;
    }
    const tarball = tarballs.get(path);
    const found = packages.get(path);
    if (isAway) answer(response, 503, {});
    else if (token !== undefined && headers.authorization !== `Bearer ${token}`) answer(response, 401, { error: "log in first" });
    else if (tarball !== undefined) response.writeHead(200, { "content-length": String(tarball.length) }).end(tarball);
    else if (path.startsWith("-/v1/search?")) answer(response, 200, { total: packages.size, objects: [...packages].map(([name, { latest, versions, time }]) => ({ package: { name, version: latest, description: versions[latest]!["description"], keywords: versions[latest]!["keywords"], date: time[latest] } })) });
    else if (found === undefined) answer(response, 404, { error: "Not found" });
    else answer(response, 200, { name: path, "dist-tags": { latest: found.latest }, versions: found.versions, time: found.time });
  });
  await new Promise<void>((done) => { server.listen(0, "127.0.0.1", done); });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url, asked,
    publish({ name, version = "1.0.0", core = ">=0.1.0 <1", permissions = {}, publishedAt = "2020-01-01T00:00:00.000Z", files = {}, forged = false, dependencies, plain = false, provenance = false, more = {} }) {
      const json = {
        name, version, description: `The ${plain ? "package" : "integration"} ${name}`, keywords: plain ? [] : ["mlstack-plugin"], type: "module", ...(dependencies !== undefined && { dependencies }),
        ...(!plain && { mlstack: { manifestVersion: 1, entry: "./index.js", core, components: [{ contract: "artifact_store@1", flavor: "x", description: "For tests", config: { type: "object" }, permissions }] } }),
        ...more,
      };
      const packed = (code: string): Buffer => pack({ "package.json": JSON.stringify(json, null, 2), "index.js": code, ...files });
      const bytes = packed("export default 1;\n");
      const place = placeOf(name, version);
      tarballs.set(place, forged ? packed("export default 2;\n") : bytes);
      const known = packages.get(name) ?? { latest: version, versions: {}, time: {} };
      known.latest = version;
      known.versions[version] = { ...json, _id: `${name}@${version}`, dist: { tarball: `${url}${place}`, integrity: `sha512-${createHash("sha512").update(bytes).digest("base64")}`, shasum: createHash("sha1").update(bytes).digest("hex"), ...(provenance && { attestations: { provenance: { predicateType: "https://slsa.dev/provenance/v1" } } }) } };
      known.time[version] = publishedAt;
      packages.set(name, known);
    },
    tarball: (name, version) => tarballs.get(placeOf(name, version))!,
    meddle(path, by) { if (by === undefined) meddlers.delete(path.source); else meddlers.set(path.source, [path, by]); },
    goAway: () => { isAway = true; },
    comeBack: () => { isAway = false; },
    stop: () => new Promise((done) => {
      server.close(() => { done(); });
      server.closeAllConnections();
    }),
  };
}

const placeOf = (name: string, version: string): string => `${name}/-/${name.split("/").at(-1)!}-${version}.tgz`;

/** A tarball as npm makes it: files below `package/`, as ustar. */
export function pack(files: Readonly<Record<string, string>>): Buffer {
  const blocks = Object.entries(files).flatMap(([path, text]) => {
    const body = Buffer.from(text);
    const header = Buffer.alloc(512);
    const put = (value: string, at: number): void => { header.write(value, at, "latin1"); };
    put(`package/${path}`, 0);
    put("0000644\0", 100);
    put("0000000\x000000000\0", 108);
    put(`${body.length.toString(8).padStart(11, "0")}\0`, 124);
    put("00000000000\0", 136);
    put("        ", 148);
    put("0", 156);
    put("ustar\x0000", 257);
    put(`${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0")}\0 `, 148);
    return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}
