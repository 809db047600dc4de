import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileDigests, filesDigest, integrityOf, readTarball } from "@mlstack/hub";
import { afterEach, beforeEach, expect, test } from "vitest";
import { authorProject, PLUGIN, type AuthorProject } from "./testing/author-project.ts";
import { documentOf } from "./testing/documents.ts";
import { pack } from "./testing/registry.ts";
import type { Outcome } from "./testing/project.ts";

/** Looked for in all that is printed. */
const TOKEN = "npm_onlyfortests0123456789abcdef";
const TARBALL = "acme-mlstack-plugin-vault-1.0.0.tgz";
let p: AuthorProject;
beforeEach(async () => {
  p = await authorProject({ publisher: TOKEN });
  p.write("home/.npmrc", `//${new URL(p.server.url).host}/:_authToken=\${ACME_TOKEN}\n`);
  Object.assign(p.env, { ACME_TOKEN: TOKEN, GITHUB_ACTIONS: "", GITLAB_CI: "" });
});
afterEach(() => p.close());

const plugin = (...args: readonly string[]): Promise<Outcome> => p.mlstack("plugin", ...args);
const publish = (...args: readonly string[]): Promise<Outcome> => plugin("publish", "--no-test", "-y", ...args);

interface Document { readonly data: Record<string, unknown>; readonly warnings: readonly string[]; readonly error?: { readonly code: string; readonly message: string; readonly why?: string; readonly fix?: string } }
async function document(command: string, ...args: readonly string[]): Promise<Document & { readonly code: number | null }> {
  const outcome = await plugin(command, ...args, "--json");
  const isWhole = (JSON.parse(outcome.stdout) as Partial<Document>).data !== undefined;
  return { code: outcome.code, ...(documentOf(isWhole ? `plugin-${command}` : "error", outcome) as unknown as Document) };
}

/** The plugin with its manifest: what the build of an author leaves. */
async function built(): Promise<void> {
  const outcome = await plugin("manifest");
  if (outcome.code !== 0) throw new Error(outcome.stderr);
}

test("plugin manifest writes what the code says, in the form of the file, and --check compares", async () => {
  const before = p.read("project/package.json")!;
  expect(await document("manifest", "--check")).toMatchObject({ code: 3, data: { same: false, written: false, differs: ["mlstack"] } });
  expect(p.read("project/package.json")).toBe(before);
  expect(await document("manifest")).toMatchObject({ code: 0, data: { package: PLUGIN, entry: "./dist/index.js", same: false, written: true } });
  const after = p.read("project/package.json")!;
  expect(after.startsWith(before.slice(0, before.lastIndexOf("\n}")))).toBe(true);
  expect(JSON.parse(after)).toMatchObject({ mlstack: { entry: "./dist/index.js", core: ">=0.1.0 <1", components: [{ contract: "secret_store@1", flavor: "acme_vault" }] } });
  expect(await document("manifest", "--check")).toMatchObject({ code: 0, data: { same: true, written: false } });
  p.write("project/dist/index.js", p.read("project/dist/index.js")!.replace("Secrets of Acme", "Secrets"));
  expect(await plugin("manifest", "--check")).toMatchObject({ code: 3, stdout: "components[0].description\n" });
}, 120_000);

