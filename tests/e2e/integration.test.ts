import { spawn } from "node:child_process";
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { documentOf } from "./testing/documents.ts";
import { BIN, cleanEnv, jsonOf, run, type Outcome } from "./testing/project.ts";
import { testRegistry, type TestRegistry } from "./testing/registry.ts";

const X = "@acme/mlstack-plugin-x";
let folder: string;
let server: TestRegistry;
beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-hub-e2e-")));
  server = await testRegistry();
  mkdirSync(join(folder, "project"));
  write("package.json", JSON.stringify({ name: "project", private: true, type: "module" }));
  write(".npmrc", `registry=${server.url}\n`);
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const at = (path: string): string => join(folder, "project", path);
const write = (path: string, text: string): void => { writeFileSync(at(path), text); };
const ENV = (): Record<string, string> => ({
  HOME: join(folder, "home"), USERPROFILE: join(folder, "home"), MLSTACK_CACHE_DIR: join(folder, "cache"), npm_config_cache: join(folder, "npm-cache"), npm_config_registry: server.url, npm_config_fetch_retries: "0", npm_config_update_notifier: "false",
});
const mlstack = (...args: readonly string[]): Promise<Outcome> => run(process.execPath, [BIN, ...args], join(folder, "project"), ENV());
const FILES = ["package.json", "package-lock.json", "mlstack.lock"];
const state = () => FILES.map((name) => (existsSync(at(name)) ? readFileSync(at(name), "utf8") : undefined));
const installed = (): string | undefined => (existsSync(at(`node_modules/${X}/package.json`)) ? (JSON.parse(readFileSync(at(`node_modules/${X}/package.json`), "utf8")) as { version: string }).version : undefined);
/** The data of a command that is to succeed, of the published form. */
async function data(...args: readonly string[]): Promise<unknown> {
  const outcome = await mlstack("integration", ...args, "--json");
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  return documentOf(`integration-${args[0]!}`, outcome)["data"];
}

describe("without a network", () => {
  test("list says what there is and what is installed", async () => {
    const all = await data("list") as { name: string; state: string }[];
    expect(all.find((i) => i.name === "s3")).toMatchObject({ state: "available", installed: null });
    expect(await data("list", "--state", "planned", "--type", "artifact-store")).toContainEqual(expect.objectContaining({ name: "gcs" }));
    expect(await data("list", "--installed")).toEqual([]);
    const text = await mlstack("integration", "ls");
    expect(text.stdout).toMatch(/^NAME +STATE +VERSION +INSTALLED +TYPES +TITLE\n/);
    expect(server.asked).toEqual([]);
  });

  test("search finds by words, and info shows a whole alias", async () => {
    expect(await data("search", "bucket", "--offline")).toContainEqual(expect.objectContaining({ name: "s3" }));
    expect((await data("info", "s3") as object[])[0]).toMatchObject({ name: "s3", package: "@mlstack/plugin-s3", components: [{ type: "artifact_store", flavor: "s3" }] });
    expect((await mlstack("integration", "info", "gcp")).stdout).toContain("planned");
    expect(jsonOf(await mlstack("integration", "info", "s4", "--json")).error).toMatchObject({ code: "MLS8421", message: expect.stringContaining("s4") as string });
    expect(server.asked).toEqual([]);
  });
});

test("search finds packages of others in the registry, and still answers where that is away", async () => {
  server.publish({ name: X });
  expect(await data("search", "acme")).toEqual([expect.objectContaining({ package: X, source: "third-party" })]);
  expect((await data("info", X) as object[])[0]).toMatchObject({ package: X, source: "third-party", version: "1.0.0" });
  server.goAway();
  const away = await mlstack("integration", "search", "s3", "--json");
  expect([away.code, (documentOf("integration-search", away)["warnings"] as string[])[0]]).toEqual([0, expect.stringContaining("only the catalog was searched")]);
});

