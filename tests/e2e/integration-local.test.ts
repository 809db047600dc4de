// Integrations that are files of the project: tarballs, and folders of its workspace, also in the place of a published one. By npm.
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { documentOf } from "./testing/documents.ts";
import { BIN, jsonOf, run, testProject, type Outcome } from "./testing/project.ts";
import { pack, testRegistry, type TestRegistry } from "./testing/registry.ts";

const X = "@acme/mlstack-plugin-x";
let folder: string;
let server: TestRegistry;
beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-local-e2e-")));
  server = await testRegistry();
  write("package.json", JSON.stringify({ name: "project", private: true, type: "module", workspaces: ["packages/*"] }));
  write(".npmrc", `registry=${server.url}\n`);
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const at = (path: string): string => join(folder, "project", path);
function write(path: string, text: string | Uint8Array): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), text);
}
const env = (): Record<string, string> => ({ HOME: join(folder, "home"), USERPROFILE: join(folder, "home"), MLSTACK_CACHE_DIR: join(folder, "cache"), npm_config_cache: join(folder, "npm-cache"), npm_config_fetch_retries: "0", npm_config_update_notifier: "false" });
const mlstack = (...args: readonly string[]): Promise<Outcome> => run(process.execPath, [BIN, ...args], join(folder, "project"), env());
async function data(...args: readonly string[]): Promise<unknown> {
  const outcome = await mlstack("integration", ...args, "--json");
  expect(outcome, outcome.stderr + outcome.stdout).toMatchObject({ code: 0 });
  return documentOf(`integration-${args[0]!}`, outcome)["data"];
}
const fails = async (...args: readonly string[]): Promise<unknown> => { const o = await mlstack("integration", ...args, "--json"); return [o.code, jsonOf(o).error?.code]; };
const text = (path: string): string | undefined => (existsSync(at(path)) ? readFileSync(at(path), "utf8") : undefined);
const state = () => ["package.json", "package-lock.json", "mlstack.lock"].map(text);
const locked = (name = X): Record<string, unknown> => (JSON.parse(text("mlstack.lock")!) as { plugins: Record<string, Record<string, unknown>> }).plugins[name]!;

/** Files of an integration. */
function plugin(name: string, version: string, { code = "export default 1;\n", flavor = "x", more = {} }: { readonly code?: string; readonly flavor?: string; readonly more?: object } = {}): Record<string, string> {
  const components = [{ contract: "artifact_store@1", flavor, description: "For tests", config: { type: "object" }, permissions: {} }];
  return { "package.json": JSON.stringify({ name, version, type: "module", mlstack: { manifestVersion: 1, entry: "./index.js", core: ">=0.1.0 <1", components }, ...more }), "index.js": code };
}
const writeFolder = (path: string, files: Readonly<Record<string, string>>): void => { for (const [name, content] of Object.entries(files)) write(`${path}/${name}`, content); };

