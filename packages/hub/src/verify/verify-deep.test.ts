import { renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Subtree } from "../package-manager/index.ts";
import { openRegistry } from "../registry/open-registry.ts";
import { integrityOf } from "../digest/integrity.ts";
import { fakeRegistry, type FakeRegistry } from "../testing/fake-registry.ts";
import { madePlugin, type MadePlugin } from "../testing/plugins.ts";
import { scratch, type Scratch } from "../testing/scratch.ts";
import { packed } from "../testing/tar.ts";
import { verifyDeep } from "./verify-deep.ts";

let server: FakeRegistry;
let folder: Scratch;

/** A plain package in the registry. */
function publish(name: string, version: string, files: Readonly<Record<string, string>> = {}): MadePlugin {
  const all = { "package.json": JSON.stringify({ name, version }), "index.js": `// ${name}@${version}\n`, ...files };
  const tarball = packed(all);
  const made: MadePlugin = { packageJson: { name, version }, files: all, tarball, version: { ...madePlugin().version, name, version, integrity: integrityOf(tarball) } };
  server.add(made);
  return made;
}
const install = (at: string, { files }: MadePlugin): void => { folder.put(Object.fromEntries(Object.entries(files).map(([path, text]) => [`${at}/${path}`, text]))); };

/** plugin → left → right@1; plugin → right@2; other is for another platform. */
let made: Readonly<Record<"left" | "right1" | "right2" | "other", MadePlugin>>;
beforeEach(async () => {
  [folder, server] = [scratch(), await fakeRegistry()];
  made = { left: publish("left", "1.0.0"), right1: publish("right", "1.0.0"), right2: publish("right", "2.0.0"), other: publish("other", "1.0.0") };
  folder.put({ "package.json": "{}", "node_modules/plugin/package.json": '{"name":"plugin","version":"1.0.0"}' });
  install("node_modules/left", made.left);
  install("node_modules/left/node_modules/right", made.right1);
  install("node_modules/right", made.right2);
});
afterEach(async () => {
  await server.stop();
  folder.remove();
});

function tree(scripts: readonly string[] = [], integrity: Readonly<Record<string, string>> = {}): Subtree {
  const pkg = (name: string, { version }: MadePlugin["version"]) => ({ id: `${name}@${version}`, name, version, integrity: integrity[`${name}@${version}`], installScript: scripts.includes(name) });
  const edge = (from: string, as: string, version = "1.0.0") => ({ from, as, to: `${as}@${version}` });
  return {
    root: "plugin@1.0.0", digest: "", packages: [{ ...pkg("plugin", made.left.version) }, pkg("left", made.left.version), pkg("right", made.right1.version), pkg("right", made.right2.version), pkg("other", made.other.version)],
    edges: [edge("plugin@1.0.0", "left"), edge("plugin@1.0.0", "other"), edge("plugin@1.0.0", "right", "2.0.0"), edge("left@1.0.0", "right")],
  };
}
const verify = async (of = tree()) => {
  const registry = await openRegistry({ projectDir: folder.dir, cacheDir: join(folder.dir, "cache"), offline: false, registry: server.url, env: { HOME: folder.dir, PREFIX: folder.dir, NPM_CONFIG_FETCH_RETRIES: "0" } });
  return (await verifyDeep(join(folder.dir, "node_modules", "plugin"), of, registry)).map(({ id, dir, problem }) => [id, dir?.slice(folder.dir.length + 1).replaceAll("\\", "/"), problem?.code]);
};
const GOOD = [["left@1.0.0", "node_modules/left", undefined], ["other@1.0.0", undefined, undefined], ["right@1.0.0", "node_modules/left/node_modules/right", undefined], ["right@2.0.0", "node_modules/right", undefined]];

test("everything is found where Node finds it, and is what the registry has", async () => {
  expect(await verify()).toEqual(GOOD);
});

test("the same where packages lie beside each other in a store, behind links", async () => {
  folder.put({ "node_modules/.store/left/node_modules/.keep": "", "node_modules/.store/right/node_modules/.keep": "" });
  const at = (path: string): string => join(folder.dir, "node_modules", path);
  renameSync(at("left/node_modules/right"), at(".store/right/node_modules/right"));
  renameSync(at("left"), at(".store/left/node_modules/left"));
  symlinkSync(at(".store/left/node_modules/left"), at("left"), "junction");
  symlinkSync(at(".store/right/node_modules/right"), at(".store/left/node_modules/right"), "junction");
  rmSync(at(".store/left/node_modules/left/node_modules"), { recursive: true });
  expect((await verify()).map(([, dir, code]) => [dir, code])).toEqual([["node_modules/.store/left/node_modules/left", undefined], [undefined, undefined], ["node_modules/.store/right/node_modules/right", undefined], ["node_modules/right", undefined]]);
});

describe("is refused, each with its code", () => {
  const change = (id: string, code: string) => GOOD.map(([name, dir]) => [name, dir, name === id ? code : undefined]);

  test("a changed file two levels down, and a file more", async () => {
    folder.put({ "node_modules/left/node_modules/right/index.js": "evil" });
    expect(await verify()).toEqual(change("right@1.0.0", "MLS8204"));
    install("node_modules/left/node_modules/right", made.right1);
    folder.put({ "node_modules/right/evil.js": "1" });
    expect(await verify()).toEqual(change("right@2.0.0", "MLS8204"));
  });

  test("what an install script has added is not, what it has changed is", async () => {
    folder.put({ "node_modules/right/build/binary.node": "1" });
    expect(await verify(tree(["right"]))).toEqual(GOOD);
    folder.put({ "node_modules/right/index.js": "evil" });
    expect(await verify(tree(["right"]))).toEqual(change("right@2.0.0", "MLS8204"));
  });

  test("another version in its place", async () => {
    install("node_modules/left/node_modules/right", made.right2);
    expect(await verify()).toEqual(change("right@1.0.0", "MLS8207"));
  });

  test("other bytes in the registry than in the package manager's lock", async () => {
    expect(await verify(tree([], { "left@1.0.0": made.left.version.integrity! }))).toEqual(GOOD);
    expect(await verify(tree([], { "left@1.0.0": made.other.version.integrity! }))).toEqual(change("left@1.0.0", "MLS8201"));
  });

  test("a tarball that is not what the registry announces", async () => {
    server.replaceTarball("left", "1.0.0", made.other.tarball);
    expect(await verify()).toEqual(change("left@1.0.0", "MLS8201"));
  });
});

test("a registry that can't be asked has found nothing: it is thrown", async () => {
  server.on(/left/, (_, response) => { response.writeHead(503).end(); });
  await expect(verify()).rejects.toMatchObject({ code: "MLS8101" });
});