test("install, verify, permissions, outdated, upgrade, rollback, uninstall: from a registry, by npm", async () => {
  server.publish({ name: X, version: "1.0.0", permissions: { hosts: ["acme.example"] } });
  const before = state();
  const dry = await data("install", X, "--dry-run") as { done: boolean; changes: object[] };
  expect([dry.done, dry.changes, state()]).toEqual([false, [expect.objectContaining({ change: "add", package: X, to: "1.0.0", widened: ["hosts: acme.example"] })], before]);
  // nobody is there to be asked
  const asked = await mlstack("integration", "install", X, "--json");
  expect([asked.code, jsonOf(asked).error, state()]).toEqual([2, expect.objectContaining({ code: "MLS7001", fix: "add --yes" }), before]);

  expect(await data("install", X, "-y")).toMatchObject({ done: true, changes: [{ package: X, to: "1.0.0" }] });
  expect(installed()).toBe("1.0.0");
  const first = state();
  expect(JSON.parse(first[0]!)).toMatchObject({ dependencies: { [X]: "1.0.0" } });
  expect(await data("install", X, "-y")).toMatchObject({ changes: [], kept: [{ package: X, version: "1.0.0" }] });
  expect(await data("verify")).toEqual([{ package: X, version: "1.0.0", of: null, ok: true, error: null }]);
  expect(await data("permissions")).toEqual([{ package: X, version: "1.0.0", granted: { env: [], files: [], hosts: ["acme.example"], processes: [] }, beyond: [] }]);
  expect(await data("lock", "--check")).toEqual({ written: false, same: true, changes: [] });
  expect(await data("list", "--installed")).toEqual([expect.objectContaining({ package: X, installed: "1.0.0" })]);

  server.publish({ name: X, version: "1.1.0", permissions: { hosts: ["acme.example"], files: ["*"] } });
  expect(await data("outdated")).toEqual([expect.objectContaining({ package: X, current: "1.0.0", wanted: "1.1.0", latest: "1.1.0" })]);
  expect((await mlstack("integration", "outdated", "--exit-code")).code).toBe(3);
  expect(await data("upgrade", "--plan")).toMatchObject({ done: false, changes: [{ from: "1.0.0", to: "1.1.0", widened: ["files: *"] }] });
  expect(state()).toEqual(first);
  const widened = await mlstack("integration", "upgrade", "-y", "--json");
  expect([widened.code, jsonOf(widened).error, state()]).toEqual([4, expect.objectContaining({ code: "MLS8409" }), first]);
  expect(await data("upgrade", "-y", "--allow-permissions", X)).toMatchObject({ done: true });
  expect(installed()).toBe("1.1.0");
  expect(await data("rollback", "--list")).toEqual([expect.objectContaining({ id: 2, change: `change ${X} from 1.0.0 to 1.1.0` }), expect.objectContaining({ id: 1 })]);
  expect(await data("rollback", "-y")).toEqual([expect.objectContaining({ id: 2, done: true })]);
  expect([state(), installed()]).toEqual([first, "1.0.0"]);

  rmSync(at("node_modules"), { recursive: true });
  expect(await data("install", "--frozen", "--offline")).toMatchObject({ done: true, kept: [{ package: X, version: "1.0.0" }] });
  expect(installed()).toBe("1.0.0");
  expect(await data("uninstall", X, "-y")).toMatchObject({ done: true, changes: [{ change: "remove", package: X, from: "1.0.0" }] });
  expect(installed()).toBeUndefined();
}, 180_000);

test("what can't be installed is told apart, and leaves everything as it was", async () => {
  server.publish({ name: X, version: "1.0.0", core: "^7.0.0" });
  server.publish({ name: "@acme/young", publishedAt: new Date().toISOString() });
  server.publish({ name: "@acme/forged", forged: true });
  const before = state();
  const fails = async (...args: readonly string[]) => { const o = await mlstack("integration", "install", ...args, "-y", "--json"); return [o.code, jsonOf(o).error?.code]; };
  expect(await fails(X)).toEqual([4, "MLS2004"]);
  expect(await fails("@acme/young")).toEqual([4, "MLS8405"]);
  expect(await fails("@acme/forged")).toEqual([5, "MLS8201"]);
  expect(await fails("@acme/none")).toEqual([4, "MLS8102"]);
  expect(await fails("gcp")).toEqual([4, "MLS8422"]);
  expect(await fails("s33")).toEqual([4, "MLS8421"]);
  expect(await fails("./nowhere.tgz")).toEqual([2, "MLS8401"]);
  expect(await fails(X, "--frozen")).toEqual([2, "MLS7001"]);
  expect(await fails("--frozen")).toEqual([4, "MLS8207"]);
  expect(await fails("@acme/other", "--offline")).toEqual([6, "MLS8105"]);
  server.goAway();
  expect(await fails("@acme/other")).toEqual([6, "MLS8101"]);
  expect(state()).toEqual(before);
}, 180_000);

test("what was changed on disk is found, named, and mended by the lock", async () => {
  server.publish({ name: X, version: "1.0.0" });
  await data("install", X, "-y");
  appendFileSync(at(`node_modules/${X}/index.js`), "evil");
  const found = await mlstack("integration", "verify", "--json");
  expect([found.code, documentOf("integration-verify", found)]).toEqual([5, expect.objectContaining({ data: [expect.objectContaining({ package: X, ok: false })], error: expect.objectContaining({ code: "MLS8204" }) as unknown })]);
  const shown = await mlstack("integration", "verify");
  expect(shown.stdout).toContain(`MLS8204  ${X}`);
  expect(shown.stderr).not.toMatch(/\n\s+at /);
  expect((await mlstack("integration", "lock", "--json")).code).toBe(5);
  const doctor = await mlstack("integration", "doctor", "--json");
  expect([doctor.code, documentOf("integration-doctor", doctor)["data"]]).toEqual([1, expect.objectContaining({ checks: expect.arrayContaining([expect.objectContaining({ name: "package manager", status: "ok" }), expect.objectContaining({ name: X, status: "error", message: expect.stringContaining("MLS8204") as string })]) as unknown })]);
  // npm itself does not look at files
  const mended = await mlstack("integration", "install", "--json");
  expect([mended.code, documentOf("integration-install", mended)["warnings"]]).toEqual([0, [`${X} had been changed on disk, and was installed anew`]]);
  expect(await data("verify")).toEqual([expect.objectContaining({ package: X, ok: true })]);
}, 180_000);