describe("a tarball", () => {
  test("is installed, pinned by its bytes, verified, installed again from the lock, and upgraded by another one", async () => {
    server.publish({ name: "left", plain: true });
    write("tarballs/x-1.0.0.tgz", pack(plugin(X, "1.0.0", { more: { dependencies: { left: "^1.0.0" } } })));
    const before = state();
    expect(await data("install", "./tarballs/x-1.0.0.tgz", "-n")).toMatchObject({ done: false, changes: [{ package: X, to: "1.0.0", source: "tarball", override: false }] });
    expect(state()).toEqual(before);
    expect(await data("install", "./tarballs/x-1.0.0.tgz", "-y")).toMatchObject({ done: true });
    expect(JSON.parse(text("package.json")!)).toMatchObject({ dependencies: { [X]: "file:tarballs/x-1.0.0.tgz" } });
    expect(locked()).toMatchObject({ source: "tarball", version: "1.0.0", integrity: expect.stringMatching(/^sha512-/), trust: { provenance: false } });
    expect(text("mlstack.lock")).not.toContain("tarballs/");
    expect([await data("lock", "--check"), await data("verify", "--deep")]).toEqual([{ written: false, same: true, changes: [] }, [expect.objectContaining({ package: X, ok: true }), expect.objectContaining({ package: "left@1.0.0", of: X, ok: true })]]);
    rmSync(at("node_modules"), { recursive: true });
    expect(await data("install", "--frozen")).toMatchObject({ kept: [{ package: X, version: "1.0.0" }] });
    const first = state();

    write("tarballs/x-1.1.0.tgz", pack(plugin(X, "1.1.0")));
    expect(await data("install", "./tarballs/x-1.1.0.tgz", "-y")).toMatchObject({ changes: [{ change: "change", from: "1.0.0", to: "1.1.0" }] });
    expect(await data("rollback", "-y")).toMatchObject([{ done: true }]);
    expect(state()).toEqual(first);
    expect(await data("verify")).toEqual([expect.objectContaining({ package: X, version: "1.0.0", ok: true })]);
  }, 180_000);

  test("that was changed, or is none, is refused", async () => {
    const good = pack(plugin(X, "1.0.0"));
    write("x.tgz", good);
    await data("install", "./x.tgz", "-y");
    const pinned = state();
    write("y.tgz", "no tarball");
    expect(await fails("install", "./y.tgz", "-y")).toEqual([5, "MLS8202"]);
    write("library.tgz", pack({ "package.json": '{ "name": "library", "version": "1.0.0" }' }));
    expect(await fails("install", "./library.tgz", "-y")).toEqual([4, "MLS8407"]);
    rmSync(at("node_modules"), { recursive: true });
    rmSync(join(folder, "npm-cache"), { recursive: true });
    write("x.tgz", pack(plugin(X, "1.0.0", { code: "export default 2;\n" })));
    expect(await fails("install", "--frozen")).toEqual([5, "MLS8201"]);
    expect(state()).toEqual(pinned);
    write("x.tgz", good);
    expect(await data("install", "--frozen")).toMatchObject({ kept: [{ package: X }] });
    expect(await data("verify")).toEqual([expect.objectContaining({ ok: true })]);
  }, 180_000);
});

