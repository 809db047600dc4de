import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lockEntry } from "../lock/lock-entry.ts";
import type { LockedPlugin } from "../lock/lock.ts";
import { openRegistry } from "../registry/open-registry.ts";
import { checkTarball } from "../tarball/check-tarball.ts";
import { fakeRegistry, type FakeRegistry } from "../testing/fake-registry.ts";
import { madePlugin } from "../testing/plugins.ts";
import { scratch, type Scratch } from "../testing/scratch.ts";
import { registryProblem } from "./verify-registry.ts";

const NAME = "@acme/mlstack-plugin-x";
const made = madePlugin();
let server: FakeRegistry;
let folder: Scratch;
let entry: LockedPlugin;

beforeEach(async () => {
  [folder, server] = [scratch(), await fakeRegistry()];
  folder.put({ "package.json": "{}" });
  server.add(made);
  const checked = await checkTarball(made.tarball, "x", made.version);
  entry = lockEntry({ package: checked.package, source: "registry", tarball: checked, trust: { provenance: false } });
});
afterEach(async () => {
  await server.stop();
  folder.remove();
});

const problem = async (locked: LockedPlugin) => registryProblem(NAME, locked, await openRegistry({
  projectDir: folder.dir, cacheDir: join(folder.dir, "cache"), offline: false, registry: server.url, env: { HOME: folder.dir, PREFIX: folder.dir, NPM_CONFIG_FETCH_RETRIES: "0" },
}));

test("what was pinned is what the registry has", async () => {
  expect(await problem(entry)).toBeUndefined();
});

test("a version that was published again with other bytes, which both announce rightly", async () => {
  server.add(madePlugin({ files: { "evil.js": "1" } }));
  expect(await problem(entry)).toMatchObject({ code: "MLS8201", exitCode: 5, message: expect.stringContaining("not the one that was pinned") as string });
});

test("bytes that the registry itself does not announce are refused before they are compared", async () => {
  server.replaceTarball(NAME, "1.0.0", madePlugin({ files: { "evil.js": "1" } }).tarball);
  await expect(problem(entry)).rejects.toMatchObject({ code: "MLS8201", message: expect.stringContaining("not what its registry announces") as string });
});

describe("a lock that was edited by hand", () => {
  test.each<[string, Partial<LockedPlugin>]>([
    ["files", { files: `sha256:${"0".repeat(64)}` }], ["integrity", { integrity: madePlugin({ version: "2.0.0" }).version.integrity }], ["capabilities", { capabilities: { env: ["HOME"], files: [], hosts: ["*"], processes: [] } }],
  ])("%s", async (fact, edit) => {
    expect(await problem({ ...entry, ...edit })).toMatchObject({ code: "MLS8208", exitCode: 5, details: { differs: [fact] } });
  });
});

test("a version that is gone", async () => {
  expect(await problem({ ...entry, version: "0.9.0" })).toMatchObject({ code: "MLS8402" });
});

test("trouble with the registry is thrown as such", async () => {
  server.on(/acme/, (_, response) => { response.writeHead(503).end(); });
  await expect(problem(entry)).rejects.toMatchObject({ code: "MLS8101" });
});