test("plugin check says what does not hold, where, and what mends it; warnings fail with --strict", async () => {
  expect(await document("check")).toMatchObject({ code: 1, data: { errors: 1, findings: [{ rule: "manifest.present" }] }, error: { code: "MLS8713" } });
  await built();
  expect(await document("check")).toMatchObject({ code: 0, data: { package: PLUGIN, version: "1.0.0", errors: 0, warnings: 0, findings: [] } });
  expect(await document("check", "--strict")).toMatchObject({ code: 0 });
  p.edit((json) => { delete json["repository"]; });
  expect(await plugin("check")).toMatchObject({ code: 0, stdout: expect.stringMatching(/package\.json {2}warning {2}there is no repository {2}package\.repository\n {2}want {2}.*\n {2}fix {3}/) as string });
  expect(await document("check", "--strict")).toMatchObject({ code: 1, error: { code: "MLS8713", message: "1 warning" } });
  p.write("project/empty/x", "");
  for (const verb of ["check", "publish"]) expect((await plugin(verb, "empty")).stderr).toMatch(/MLS8701[^]*fix {3}go to the plugin's folder, or name it/);
  expect(await p.mlstack("plugin", "check", "nowhere")).toMatchObject({ code: 2, stderr: expect.stringContaining("MLS7002") as string });
}, 120_000);

test("a rule that does not fit is left out by --skip, which is said; one that there is not is refused", async () => {
  await built();
  p.write("project/dist/testing/helper.js", "export {};\n");
  p.edit((json) => { delete json["description"]; });
  expect(await document("check")).toMatchObject({ code: 1, data: { errors: 2, skipped: [] } });
  const skips = ["--skip", "files.no-tests", "--skip", "package.description"];
  const warnings = ["files.no-tests: skipped by --skip", "package.description: skipped by --skip"];
  expect(await document("check", "--strict", ...skips)).toMatchObject({ code: 0, data: { findings: [], skipped: ["files.no-tests", "package.description"] }, warnings });
  expect(await plugin("check", ...skips)).toMatchObject({ code: 0, stderr: expect.stringContaining(warnings[0]!) as string });
  expect(await document("pack", ...skips)).toMatchObject({ code: 0, data: { skipped: ["files.no-tests", "package.description"] }, warnings });
  expect((await document("publish", "--no-test", "--dry-run", ...skips)).warnings).toEqual(expect.arrayContaining(warnings));
  for (const verb of ["check", "pack", "publish"]) expect(await document(verb, "--skip", "files.no-test")).toMatchObject({ code: 2, error: { code: "MLS8714", fix: "--skip files.no-tests" } });
}, 180_000);

test("plugin pack makes the tarball that was looked at; its digests are those of mlstack.lock and of registries", async () => {
  await built();
  const { code, data } = await document("pack", "--out", "out/here");
  const file = join(p.dir, "out", "here", TARBALL);
  expect([code, data["file"]]).toEqual([0, file]);
  const bytes = readFileSync(file);
  const files = await readTarball(bytes, "x");
  expect(data).toMatchObject({ package: PLUGIN, version: "1.0.0", size: bytes.length, integrity: integrityOf(bytes), digest: filesDigest(fileDigests(files)), files: [...files].map(([path, each]) => ({ path, size: each.length })) });
  expect([...files.keys()]).toEqual(["LICENSE", "README.md", "dist/index.d.ts", "dist/index.js", "dist/vault.js", "package.json"]);
  expect(existsSync(join(p.dir, TARBALL))).toBe(false);
  expect(readdirSync(join(p.dir, "node_modules")).filter((name) => name.startsWith(".mlstack"))).toEqual([]);
  expect(await plugin("pack")).toMatchObject({ code: 0, stdout: expect.stringMatching(/integrity sha512-\S+\ndigest {4}sha256:[0-9a-f]{64}\n$/) as string });
  expect(readFileSync(join(p.dir, TARBALL)).equals(bytes)).toBe(true);
}, 120_000);

test("plugin pack refuses what users could not use, and what must not get out", async () => {
  await built();
  p.write("project/dist/.env", "TOKEN=x\n");
  expect(await document("pack")).toMatchObject({ code: 1, error: { code: "MLS8713" } });
  p.write("project/dist/.env", "");
  p.edit((json) => { json["files"] = ["dist", "!dist/.env"]; });
  // works in the folder, and not as it is unpacked
  p.write("project/lib/more.js", "export {};\n");
  const good = p.read("project/dist/index.js")!;
  p.write("project/dist/index.js", good.replace('import("./vault.js")', 'import("../lib/more.js")'));
  expect(await document("check")).toMatchObject({ code: 1, data: { findings: [{ rule: "files.closed", at: "dist/index.js", found: "it imports ../lib/more.js, which is not shipped" }] } });
  // nor by a name that no look at the code can tell
  p.write("project/dist/index.js", `await import(["..", "lib", "more.js"].join("/"));\n${good}`);
  const { code, error } = await document("pack");
  expect([code, error?.code, error?.fix]).toEqual([1, "MLS8718", expect.stringContaining('whether "files" in package.json lists all')]);
  expect(existsSync(join(p.dir, TARBALL))).toBe(false);
}, 120_000);

test("plugin publish sends the very tarball once, after asking, and compares what the registry has", async () => {
  await built();
  expect(await plugin("publish", "--no-test")).toMatchObject({ code: 2, stderr: expect.stringMatching(/MLS7001.*Publish @acme\/mlstack-plugin-vault@1\.0\.0 to 127\.0\.0\.1:\d+, under the tag latest\? Nobody is there/) as string });
  expect(await document("publish", "--no-test", "--dry-run")).toMatchObject({ code: 0, data: { done: false } });
  expect(await document("publish", "--no-test", "-y", "--provenance")).toMatchObject({ code: 2, error: { code: "MLS8719" } });
  expect((await fetch(`${p.server.url}${PLUGIN}`)).status).toBe(404);

  const packed = await document("pack");
  const { code, data, warnings } = await document("publish", "--no-test", "-y");
  expect([code, data]).toEqual([0, { package: PLUGIN, version: "1.0.0", size: packed.data["size"], unpackedSize: packed.data["unpackedSize"], integrity: packed.data["integrity"], digest: packed.data["digest"], skipped: [], files: 6, registry: p.server.url, tag: "latest", done: true, proven: false, provenance: null }]);
  expect(warnings).toEqual([expect.stringMatching(/^without provenance: only a CI service/), "not proven: --no-test"]);
  expect(p.server.tarball(PLUGIN, "1.0.0").equals(readFileSync(join(p.dir, TARBALL)))).toBe(true);

  const again = await publish("-v");
  expect(again).toMatchObject({ code: 4, stderr: expect.stringMatching(/MLS8715.*is published already[^]*fix {3}raise the version: npm version 1\.0\.1/) as string });
  p.edit((json) => { json["version"] = "1.0.1"; });
  const next = await publish("-v");
  expect(next).toMatchObject({ code: 0, stdout: expect.stringMatching(/^published @acme\/mlstack-plugin-vault@1\.0\.1 to /) as string });
  expect([again, next].filter(({ stdout, stderr }) => `${stdout}${stderr}`.includes(TOKEN))).toEqual([]);
}, 180_000);

test("plugin publish tells apart who may not, who is not reached, and a registry that has other bytes", async () => {
  await built();
  p.env["ACME_TOKEN"] = "npm_other";
  expect(await document("publish", "--no-test", "-y")).toMatchObject({ code: 1, error: { code: "MLS8103", fix: expect.stringContaining("npm login") as string } });
  p.env["ACME_TOKEN"] = TOKEN;
  p.server.goAway();
  expect(await document("publish", "--no-test", "-y")).toMatchObject({ code: 6, error: { code: "MLS8101" } });
  p.server.comeBack();
  // takes it, and shows another one
  const put = new RegExp(`^/${PLUGIN}$`);
  let isThere = false;
  p.server.meddle(put, (request, response) => {
    if (request.method === "PUT") { isThere = true; request.resume().on("end", () => { response.writeHead(201).end("{}"); }); return; }
    const other = integrityOf(pack({ "package.json": "{}" }));
    response.writeHead(isThere ? 200 : 404, { "content-type": "application/json" }).end(JSON.stringify(isThere ? { name: PLUGIN, versions: { "1.0.0": { dist: { integrity: other } } } } : {}));
  });
  expect(await document("publish", "--no-test", "-y")).toMatchObject({ code: 5, error: { code: "MLS8717" } });
}, 180_000);

test("what is published stays so where the registry can't be asked afterwards: a warning says that nothing was compared", async () => {
  await built();
  let isThere = false;
  p.server.meddle(new RegExp(`^/${PLUGIN}$`), (request, response) => {
    if (request.method === "PUT") { isThere = true; request.resume().on("end", () => { response.writeHead(201).end("{}"); }); return; }
    response.writeHead(isThere ? 503 : 404, { "content-type": "application/json" }).end("{}");
  });
  const { code, data, warnings } = await document("publish", "--no-test", "-y");
  expect([code, data["done"], isThere]).toEqual([0, true, true]);
  expect(warnings.at(-1)).toMatch(/^@acme\/mlstack-plugin-vault@1\.0\.0 is published, and was not compared with what 127\.0\.0\.1:\d+ has: /);
}, 180_000);

test("a CI service signs unasked only for npm's public registry, and nothing that names no repository", async () => {
  await built();
  Object.assign(p.env, { GITHUB_ACTIONS: "true", ACTIONS_ID_TOKEN_REQUEST_URL: "http://127.0.0.1:1/", GITHUB_REPOSITORY_VISIBILITY: "public" });
  const unasked = await document("publish", "--no-test", "--dry-run");
  expect([unasked.code, unasked.data["provenance"], unasked.warnings[0]]).toEqual([0, null, expect.stringMatching(/^without provenance: the registry is not npm's public one/)]);
  expect(await document("publish", "--no-test", "--dry-run", "--provenance")).toMatchObject({ code: 0, data: { provenance: "GitHub Actions" } });
  p.edit((json) => { delete json["repository"]; });
  expect(await document("publish", "--dry-run", "--provenance")).toMatchObject({ code: 2, error: { code: "MLS8719", fix: expect.stringContaining('"repository"') as string } });
}, 180_000);

test("what is not proven is not published: a component that conformance.ts says nothing of", async () => {
  await built();
  expect(await document("publish", "-y")).toMatchObject({ code: 1, error: { code: "MLS8716", message: expect.stringMatching(/secret_store@1 acme_vault failed$/) as string, fix: expect.stringContaining("--no-test") as string } });
  expect((await fetch(`${p.server.url}${PLUGIN}`)).status).toBe(404);
}, 180_000);

test("what changed while it was put to the test is not published; what did not is, as proven", async () => {
  const conformance = (run: string): void => p.write("project/conformance.ts", `import { appendFileSync } from "node:fs";
import { conformanceTarget } from "@mlstack/testkit/conformance";
const suite = { contract: "secret_store@1", cases: [{ id: "opens", title: "opens", run: async ({ open }) => { await open(); ${run} } }], within: (subject, id, use) => use(subject), lacks: () => undefined };
export default [conformanceTarget(suite, { flavor: "acme_vault", start: ({ folder, open }) => ({ subject: { open: () => open({ folder }) } }) })];
`);
  conformance('appendFileSync(new URL("dist/vault.js", import.meta.url), "// changed\\n");');
  await built();
  expect(await document("publish", "-y")).toMatchObject({ code: 1, error: { code: "MLS8718", message: expect.stringMatching(/^dist\/vault\.js of .* changed while it was put to the test$/) as string } });
  expect((await fetch(`${p.server.url}${PLUGIN}`)).status).toBe(404);
  conformance("");
  expect(await document("publish", "-y")).toMatchObject({ code: 0, data: { done: true, proven: true } });
}, 180_000);

test("what was skipped is not proven, and where nobody can be asked that is said before anything is put to the test", async () => {
  p.write("project/conformance.ts", `import { conformanceTarget, secretStoreSuite } from "@mlstack/testkit/conformance";
export default [conformanceTarget(secretStoreSuite, { flavor: "acme_vault", start: ({ skip }) => skip("VAULT_URL is not set") })];
`);
  await built();
  expect(await document("publish", "-y")).toMatchObject({ code: 1, error: { code: "MLS8716", message: expect.stringMatching(/secret_store@1 acme_vault was skipped$/) as string, why: "VAULT_URL is not set" } });
  expect((await fetch(`${p.server.url}${PLUGIN}`)).status).toBe(404);
  const unasked = await plugin("publish");
  expect(unasked).toMatchObject({ code: 2, stderr: expect.stringContaining("MLS7001") as string });
  expect(unasked.stderr).not.toContain("put to the test");
}, 180_000);

test("without a token it is said before the plugin is put to the test that nobody is logged in", async () => {
  await built();
  rmSync(join(p.home, ".npmrc"));
  expect(await document("publish", "-y")).toMatchObject({ code: 1, error: { code: "MLS8103", message: expect.stringContaining("nobody is logged in") as string, fix: expect.stringContaining("npm login") as string } });
}, 120_000);

test("without the kit in the plugin's own packages it is said what to install", async () => {
  p.edit((json) => { json["name"] = "x"; });
  rmSync(join(p.dir, "node_modules", "@mlstack", "testkit"));
  for (const verb of ["check", "manifest", "pack"]) expect(await document(verb)).toMatchObject({ code: 2, error: { code: "MLS8705", fix: "npm install --save-dev @mlstack/testkit" } });
}, 120_000);
