// One file carries integrations to where there is no network: all other addresses are refused there, and the registry they came from is gone.
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { documentOf } from "./testing/documents.ts";
import { BIN, jsonOf, run, type Outcome } from "./testing/project.ts";
import { testRegistry, type TestRegistry } from "./testing/registry.ts";

const [X, Y] = ["@acme/mlstack-plugin-x", "@acme/mlstack-plugin-y"];
let folder: string;
let server: TestRegistry;
let stopped: boolean;
beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-bundle-")));
  server = await testRegistry();
  stopped = false;
  write("here/project/package.json", JSON.stringify({ name: "project", private: true, type: "module" }));
  write("here/project/.npmrc", `registry=${server.url}\n`);
});
afterEach(async () => {
  if (!stopped) await server.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const at = (path: string): string => join(folder, path);
function write(path: string, text: string): void {
  mkdirSync(join(at(path), ".."), { recursive: true });
  writeFileSync(at(path), text);
}
/** A machine is a folder: home, caches, projects. */
function mlstack(machine: string, ...args: readonly string[]): Promise<Outcome> {
  return run(process.execPath, [BIN, ...args], at(`${machine}/project`), { HOME: at(`${machine}/home`), USERPROFILE: at(`${machine}/home`), MLSTACK_CACHE_DIR: at(`${machine}/cache`), npm_config_cache: at(`${machine}/npm-cache`), npm_config_fetch_retries: "0", npm_config_update_notifier: "false" });
}
async function data(machine: string, ...args: readonly string[]): Promise<unknown> {
  const outcome = await mlstack(machine, "integration", ...args, "--json");
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  return documentOf(args[0] === "bundle" ? `integration-bundle-${args[1]!}` : `integration-${args[0]!}`, outcome)["data"];
}
const fails = async (machine: string, ...args: readonly string[]): Promise<unknown> => { const o = await mlstack(machine, "integration", ...args, "--json"); return [o.code, jsonOf(o).error?.code]; };
const text = (path: string): string => readFileSync(at(path), "utf8");
const FILES = ["package.json", "package-lock.json", "mlstack.lock"];
const state = (machine: string) => FILES.map((name) => text(`${machine}/project/${name}`));
const installed = (machine: string, name = X): string => (JSON.parse(text(`${machine}/project/node_modules/${name}/package.json`)) as { version: string }).version;
/** What version control would carry over. */
const checkOut = (machine: string, ...more: readonly string[]): void => { for (const name of [...FILES, ".npmrc", ...more]) cpSync(at(`here/project/${name}`), at(`${machine}/project/${name}`)); };

test("every verb works where there is no network, and the locks become what they would be with one", async () => {
  for (const version of ["1.0.0", "1.1.0"]) server.publish({ name: X, version, dependencies: { left: "^1.0.0" } });
  for (const version of ["1.0.0", "1.4.0"]) server.publish({ name: "left", version, plain: true });
  server.publish({ name: Y, version: "2.0.0", dependencies: { left: "^1.4.0" } });
  await data("here", "install", `${X}@1.0.0`, "-y");
  checkOut("there");
  const pinned = state("here");
  expect(await data("here", "bundle", "export", "../x.bundle", X, `${Y}@^2`)).toMatchObject({ integrations: [{ package: X, version: "1.0.0", pinned: true }, { package: X, version: "1.1.0", pinned: false }, { package: Y, version: "2.0.0", pinned: false }], tarballs: 4, elsewhere: [] });
  // what the same changes give with a network
  await data("here", "upgrade", X, "-y");
  await data("here", "install", `${Y}@2.0.0`, "-y");
  const expected = state("here");
  await server.stop();
  stopped = true;

  expect(await fails("there", "install", "--frozen", "--offline")).toEqual([6, "MLS8105"]);
  expect(await data("there", "bundle", "import", "../../here/x.bundle")).toMatchObject({ done: true, packages: 3, tarballs: 4, platforms: null });
  expect(await data("there", "install", "--frozen", "--offline")).toMatchObject({ done: true, kept: [{ package: X, version: "1.0.0" }] });
  expect([state("there"), installed("there")]).toEqual([pinned, "1.0.0"]);
  expect(await data("there", "verify", "--deep", "--offline")).toEqual([expect.objectContaining({ package: X, ok: true }), expect.objectContaining({ package: "left@1.4.0", of: X, ok: true })]);
  expect(await data("there", "lock", "--check", "--offline")).toMatchObject({ same: true });
  expect(await data("there", "list", "--installed")).toEqual([expect.objectContaining({ package: X, installed: "1.0.0" })]);
  expect((await data("there", "search", "acme", "--offline") as object[]).length).toBe(2);
  expect(await data("there", "info", Y, "--offline")).toEqual([expect.objectContaining({ package: Y, version: "2.0.0" })]);
  expect(await data("there", "outdated", "--offline")).toEqual([expect.objectContaining({ package: X, current: "1.0.0", wanted: "1.1.0", latest: "1.1.0" })]);
  expect(await data("there", "upgrade", X, "--plan", "--offline")).toMatchObject({ changes: [{ from: "1.0.0", to: "1.1.0" }] });

  expect(await data("there", "upgrade", X, "-y", "--offline")).toMatchObject({ done: true });
  expect(await data("there", "install", Y, "-y", "--offline")).toMatchObject({ done: true, changes: [{ package: Y, to: "2.0.0" }] });
  expect(state("there")).toEqual(expected);
  expect(await data("there", "rollback", "-y", "--offline")).toMatchObject([{ done: true }]);
  expect(await data("there", "rollback", "--to", "1", "-y", "--offline")).toMatchObject([{ done: true }]);
  expect([state("there"), installed("there")]).toEqual([pinned, "1.0.0"]);
  expect(await data("there", "uninstall", X, "-y", "--offline")).toMatchObject({ done: true });
  expect(existsSync(at(`there/project/node_modules/${X}`))).toBe(false);
  // what no bundle has is told, and by whom it could be had
  expect(await fails("there", "install", "@acme/other", "-y", "--offline")).toEqual([6, "MLS8105"]);
}, 300_000);

test("nothing leaves the machine: not for what a lock says lies elsewhere, and not by a proxy of the settings", async () => {
  server.publish({ name: X });
  await data("here", "install", X, "-y");
  await data("here", "bundle", "export", "../x.bundle");
  const heard: string[] = [];
  const elsewhere = createServer((socket) => { heard.push("somebody"); socket.destroy(); });
  await new Promise<void>((done) => { elsewhere.listen(0, "127.0.0.1", done); });
  const { port } = elsewhere.address() as { port: number };
  checkOut("there");
  appendFileSync(at("there/project/.npmrc"), `proxy=http://127.0.0.1:${port}/\nhttps-proxy=http://127.0.0.1:${port}/\n`);
  await data("there", "bundle", "import", "../../here/x.bundle");
  server.asked.length = 0;
  await data("there", "install", "--frozen", "--offline");
  // another package of the lock, which the registry had once
  rmSync(at("there/project/node_modules"), { recursive: true });
  const lock = JSON.parse(text("there/project/package-lock.json")) as { packages: Record<string, object> };
  lock.packages["node_modules/gone"] = { version: "1.0.0", resolved: `http://127.0.0.1:${port}/gone/-/gone-1.0.0.tgz`, integrity: `sha512-${"A".repeat(86)}==` };
  lock.packages[""] = { ...lock.packages[""], dependencies: { [X]: "1.0.0", gone: "1.0.0" } };
  write("there/project/package-lock.json", JSON.stringify(lock));
  write("there/project/package.json", JSON.stringify({ ...JSON.parse(text("there/project/package.json")) as object, dependencies: { [X]: "1.0.0", gone: "1.0.0" } }));
  expect(await fails("there", "install", "--frozen", "--offline")).toEqual([6, "MLS8105"]);
  expect([heard, server.asked]).toEqual([[], []]);
  await new Promise((done) => { elsewhere.close(done); });
}, 180_000);

test("what was changed is refused, and so is what the lock does not pin", async () => {
  server.publish({ name: X });
  await data("here", "install", X, "-y");
  await data("here", "bundle", "export", "../x.bundle");
  expect(await fails("here", "bundle", "export", "../x.bundle")).toEqual([2, "MLS7011"]);
  expect(await fails("here", "bundle", "import", "../nothing")).toEqual([2, "MLS7002"]);
  expect(await fails("here", "bundle", "import", "package.json")).toEqual([2, "MLS8603"]);
  const bytes = readFileSync(at("here/x.bundle"));
  bytes[bytes.length - 2000]! ^= 1;
  writeFileSync(at("here/changed.bundle"), bytes);
  checkOut("there");
  expect(await fails("there", "bundle", "import", "../../here/changed.bundle")).toEqual([5, "MLS8602"]);
  const lock = JSON.parse(text("there/project/mlstack.lock")) as { plugins: Record<string, object> };
  write("there/project/mlstack.lock", JSON.stringify({ ...lock, plugins: { [X]: { ...lock.plugins[X], integrity: `sha512-${"A".repeat(86)}==` } } }));
  expect(await fails("there", "bundle", "import", "../../here/x.bundle")).toEqual([5, "MLS8201"]);
  write("there/project/.npmrc", "registry=https://mirror.example/\n");
  expect(await fails("there", "bundle", "import", "../../here/x.bundle")).toEqual([4, "MLS8604"]);
  expect(existsSync(at("there/cache"))).toBe(false);
  const shown = await mlstack("there", "integration", "bundle", "import", "../../here/x.bundle", "--dry-run", "--registry", server.url);
  expect([shown.code, shown.stderr]).toEqual([5, expect.stringContaining("mlstack.lock")]);
  cpSync(at("here/project/mlstack.lock"), at("there/project/mlstack.lock"));
  const dry = await mlstack("there", "integration", "bundle", "import", "../../here/x.bundle", "--dry-run", "--registry", server.url);
  expect([dry.code, dry.stdout, dry.stderr]).toEqual([0, `${X}  1.0.0\n`, expect.stringContaining("nothing was changed")]);
  expect(existsSync(at("there/cache"))).toBe(false);
}, 180_000);
