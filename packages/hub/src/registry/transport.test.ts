import { readFileSync } from "node:fs";
import { createServer, request as forward, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fakeRegistry, type FakeRegistry } from "../testing/fake-registry.ts";
import { madePlugin } from "../testing/plugins.ts";
import { scratch, type Scratch } from "../testing/scratch.ts";
import { openRegistry } from "./open-registry.ts";

const NAME = "@acme/mlstack-plugin-x";
const fixture = (name: string): string => join(import.meta.dirname, "fixtures", name);
const made = madePlugin({ name: NAME });
let registry: FakeRegistry;
let folder: Scratch;
const servers: Server[] = [];

beforeEach(async () => {
  [folder, registry] = [scratch(), await fakeRegistry()];
  registry.add(made);
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
  await registry.stop();
  folder.remove();
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  return (server.address() as AddressInfo).port;
}

async function document(npmrc: string) {
  folder.put({ "package.json": "{}", ".npmrc": npmrc });
  return (await openRegistry({ projectDir: folder.dir, cacheDir: join(folder.dir, "cache"), offline: false, env: { HOME: folder.dir, PREFIX: folder.dir, NPM_CONFIG_FETCH_RETRIES: "0" } })).document(NAME);
}

describe("a proxy", () => {
  test("is asked for everything, but for what it is told not to be", async () => {
    const seen: string[] = [];
    const proxy = await listen(createServer((request, response) => {
      seen.push(request.url ?? "");
      request.pipe(forward(request.url!, { headers: request.headers }, (answer) => { answer.pipe(response.writeHead(answer.statusCode!, answer.headers)); }));
    }));
    await document(`registry=${registry.url}\nproxy=http://127.0.0.1:${proxy}\n`);
    expect(seen).toEqual([`${registry.url}@acme%2fmlstack-plugin-x`]);
    await document(`registry=${registry.url}\nproxy=http://127.0.0.1:${proxy}\nnoproxy=127.0.0.1\n`);
    expect(seen).toHaveLength(1);
  });

  test("that wants a password is no refusal of the registry's, and one that is not there is no registry's fault either", async () => {
    const proxy = await listen(createServer((_, response) => { response.writeHead(407).end(); }));
    await expect(document(`registry=${registry.url}\nproxy=http://127.0.0.1:${proxy}\n`)).rejects.toMatchObject({ code: "MLS8103", why: "the proxy wants a user and password" });
    await expect(document(`registry=${registry.url}\nproxy=http://127.0.0.1:1\n`)).rejects.toMatchObject({ code: "MLS8101", exitCode: 6 });
    expect(registry.seen).toEqual([]);
  });
});

describe("a registry that does not answer", () => {
  test("is waited for until the signal ends it: that is no fault of the registry's", async () => {
    const abort = new AbortController();
    const port = await listen(createServer(() => { abort.abort(); }));
    folder.put({ "package.json": "{}", ".npmrc": `registry=http://127.0.0.1:${port}/\n` });
    const opened = await openRegistry({ projectDir: folder.dir, cacheDir: join(folder.dir, "cache"), offline: false, env: { HOME: folder.dir, PREFIX: folder.dir }, signal: abort.signal });
    await expect(opened.document(NAME)).rejects.toMatchObject({ code: "MLS4003", exitCode: 130 });
  });
});

describe("a registry with a certificate", () => {
  const start = () => listen(createTlsServer({ key: readFileSync(fixture("key.pem")), cert: readFileSync(fixture("certificate.pem")) }, (request, response) => {
    request.pipe(forward(new URL(request.url!, registry.url), { headers: request.headers }, (answer) => { answer.pipe(response.writeHead(answer.statusCode!, answer.headers)); }));
  }));

  test("that nobody knows is not reached, and that is no difference of bytes", async () => {
    await expect(document(`registry=https://127.0.0.1:${await start()}/\n`)).rejects.toMatchObject({ code: "MLS8101", why: expect.stringContaining("certificate") as string, fix: expect.stringContaining("cafile") as string });
  });

  test("that npm's settings name is", async () => {
    expect(await document(`registry=https://127.0.0.1:${await start()}/\ncafile=${fixture("certificate.pem")}\n`)).toMatchObject({ name: NAME });
  });

  test("as strict-ssl says", async () => {
    expect(await document(`registry=https://127.0.0.1:${await start()}/\nstrict-ssl=false\n`)).toMatchObject({ name: NAME });
  });
});
