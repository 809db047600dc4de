// Integrations that are files of the project: tarballs, and folders of its workspace, also in the place of a published one. By npm.
import { existsSync, lstatSync, mkdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { documentOf } from "./testing/documents.ts";
import { hubCli, type HubCli } from "./testing/hub-cli.ts";
import { testProject } from "./testing/project.ts";
import { pack } from "./testing/registry.ts";

const X = "@acme/mlstack-plugin-x";
let p: HubCli;
beforeEach(async () => {
  p = await hubCli();
  p.write("project/package.json", JSON.stringify({ name: "project", private: true, type: "module", workspaces: ["packages/*"] }));
});
afterEach(() => p.close());

const locked = (name = X): Record<string, unknown> => (JSON.parse(p.read("project/mlstack.lock")!) as { plugins: Record<string, Record<string, unknown>> }).plugins[name]!;

/** Files of an integration. */
function plugin(name: string, version: string, { code = "export default 1;\n", flavor = "x", more = {} }: { readonly code?: string; readonly flavor?: string; readonly more?: object } = {}): Record<string, string> {
  const components = [{ contract: "artifact_store@1", flavor, description: "For tests", config: { type: "object" }, permissions: {} }];
  return { "package.json": JSON.stringify({ name, version, type: "module", mlstack: { manifestVersion: 1, entry: "./index.js", core: ">=0.1.0 <1", components }, ...more }), "index.js": code };
}
const writeFolder = (path: string, files: Readonly<Record<string, string>>): void => { for (const [name, content] of Object.entries(files)) p.write(`project/${path}/${name}`, content); };

describe("a tarball", () => {
  test("is installed, pinned by its bytes, verified, installed again from the lock, and upgraded by another one", async () => {
    p.server.publish({ name: "left", plain: true });
    p.write("project/tarballs/x-1.0.0.tgz", pack(plugin(X, "1.0.0", { more: { dependencies: { left: "^1.0.0" } } })));
    const before = p.state();
    expect(await p.data("install", "./tarballs/x-1.0.0.tgz", "-n")).toMatchObject({ done: false, changes: [{ package: X, to: "1.0.0", source: "tarball", override: false }] });
    expect(p.state()).toEqual(before);
    expect(await p.data("install", "./tarballs/x-1.0.0.tgz", "-y")).toMatchObject({ done: true });
    expect(JSON.parse(p.read("project/package.json")!)).toMatchObject({ dependencies: { [X]: "file:tarballs/x-1.0.0.tgz" } });
    expect(locked()).toMatchObject({ source: "tarball", version: "1.0.0", integrity: expect.stringMatching(/^sha512-/), trust: { provenance: false } });
    expect(p.read("project/mlstack.lock")).not.toContain("tarballs/");
    expect([await p.data("lock", "--check"), await p.data("verify", "--deep")]).toEqual([{ written: false, same: true, changes: [] }, [expect.objectContaining({ package: X, ok: true }), expect.objectContaining({ package: "left@1.0.0", of: X, ok: true })]]);
    rmSync(p.at("node_modules"), { recursive: true });
    expect(await p.data("install", "--frozen")).toMatchObject({ kept: [{ package: X, version: "1.0.0" }] });
    const first = p.state();

    p.write("project/tarballs/x-1.1.0.tgz", pack(plugin(X, "1.1.0")));
    expect(await p.data("install", "./tarballs/x-1.1.0.tgz", "-y")).toMatchObject({ changes: [{ change: "change", from: "1.0.0", to: "1.1.0" }] });
    expect(await p.data("rollback", "-y")).toMatchObject([{ done: true }]);
    expect(p.state()).toEqual(first);
    expect(await p.data("verify")).toEqual([expect.objectContaining({ package: X, version: "1.0.0", ok: true })]);
  }, 180_000);

  test("that was changed, or is none, is refused", async () => {
    const good = pack(plugin(X, "1.0.0"));
    p.write("project/x.tgz", good);
    await p.data("install", "./x.tgz", "-y");
    const pinned = p.state();
    p.write("project/y.tgz", "no tarball");
    expect(await p.end("install", "./y.tgz", "-y")).toEqual([5, "MLS8202"]);
    p.write("project/library.tgz", pack({ "package.json": '{ "name": "library", "version": "1.0.0" }' }));
    expect(await p.end("install", "./library.tgz", "-y")).toEqual([4, "MLS8407"]);
    rmSync(p.at("node_modules"), { recursive: true });
    rmSync(join(p.folder, "npm-cache"), { recursive: true });
    p.write("project/x.tgz", pack(plugin(X, "1.0.0", { code: "export default 2;\n" })));
    expect(await p.end("install", "--frozen")).toEqual([5, "MLS8201"]);
    expect(p.state()).toEqual(pinned);
    p.write("project/x.tgz", good);
    expect(await p.data("install", "--frozen")).toMatchObject({ kept: [{ package: X }] });
    expect(await p.data("verify")).toEqual([expect.objectContaining({ ok: true })]);
  }, 180_000);
});

describe("a folder of the workspace", () => {
  test("is linked and pinned by its manifest; --frozen takes it, for nothing of its name is published", async () => {
    writeFolder("packages/x", plugin(X, "1.0.0", { more: { private: true } }));
    const shown = await p.mlstack("integration", "install", "./packages/x", "-n");
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining(`folder  ${p.at("packages/x")}`)]);
    expect(shown.stdout).not.toContain("OVERRIDE");
    expect(await p.data("install", "./packages/x", "-y")).toMatchObject({ done: true, changes: [{ change: "add", package: X, to: "1.0.0", source: "workspace", override: false }] });
    expect(realpathSync(p.at(`node_modules/${X}`))).toBe(p.at("packages/x"));
    expect(locked()).toMatchObject({ source: "workspace", version: "1.0.0", trust: { provenance: false } });
    expect(locked()).not.toHaveProperty("files");
    expect(await p.data("install", "./packages/x", "-y")).toMatchObject({ changes: [], kept: [{ package: X }] });
    expect(await p.data("lock", "--check")).toMatchObject({ same: true });
    rmSync(p.at("node_modules"), { recursive: true });
    expect(await p.data("install", "--frozen")).toMatchObject({ kept: [{ package: X, version: "1.0.0" }] });

    // its source changes as it is worked on; its manifest is agreed to
    p.write("project/packages/x/index.js", "export default 2;\n");
    expect(await p.data("verify")).toEqual([expect.objectContaining({ ok: true })]);
    writeFolder("packages/x", plugin(X, "1.0.0", { flavor: "y", more: { private: true } }));
    expect(await p.end("verify")).toEqual([4, "MLS8207"]);
    expect(await p.data("install", "./packages/x", "-y")).toMatchObject({ changes: [{ change: "change", from: "1.0.0", to: "1.0.0", configChanged: true }] });
    expect(await p.data("verify")).toEqual([expect.objectContaining({ ok: true })]);
    expect(await p.data("uninstall", X, "-y")).toMatchObject({ done: true });
    expect([existsSync(p.at("packages/x")), JSON.parse(p.read("project/package.json")!)]).toEqual([true, expect.not.objectContaining({ dependencies: expect.objectContaining({ [X]: expect.anything() }) })]);
  }, 180_000);

  test("outside of it, or without a package, is refused", async () => {
    writeFolder("elsewhere/x", plugin(X, "1.0.0"));
    expect(await p.end("install", "./elsewhere/x", "-y")).toEqual([2, "MLS8401"]);
    expect(await p.end("install", ".", "-y")).toEqual([2, "MLS8401"]);
    mkdirSync(p.at("packages/empty"), { recursive: true });
    expect(await p.end("install", "./packages/empty", "-y")).toEqual([2, "MLS8401"]);
    expect(existsSync(p.at("mlstack.lock"))).toBe(false);
  }, 60_000);

  test("in the place of a published one: said loudly wherever it has a part, refused by --frozen, and taken back", async () => {
    p.server.publish({ name: X, version: "1.0.0" });
    await p.data("install", X, "-y");
    const published = p.state();
    expect(await p.data("install", "--frozen")).toMatchObject({ kept: [{ package: X }] });
    // somebody has a mend of it
    writeFolder("packages/x", plugin(X, "1.0.1", { code: "export default 'mended';\n" }));
    const shown = await p.mlstack("integration", "install", "./packages/x", "-y");
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining("OVERRIDE  in the place of the published package of that name; install --frozen refuses it")]);
    expect([locked(), realpathSync(p.at(`node_modules/${X}`))]).toEqual([expect.objectContaining({ source: "workspace", version: "1.0.1", trust: { provenance: false, override: "accepted" } }), p.at("packages/x")]);

    // as long as the folder is there, npm's lock of before does not fit the workspace; nothing is half gone back
    const linked = p.state();
    expect(await p.end("rollback", "-y")).toEqual([4, "MLS8302"]);
    expect([p.state(), realpathSync(p.at(`node_modules/${X}`))]).toEqual([linked, p.at("packages/x")]);
    const loud = `${X} is a folder of the workspace, in the place of the published package`;
    for (const args of [["verify"], ["lock", "--check"], ["list", "--installed"], ["install"], ["install", "./packages/x", "-y"], ["upgrade", "-y"]]) {
      const said = await p.mlstack("integration", ...args);
      expect([args, said.code, said.stderr]).toEqual([args, 0, expect.stringContaining(loud)]);
    }
    expect((await p.mlstack("integration", "doctor")).stdout).toContain("in the place of the published package");
    expect(await p.end("install", "--frozen")).toEqual([4, "MLS8411"]);
    // written anew it is still one
    rmSync(p.at("mlstack.lock"));
    await p.data("lock");
    expect(locked()["trust"]).toEqual({ provenance: false, override: "accepted" });

    // back: the folder is no part of the workspace any more
    renameSync(p.at("packages/x"), p.at("x"));
    expect(await p.data("rollback", "--to", "2", "-y")).toMatchObject([{ done: true }]);
    expect([p.state(), lstatSync(p.at(`node_modules/${X}`)).isSymbolicLink()]).toEqual([published, false]);
    expect(await p.data("install", "--frozen")).toMatchObject({ kept: [{ package: X, version: "1.0.0" }] });
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
    p.server.publish({ name: X, version: "1.0.0" });
    writeFolder("packages/x", plugin(X, "1.0.0"));
    expect(await p.data("install", "./packages/x", "-y")).toMatchObject({ changes: [{ source: "workspace", override: true }] });
    const linked = p.state();
    renameSync(p.at("packages/x"), p.at("x"));
    expect(await p.data("install", X, "-y")).toMatchObject({ changes: [{ source: "registry", override: false, to: "1.0.0" }] });
    expect(locked()).toMatchObject({ source: "registry", trust: { provenance: false } });
    renameSync(p.at("x"), p.at("packages/x"));
    expect(p.state()).not.toEqual(linked);
  }, 180_000);
});
