import { request } from "node:http";
import { connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { integrityOf } from "../digest/integrity.ts";
import type { Packument } from "../registry/packument.ts";
import type { PackageShelf } from "../registry/shelf.ts";
import { suits } from "./shelf-run.ts";
import { serveShelf, type ShelfServer } from "./shelf-server.ts";

const BYTES = Buffer.from("left");
const OWN = "https://packages.example/npm/";
function packument(name: string, tarball: string): Packument {
  return { name, "dist-tags": { latest: "1.0.0" }, time: {}, versions: { "1.0.0": { name, version: "1.0.0", dist: { tarball, integrity: integrityOf(BYTES) } } } };
}
const PACKAGES = new Map([packument("left", `${OWN}left/-/left-1.0.0.tgz`), packument("@acme/right", `${OWN}@acme/right/-/right-1.0.0.tgz`), packument("odd", "https://packages.example/download/odd/1.0.0/0123")].map((each) => [each.name, each]));
const shelf: PackageShelf = { names: async () => [...PACKAGES.keys()], packument: async (name) => PACKAGES.get(name), has: async () => true, tarball: async (integrity) => (integrity === integrityOf(BYTES) ? BYTES : undefined) };

let server: ShelfServer;
beforeEach(async () => { server = await serveShelf(shelf, false); });
afterEach(async () => { await server.close(); });
const get = async (path: string): Promise<[number, string]> => { const answer = await fetch(`${server.url}${path}`); return [answer.status, await answer.text()]; };
const tarballOf = (text: string): string | undefined => (JSON.parse(text) as Packument).versions["1.0.0"]?.dist.tarball;

test("it describes packages with addresses of its own, or theirs", async () => {
  expect(tarballOf((await get("left"))[1])).toBe(`${server.url}left/-/left-1.0.0.tgz`);
  expect(tarballOf((await get("@acme%2fright"))[1])).toBe(`${server.url}@acme/right/-/right-1.0.0.tgz`);
  const theirs = await serveShelf(shelf, true);
  expect(tarballOf(await (await fetch(`${theirs.url}left`)).text())).toBe(`${OWN}left/-/left-1.0.0.tgz`);
  await theirs.close();
});

test.each(["left/-/left-1.0.0.tgz", "npm/left/-/left-1.0.0.tgz", "@acme/right/-/right-1.0.0.tgz", "npm/@acme%2fright/-/right-1.0.0.tgz", "download/odd/1.0.0/0123", "odd/-/odd-1.0.0.tgz"])("a tarball is where its registry has it: %s", async (path) => {
  expect(await get(path)).toEqual([200, "left"]);
  expect([...server.missing]).toEqual([]);
});

test("what is not here is remembered", async () => {
  expect((await get("nothing"))[0]).toBe(404);
  expect((await get("left/-/left-2.0.0.tgz"))[0]).toBe(404);
  expect((await fetch(`${server.url}left`, { method: "PUT", body: "{}" })).status).toBe(405);
  expect([...server.missing]).toEqual(["nothing", "left/-/left-2.0.0.tgz"]);
});

test("who takes it for a proxy gets what is here, and is led nowhere else", async () => {
  const { host, port } = new URL(server.url);
  const through = (path: string): Promise<number | undefined> => new Promise((done) => { request({ host: "127.0.0.1", port, path }, (answer) => { answer.resume(); done(answer.statusCode); }).end(); });
  expect([await through(`http://${host}/left`), await through("http://elsewhere.example/left")]).toEqual([200, 403]);
  const tunnel = (to: string, then = ""): Promise<string> => new Promise((done) => {
    let heard = "";
    const socket = connect(Number(port), "127.0.0.1", () => { socket.write(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n\r\n`); });
    socket.on("data", (data) => { heard += data.toString(); if (/ 200 Connection/.test(heard) && then !== "") { socket.write(then); then = ""; } }).on("close", () => { done(heard); });
  });
  expect(await tunnel("elsewhere.example:443")).toMatch(/^HTTP\/1\.1 403 /);
  expect(await tunnel(host, `GET /left HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 Connection established\r\n\r\nHTTP\/1\.1 200 OK[^]*"name":"left"/);
  expect([...server.missing]).toEqual(["elsewhere.example"]);
});

test.each([
  [{}, true], [{ os: ["linux"] }, true], [{ os: ["darwin"] }, false], [{ os: ["!linux"] }, false], [{ os: ["!win32"] }, true], [{ os: "linux", cpu: "x64" }, true], [{ os: ["linux"], cpu: ["arm64"] }, false], [{ os: ["any"] }, true], [{ os: ["linux", "!linux"] }, false], [{ cpu: 7 }, true],
])("%j is for linux-x64: %s", (said, is) => { expect(suits(said, { os: "linux", cpu: "x64" })).toBe(is); });
