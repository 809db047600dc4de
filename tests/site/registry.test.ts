import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("../../scripts/site/main.ts", import.meta.url));
const THEIRS = "@acme/mlstack-plugin-vec";
const manifest = (type: string) => ({ manifestVersion: 1, entry: "./dist/index.js", core: "^0.1.0", components: [{ contract: `${type}@1`, flavor: "made", description: "Made for a test", config: { type: "object" } }] });
const documentOf = (name: string, type: string) => ({
  name, "dist-tags": { latest: "2.0.0" }, time: { "2.0.0": "2026-02-01T00:00:00.000Z" },
  versions: { "2.0.0": { name, version: "2.0.0", keywords: ["mlstack-plugin"], mlstack: manifest(type), dist: { tarball: "http://127.0.0.1:1/x.tgz", integrity: `sha512-${"A".repeat(86)}==` } } },
});

let server: Server;
let dir: string;
let asked: string[];
let broken: boolean;
beforeEach(async () => {
  [asked, broken, dir] = [[], false, mkdtempSync(join(tmpdir(), "mlstack-site-registry-"))];
  const documents: Record<string, unknown> = { "@mlstack/plugin-s3": documentOf("@mlstack/plugin-s3", "artifact_store"), [THEIRS]: documentOf(THEIRS, "acme.vector_index") };
  server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "").slice(1));
    asked.push(path);
    const answer = broken ? undefined : path.startsWith("-/v1/search") ? { total: 1, objects: [{ package: { name: THEIRS, version: "2.0.0", description: "Vectors", keywords: ["mlstack-plugin"] } }] } : Object.hasOwn(documents, path) ? documents[path] : undefined;
    response.writeHead(broken ? 503 : answer === undefined ? 404 : 200, { "content-type": "application/json" }).end(JSON.stringify(answer ?? {}));
  });
  await new Promise<void>((done) => { server.listen(0, "127.0.0.1", done); });
});
afterEach(async () => {
  await new Promise((done) => { server.closeAllConnections(); server.close(done); });
  rmSync(dir, { recursive: true, force: true });
});

const build = (...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> => new Promise((done) => {
  const env = { ...process.env, NPM_CONFIG_REGISTRY: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, NPM_CONFIG_FETCH_RETRIES: "0", MLSTACK_SITE_CACHE: join(dir, "cache") };
  const child = execFile(process.execPath, ["--no-warnings", MAIN, join(dir, "site"), ...args], { env }, (_error, stdout, stderr) => { done({ code: child.exitCode ?? 1, stdout, stderr }); });
});

test("with --registry the pages have what the registry knows of ours, and third parties", async () => {
  const { code, stdout, stderr } = await build("--registry");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/ files in .*: open .*index\.html\n$/);
  const s3 = readFileSync(join(dir, "site", "integrations", "s3.html"), "utf8");
  for (const part of ["2.0.0", "2026-02-01", "No attestation"]) expect(s3).toContain(part);
  expect(readFileSync(join(dir, "site", "integrations", "acme-mlstack-plugin-vec.html"), "utf8")).toMatch(/Third party[^]*npx mlstack integration install @acme\/mlstack-plugin-vec/);
  expect(existsSync(join(dir, "site", "types", "acme.vector_index.html"))).toBe(true);
}, 120_000);

test("without it nobody is asked", async () => {
  expect((await build()).code).toBe(0);
  expect(asked).toEqual([]);
}, 120_000);

test("a registry in trouble is said with its code, and nothing is written", async () => {
  broken = true;
  const { code, stderr } = await build("--registry");
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^MLS8101 {2}[^]*\n {2}fix {3}.*\n$/)]);
  expect(stderr).not.toMatch(/\n {4}at /);
  expect(existsSync(join(dir, "site"))).toBe(false);
}, 120_000);