describe("a folder of the workspace", () => {
  test("is linked and pinned by its manifest; --frozen takes it, for nothing of its name is published", async () => {
    writeFolder("packages/x", plugin(X, "1.0.0", { more: { private: true } }));
    const shown = await mlstack("integration", "install", "./packages/x", "-n");
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining(`folder  ${at("packages/x")}`)]);
    expect(shown.stdout).not.toContain("OVERRIDE");
    expect(await data("install", "./packages/x", "-y")).toMatchObject({ done: true, changes: [{ change: "add", package: X, to: "1.0.0", source: "workspace", override: false }] });
    expect(realpathSync(at(`node_modules/${X}`))).toBe(at("packages/x"));
    expect(locked()).toMatchObject({ source: "workspace", version: "1.0.0", trust: { provenance: false } });
    expect(locked()).not.toHaveProperty("files");
    expect(await data("install", "./packages/x", "-y")).toMatchObject({ changes: [], kept: [{ package: X }] });
    expect(await data("lock", "--check")).toMatchObject({ same: true });
    rmSync(at("node_modules"), { recursive: true });
    expect(await data("install", "--frozen")).toMatchObject({ kept: [{ package: X, version: "1.0.0" }] });

    // its source changes as it is worked on; its manifest is agreed to
    write("packages/x/index.js", "export default 2;\n");
    expect(await data("verify")).toEqual([expect.objectContaining({ ok: true })]);
    writeFolder("packages/x", plugin(X, "1.0.0", { flavor: "y", more: { private: true } }));
    expect(await fails("verify")).toEqual([4, "MLS8207"]);
    expect(await data("install", "./packages/x", "-y")).toMatchObject({ changes: [{ change: "change", from: "1.0.0", to: "1.0.0", configChanged: true }] });
    expect(await data("verify")).toEqual([expect.objectContaining({ ok: true })]);
    expect(await data("uninstall", X, "-y")).toMatchObject({ done: true });
    expect([existsSync(at("packages/x")), JSON.parse(text("package.json")!)]).toEqual([true, expect.not.objectContaining({ dependencies: expect.objectContaining({ [X]: expect.anything() }) })]);
  }, 180_000);

  test("outside of it, or without a package, is refused", async () => {
    writeFolder("elsewhere/x", plugin(X, "1.0.0"));
    expect(await fails("install", "./elsewhere/x", "-y")).toEqual([2, "MLS8401"]);
    expect(await fails("install", ".", "-y")).toEqual([2, "MLS8401"]);
    mkdirSync(at("packages/empty"), { recursive: true });
    expect(await fails("install", "./packages/empty", "-y")).toEqual([2, "MLS8401"]);
    expect(existsSync(at("mlstack.lock"))).toBe(false);
  }, 60_000);

  test("in the place of a published one: said loudly wherever it has a part, refused by --frozen, and taken back", async () => {
    server.publish({ name: X, version: "1.0.0" });
    await data("install", X, "-y");
    const published = state();
    expect(await data("install", "--frozen")).toMatchObject({ kept: [{ package: X }] });
    // somebody has a mend of it
    writeFolder("packages/x", plugin(X, "1.0.1", { code: "export default 'mended';\n" }));
    const shown = await mlstack("integration", "install", "./packages/x", "-y");
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining("OVERRIDE  in the place of the published package of that name; install --frozen refuses it")]);
    expect([locked(), realpathSync(at(`node_modules/${X}`))]).toEqual([expect.objectContaining({ source: "workspace", version: "1.0.1", trust: { provenance: false, override: "accepted" } }), at("packages/x")]);

    // as long as the folder is there, npm's lock of before does not fit the workspace; nothing is half gone back
    const linked = state();
    expect(await fails("rollback", "-y")).toEqual([4, "MLS8302"]);
    expect([state(), realpathSync(at(`node_modules/${X}`))]).toEqual([linked, at("packages/x")]);
    const loud = `${X} is a folder of the workspace, in the place of the published package`;
    for (const args of [["verify"], ["lock", "--check"], ["list", "--installed"], ["install"], ["install", "./packages/x", "-y"], ["upgrade", "-y"]]) {
      const said = await mlstack("integration", ...args);
      expect([args, said.code, said.stderr]).toEqual([args, 0, expect.stringContaining(loud)]);
    }
    expect((await mlstack("integration", "doctor")).stdout).toContain("in the place of the published package");
    expect(await fails("install", "--frozen")).toEqual([4, "MLS8411"]);
    // written anew it is still one
    rmSync(at("mlstack.lock"));
    await data("lock");
    expect(locked()["trust"]).toEqual({ provenance: false, override: "accepted" });

    // back: the folder is no part of the workspace any more
    renameSync(at("packages/x"), at("x"));
    expect(await data("rollback", "--to", "2", "-y")).toMatchObject([{ done: true }]);
    expect([state(), lstatSync(at(`node_modules/${X}`)).isSymbolicLink()]).toEqual([published, false]);
    expect(await data("install", "--frozen")).toMatchObject({ kept: [{ package: X, version: "1.0.0" }] });
  }, 180_000);

  test("in the place of a published one: mlstack run says so, too", async () => {
    const p = testProject({
      "squares.ts": `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
const square = step({ name: "square", params: { n: z.number() }, output: json(z.number()), run: ({ params }) => params.n ** 2 });
export const squares = pipeline({ name: "squares", params: { n: z.number().default(3) }, build: (p) => ({ x: square({ n: p.n }) }) });
`,
    });
    try {
      expect((await p.mlstack(["run", "squares.ts"])).stderr).not.toContain("in the place of");
      p.write("mlstack.lock", JSON.stringify({ lockVersion: 1, plugins: { [X]: { trust: { provenance: false, override: "accepted" } }, other: { trust: { provenance: false } } } }));
      const loud = `${X} is a folder of the workspace, in the place of the published package: install --frozen refuses it`;
      const shown = await p.mlstack(["run", "squares.ts", "--no-cache"]);
      expect([shown.code, shown.stderr]).toEqual([0, expect.stringContaining(loud)]);
      expect(documentOf("run", await p.mlstack(["run", "squares.ts", "--json"]))["warnings"]).toEqual([loud]);
    } finally { p.close(); }
  }, 60_000);

  test("of a name that a registry has, and nobody has pinned, is one in the place of a published one, too; the published one takes its place", async () => {
    server.publish({ name: X, version: "1.0.0" });
    writeFolder("packages/x", plugin(X, "1.0.0"));
    expect(await data("install", "./packages/x", "-y")).toMatchObject({ changes: [{ source: "workspace", override: true }] });
    const linked = state();
    renameSync(at("packages/x"), at("x"));
    expect(await data("install", X, "-y")).toMatchObject({ changes: [{ source: "registry", override: false, to: "1.0.0" }] });
    expect(locked()).toMatchObject({ source: "registry", trust: { provenance: false } });
    renameSync(at("x"), at("packages/x"));
    expect(state()).not.toEqual(linked);
  }, 180_000);
});