test("what is pinned and can't be had leaves what is installed where it is, and a changed file with it; the next installation goes on", async () => {
  server.publish({ name: X, version: "1.0.0" });
  await data("install", X, "-y");
  server.publish({ name: X, version: "1.1.0" });
  await data("upgrade", "-y");
  const newer = state();
  await data("rollback", "-y");
  appendFileSync(at(`node_modules/${X}/index.js`), "// edited");
  // as after a `git pull`, on a train
  for (const [i, name] of FILES.entries()) write(name, newer[i]!);
  rmSync(join(folder, "npm-cache"), { recursive: true, maxRetries: 5 });
  server.goAway();
  for (const args of [["install", "--frozen"], ["install"]]) {
    const outcome = await mlstack("integration", ...args, "--json");
    expect([outcome.code, jsonOf(outcome)["error"]]).toEqual([6, expect.objectContaining({ code: "MLS8101" })]);
    expect(outcome.stderr).not.toMatch(/\n\s+at /);
    expect([state(), installed(), readFileSync(at(`node_modules/${X}/index.js`), "utf8")]).toEqual([newer, "1.0.0", expect.stringContaining("// edited")]);
  }
  server.comeBack();
  expect(await data("install", "--frozen")).toMatchObject({ done: true });
  expect([state(), installed()]).toEqual([newer, "1.1.0"]);
}, 180_000);

test.skipIf(process.platform === "win32")("a program whose own files are replaced by the package manager comes to its end all the same", async () => {
  server.publish({ name: X, version: "1.0.0" });
  await data("install", X, "-y");
  const cli = join(folder, "cli");
  const from = join(BIN, "..", "..");
  cpSync(from, cli, { recursive: true, filter: (path) => !/node_modules|[\\/]src$/.test(relative(from, path)) });
  symlinkSync(join(from, "..", "..", "node_modules"), join(folder, "node_modules"), "junction");
  const manifest = JSON.parse(readFileSync(at("package.json"), "utf8")) as object;
  // npm runs it before it installs
  write("package.json", JSON.stringify({ ...manifest, scripts: { preinstall: `rm -rf ${join(cli, "dist")}` } }));
  const restored = (): void => { cpSync(join(from, "dist"), join(cli, "dist"), { recursive: true }); };
  const install = (...args: readonly string[]): Promise<Outcome> => run(process.execPath, [join(cli, "bin", "mlstack.js"), "integration", "install", ...args], join(folder, "project"), ENV());
  expect(await install()).toMatchObject({ code: 0, stderr: expect.stringContaining("1 integration, as pinned") });
  expect(existsSync(join(cli, "dist"))).toBe(false);
  restored();
  // a lock that was edited by hand: what is installed can't be that
  write("mlstack.lock", readFileSync(at("mlstack.lock"), "utf8").replace(/"files": "sha256:./, (start) => `${start.slice(0, -1)}${start.endsWith("0") ? "1" : "0"}`));
  const failed = await install("--frozen");
  expect(existsSync(join(cli, "dist"))).toBe(false);
  expect(failed).toMatchObject({ code: 5, stderr: expect.stringContaining("MLS8204") as unknown });
  expect(failed.stderr).not.toContain("ERR_MODULE_NOT_FOUND");
}, 180_000);

test.skipIf(process.platform === "win32")("a process that is killed while the package manager is at work: the next command brings the old state back", async () => {
  server.publish({ name: X });
  await data("install", X, "-y");
  const before = state();
  server.publish({ name: X, version: "1.1.0" });
  const child = spawn(process.execPath, [BIN, "integration", "upgrade", "-y"], { cwd: join(folder, "project"), env: { ...cleanEnv(), ...ENV() }, stdio: "ignore" });
  const pending = at(".mlstack/hub/manager.json"); // there while npm is at work
  while (!existsSync(pending) && child.exitCode === null) await new Promise((done) => { setImmediate(done); });
  const ended = new Promise((done) => { child.once("exit", done); });
  child.kill("SIGKILL");
  await ended;
  expect(child.signalCode).toBe("SIGKILL");
  const plan = await mlstack("integration", "upgrade", "--plan", "--json");
  expect(documentOf("integration-upgrade", plan)["warnings"]).toEqual([expect.stringContaining("was interrupted")]);
  // npm writes package.json in place: killed in the middle, too, it leaves a part of it
  try { process.kill(-(JSON.parse(readFileSync(pending, "utf8")) as { pid: number }).pid, "SIGKILL"); } catch { /* it has ended */ }
  write("package.json", "");
  expect(jsonOf(await mlstack("integration", "verify", "--json")).error).toMatchObject({ code: "MLS8502", message: expect.stringContaining("was interrupted: change") as string });
  const next = await mlstack("integration", "install", X, "-y", "--json");
  expect([next.code, documentOf("integration-install", next)["warnings"]]).toEqual([0, [expect.stringContaining("taken back: change")]]);
  expect([state(), installed(), existsSync(pending)]).toEqual([before, "1.0.0", false]);
}, 180_000);
