import { spawn } from "node:child_process";
import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { documentOf } from "./testing/documents.ts";
import { hubCli, type HubCli } from "./testing/hub-cli.ts";
import { BIN, cleanEnv, jsonOf, run, type Outcome } from "./testing/project.ts";

const X = "@acme/mlstack-plugin-x";
let p: HubCli;
beforeEach(async () => { p = await hubCli(); });
afterEach(() => p.close());

describe("without a network", () => {
  test("list says what there is and what is installed", async () => {
    const all = await p.data("list") as { name: string; state: string }[];
    expect(all.find((i) => i.name === "s3")).toMatchObject({ state: "available", installed: null });
    expect(await p.data("list", "--state", "planned", "--type", "artifact-store")).toContainEqual(expect.objectContaining({ name: "gcs" }));
    expect(await p.data("list", "--installed")).toEqual([]);
    const text = await p.mlstack("integration", "ls");
    expect(text.stdout).toMatch(/^NAME +STATE +VERSION +INSTALLED +TYPES +TITLE\n/);
    expect(p.server.asked).toEqual([]);
  });

  test("what there is is shown where mlstack.lock can't be read: a merge that was not finished", async () => {
    p.write("project/mlstack.lock", "<<<<<<< ours\n");
    for (const args of [["list"], ["search", "bucket", "--offline"], ["info", "s3"]]) {
      const outcome = await p.mlstack("integration", ...args, "--json");
      const document = documentOf(`integration-${args[0]!}`, outcome);
      expect([outcome.code, document["data"], document["warnings"]]).toEqual([0, expect.arrayContaining([expect.objectContaining({ name: "s3", installed: null })]), expect.arrayContaining([expect.stringContaining("mlstack.lock:1:1")])]);
    }
    const shown = await p.mlstack("integration", "list", "--installed");
    expect([shown.code, shown.stderr]).toEqual([0, expect.stringContaining("what is installed is not known")]);
  });

  test("a type that is none is refused with the one that is meant; one of a plugin has a dot", async () => {
    for (const verb of [["list"], ["search", "bucket", "--offline"]]) {
      const outcome = await p.mlstack("integration", ...verb, "--type", "orchestator", "--json");
      expect([outcome.code, jsonOf(outcome).error]).toEqual([2, expect.objectContaining({ code: "MLS7001", why: 'did you mean "orchestrator"?' })]);
    }
    expect(await p.data("list", "--type", "acme.vector_index")).toEqual([]);
  });

  test("search finds by words, and info shows a whole alias", async () => {
    expect(await p.data("search", "bucket", "--offline")).toContainEqual(expect.objectContaining({ name: "s3" }));
    expect((await p.data("info", "s3") as object[])[0]).toMatchObject({ name: "s3", package: "@mlstack/plugin-s3", components: [{ type: "artifact_store", flavor: "s3" }] });
    expect((await p.mlstack("integration", "info", "gcp")).stdout).toContain("planned");
    expect(jsonOf(await p.mlstack("integration", "info", "s4", "--json")).error).toMatchObject({ code: "MLS8421", message: expect.stringContaining("s4") as string });
    expect(p.server.asked).toEqual([]);
  });
});

test("search finds packages of others in the registry, and still answers where that is away", async () => {
  p.server.publish({ name: X });
  expect(await p.data("search", "acme")).toEqual([expect.objectContaining({ package: X, source: "third-party" })]);
  expect((await p.data("info", X) as object[])[0]).toMatchObject({ package: X, source: "third-party", version: "1.0.0" });
  p.server.goAway();
  const away = await p.mlstack("integration", "search", "s3", "--json");
  expect([away.code, (documentOf("integration-search", away)["warnings"] as string[])[0]]).toEqual([0, expect.stringContaining("only the catalog was searched")]);
});

test("where no integration is declared there is nothing to pin, and --frozen installs what there is", async () => {
  p.server.publish({ name: "plain", plain: true });
  expect(await p.data("lock", "--check")).toEqual({ written: false, same: true, changes: [] });
  await p.data("install", "--frozen");
  expect(readdirSync(p.dir).toSorted()).toEqual([".npmrc", "package.json"]);
  expect((await p.npm("install", "plain")).code).toBe(0);
  rmSync(p.at("node_modules"), { recursive: true });
  await p.data("install", "--frozen");
  expect([p.installed("plain"), p.read("project/mlstack.lock")]).toEqual(["1.0.0", undefined]);
  expect(await p.data("lock")).toEqual({ written: false, same: true, changes: [] });
  // one of others can't be known for an integration before it is there
  p.server.publish({ name: X });
  expect((await p.npm("install", X)).code).toBe(0);
  expect([await p.end("install", "--frozen"), (await p.mlstack("integration", "lock", "--check")).code]).toEqual([[4, "MLS8207"], 3]);
  rmSync(p.at("node_modules"), { recursive: true });
  expect(await p.end("install", "--frozen")).toEqual([4, "MLS8207"]);
}, 120_000);

test("a registry that went away while npm was at work is not waited for twice: what is there is gone over, and nothing is fetched for it", async () => {
  p.server.publish({ name: X });
  await p.data("install", X, "-y");
  const before = p.state();
  p.server.publish({ name: X, version: "1.1.0" });
  rmSync(join(p.folder, "npm-cache"), { recursive: true, maxRetries: 5 });
  // mlstack itself gets it, npm does not
  const taken: string[] = [];
  p.server.meddle(/x-1\.1\.0\.tgz$/, (_, response) => {
    const tarball = p.server.tarball(X, "1.1.0");
    p.server.meddle(/./, ({ url = "", socket }) => { taken.push(url); socket.destroy(); });
    response.end(tarball);
  });
  const outcome = await p.mlstack("integration", "upgrade", "-y");
  expect(outcome, outcome.stderr).toMatchObject({ code: 6 });
  expect(outcome.stderr.split("\n").slice(0, 3)).toEqual(["fetching 1 package to check it", "npm is at work", `taking back: change ${X} from 1.0.0 to 1.1.0, with what is on this machine: nothing is fetched for it`]);
  expect(outcome.stderr).not.toContain("was not brought back");
  expect([p.state(), p.installed(X), p.read("project/.mlstack/hub/pending.json")]).toEqual([before, "1.0.0", undefined]);
  expect([taken.length > 0, taken.filter((url) => url.includes("1.0.0"))]).toEqual([true, []]);
}, 120_000);

test("install, verify, permissions, outdated, upgrade, rollback, uninstall: from a registry, by npm", async () => {
  p.server.publish({ name: X, version: "1.0.0", permissions: { hosts: ["acme.example"] } });
  const before = p.state();
  const dry = await p.data("install", X, "--dry-run") as { done: boolean; changes: object[] };
  expect([dry.done, dry.changes, p.state()]).toEqual([false, [expect.objectContaining({ change: "add", package: X, to: "1.0.0", widened: ["hosts: acme.example"] })], before]);
  // nobody is there to be asked
  const asked = await p.mlstack("integration", "install", X, "--json");
  expect([asked.code, jsonOf(asked).error, p.state()]).toEqual([2, expect.objectContaining({ code: "MLS7001", fix: "add --yes" }), before]);

  expect(await p.data("install", X, "-y")).toMatchObject({ done: true, changes: [{ package: X, to: "1.0.0" }] });
  expect(p.installed(X)).toBe("1.0.0");
  const first = p.state();
  expect(JSON.parse(first[0]!)).toMatchObject({ dependencies: { [X]: "1.0.0" } });
  expect(await p.data("install", X, "-y")).toMatchObject({ changes: [], kept: [{ package: X, version: "1.0.0" }] });
  expect(await p.data("verify")).toEqual([{ package: X, version: "1.0.0", of: null, ok: true, error: null }]);
  expect(await p.data("permissions")).toEqual([{ package: X, version: "1.0.0", granted: { env: [], files: [], hosts: ["acme.example"], processes: [] }, beyond: [] }]);
  expect(await p.data("lock", "--check")).toEqual({ written: false, same: true, changes: [] });
  expect(await p.data("list", "--installed")).toEqual([expect.objectContaining({ package: X, installed: "1.0.0" })]);

  p.server.publish({ name: X, version: "1.1.0", permissions: { hosts: ["acme.example"], files: ["*"] } });
  expect(await p.data("outdated")).toEqual([expect.objectContaining({ package: X, current: "1.0.0", wanted: "1.1.0", latest: "1.1.0" })]);
  expect((await p.mlstack("integration", "outdated", "--exit-code")).code).toBe(3);
  expect(await p.data("upgrade", "--plan")).toMatchObject({ done: false, changes: [{ from: "1.0.0", to: "1.1.0", widened: ["files: *"] }] });
  expect(p.state()).toEqual(first);
  const widened = await p.mlstack("integration", "upgrade", "-y", "--json");
  expect([widened.code, jsonOf(widened).error, p.state()]).toEqual([4, expect.objectContaining({ code: "MLS8409" }), first]);
  expect(await p.data("upgrade", "-y", "--allow-permissions", X)).toMatchObject({ done: true });
  expect(p.installed(X)).toBe("1.1.0");
  expect(await p.data("rollback", "--list")).toEqual([expect.objectContaining({ id: 2, change: `change ${X} from 1.0.0 to 1.1.0` }), expect.objectContaining({ id: 1 })]);
  expect(await p.data("rollback", "-y")).toEqual([expect.objectContaining({ id: 2, done: true })]);
  expect([p.state(), p.installed(X)]).toEqual([first, "1.0.0"]);

  rmSync(p.at("node_modules"), { recursive: true });
  expect(await p.data("install", "--frozen", "--offline")).toMatchObject({ done: true, kept: [{ package: X, version: "1.0.0" }] });
  expect(p.installed(X)).toBe("1.0.0");
  expect(await p.data("uninstall", X, "-y")).toMatchObject({ done: true, changes: [{ change: "remove", package: X, from: "1.0.0" }] });
  expect(p.installed(X)).toBeUndefined();
}, 180_000);

test("what can't be installed is told apart, and leaves everything as it was", async () => {
  p.server.publish({ name: X, version: "1.0.0", core: "^7.0.0" });
  p.server.publish({ name: "@acme/young", publishedAt: new Date().toISOString() });
  p.server.publish({ name: "@acme/forged", forged: true });
  const before = p.state();
  const fails = async (...args: readonly string[]) => { const o = await p.mlstack("integration", "install", ...args, "-y", "--json"); return [o.code, jsonOf(o).error?.code]; };
  expect(await fails(X)).toEqual([4, "MLS2004"]);
  expect(await fails("@acme/young")).toEqual([4, "MLS8405"]);
  expect(await fails("@acme/forged")).toEqual([5, "MLS8201"]);
  expect(await fails("@acme/none")).toEqual([4, "MLS8102"]);
  expect(await fails("gcp")).toEqual([4, "MLS8422"]);
  expect(await fails("s33")).toEqual([4, "MLS8421"]);
  expect(await fails("./nowhere.tgz")).toEqual([2, "MLS8401"]);
  expect(await fails(X, "--frozen")).toEqual([2, "MLS7001"]);
  expect(await fails("@acme/other", "--offline")).toEqual([6, "MLS8105"]);
  p.server.publish({ name: "@acme/fine" });
  for (const flag of ["--allow-fresh", "--allow-permissions", "--allow-invalid-config"]) expect(await fails("@acme/fine", flag, "@acme/fien")).toEqual([2, "MLS8412"]);
  for (const args of [["install", "--allow-permissions"], ["upgrade", "-y", "--allow-fresh"], ["lock", "--allow-permissions"], ["bundle", "export", "x.bundle", "@acme/fine@1.0.0", "--allow-fresh"]]) expect(await p.end(...args, "@acme/fien")).toEqual([2, "MLS8412"]);
  p.server.goAway();
  expect(await fails("@acme/other")).toEqual([6, "MLS8101"]);
  expect(p.state()).toEqual(before);
}, 180_000);

test("what was changed on disk is found, named, and mended by the lock", async () => {
  p.server.publish({ name: X, version: "1.0.0" });
  await p.data("install", X, "-y");
  appendFileSync(p.at(`node_modules/${X}/index.js`), "evil");
  const found = await p.mlstack("integration", "verify", "--json");
  expect([found.code, documentOf("integration-verify", found)]).toEqual([5, expect.objectContaining({ data: [expect.objectContaining({ package: X, ok: false })], error: expect.objectContaining({ code: "MLS8204" }) as unknown })]);
  const shown = await p.mlstack("integration", "verify");
  expect(shown.stdout).toContain(`MLS8204  ${X}`);
  expect(shown.stderr).not.toMatch(/\n\s+at /);
  expect((await p.mlstack("integration", "lock", "--json")).code).toBe(5);
  const doctor = await p.mlstack("integration", "doctor", "--json");
  expect([doctor.code, documentOf("integration-doctor", doctor)["data"]]).toEqual([1, expect.objectContaining({ checks: expect.arrayContaining([expect.objectContaining({ name: "package manager", status: "ok" }), expect.objectContaining({ name: X, status: "error", message: expect.stringContaining("MLS8204") as string })]) as unknown })]);
  // npm itself does not look at files
  const mended = await p.mlstack("integration", "install", "--json");
  expect([mended.code, documentOf("integration-install", mended)["warnings"]]).toEqual([0, [`${X} had been changed on disk, and was installed anew`]]);
  expect(await p.data("verify")).toEqual([expect.objectContaining({ package: X, ok: true })]);
}, 180_000);

test("what is pinned and can't be had leaves what is installed where it is, and a changed file with it; the next installation goes on", async () => {
  p.server.publish({ name: X, version: "1.0.0" });
  await p.data("install", X, "-y");
  p.server.publish({ name: X, version: "1.1.0" });
  await p.data("upgrade", "-y");
  const newer = p.state();
  await p.data("rollback", "-y");
  appendFileSync(p.at(`node_modules/${X}/index.js`), "// edited");
  // as after a `git pull`, on a train
  for (const [i, name] of ["package.json", "package-lock.json", "mlstack.lock"].entries()) p.write(`project/${name}`, newer[i]!);
  rmSync(join(p.folder, "npm-cache"), { recursive: true, maxRetries: 5 });
  p.server.goAway();
  for (const args of [["install", "--frozen"], ["install"]]) {
    const outcome = await p.mlstack("integration", ...args, "--json");
    expect([outcome.code, jsonOf(outcome)["error"]]).toEqual([6, expect.objectContaining({ code: "MLS8101" })]);
    expect(outcome.stderr).not.toMatch(/\n\s+at /);
    expect([p.state(), p.installed(X), readFileSync(p.at(`node_modules/${X}/index.js`), "utf8")]).toEqual([newer, "1.0.0", expect.stringContaining("// edited")]);
  }
  p.server.comeBack();
  expect(await p.data("install", "--frozen")).toMatchObject({ done: true });
  expect([p.state(), p.installed(X)]).toEqual([newer, "1.1.0"]);
}, 180_000);

test.skipIf(process.platform === "win32")("a program whose own files are replaced by the package manager comes to its end all the same", async () => {
  p.server.publish({ name: X, version: "1.0.0" });
  await p.data("install", X, "-y");
  const cli = join(p.folder, "cli");
  const from = join(BIN, "..", "..");
  cpSync(from, cli, { recursive: true, filter: (path) => !/node_modules|[\\/]src$/.test(relative(from, path)) });
  symlinkSync(join(from, "..", "..", "node_modules"), join(p.folder, "node_modules"), "junction");
  const manifest = JSON.parse(readFileSync(p.at("package.json"), "utf8")) as object;
  // npm runs it before it installs
  p.write("project/package.json", JSON.stringify({ ...manifest, scripts: { preinstall: `rm -rf ${join(cli, "dist")}` } }));
  const restored = (): void => { cpSync(join(from, "dist"), join(cli, "dist"), { recursive: true }); };
  const install = (...args: readonly string[]): Promise<Outcome> => run(process.execPath, [join(cli, "bin", "mlstack.js"), "integration", "install", ...args], p.dir, p.env);
  expect(await install()).toMatchObject({ code: 0, stderr: expect.stringContaining("1 integration, as pinned") });
  expect(existsSync(join(cli, "dist"))).toBe(false);
  restored();
  // a lock that was edited by hand: what is installed can't be that
  p.write("project/mlstack.lock", readFileSync(p.at("mlstack.lock"), "utf8").replace(/"files": "sha256:./, (start) => `${start.slice(0, -1)}${start.endsWith("0") ? "1" : "0"}`));
  const failed = await install("--frozen");
  expect(existsSync(join(cli, "dist"))).toBe(false);
  expect(failed).toMatchObject({ code: 5, stderr: expect.stringContaining("MLS8204") as unknown });
  expect(failed.stderr).not.toContain("ERR_MODULE_NOT_FOUND");
}, 180_000);

test.skipIf(process.platform === "win32")("a process that is killed while the package manager is at work: the next command brings the old state back", async () => {
  p.server.publish({ name: X });
  await p.data("install", X, "-y");
  const before = p.state();
  p.server.publish({ name: X, version: "1.1.0" });
  const child = spawn(process.execPath, [BIN, "integration", "upgrade", "-y"], { cwd: p.dir, env: { ...cleanEnv(), ...p.env }, stdio: "ignore" });
  const pending = p.at(".mlstack/hub/manager.json"); // there while npm is at work
  while (!existsSync(pending) && child.exitCode === null) await new Promise((done) => { setImmediate(done); });
  const ended = new Promise((done) => { child.once("exit", done); });
  child.kill("SIGKILL");
  await ended;
  expect(child.signalCode).toBe("SIGKILL");
  const plan = await p.mlstack("integration", "upgrade", "--plan", "--json");
  expect(documentOf("integration-upgrade", plan)["warnings"]).toEqual([expect.stringContaining("was interrupted")]);
  // npm writes package.json in place: killed in the middle, too, it leaves a part of it
  try { process.kill(-(JSON.parse(readFileSync(pending, "utf8")) as { pid: number }).pid, "SIGKILL"); } catch { /* it has ended */ }
  p.write("project/package.json", "");
  expect(jsonOf(await p.mlstack("integration", "verify", "--json")).error).toMatchObject({ code: "MLS8502", message: expect.stringContaining("was interrupted: change") as string });
  const next = await p.mlstack("integration", "install", X, "-y", "--json");
  expect([next.code, documentOf("integration-install", next)["warnings"]]).toEqual([0, [expect.stringContaining("taken back: change")]]);
  expect([p.state(), p.installed(X), existsSync(pending)]).toEqual([before, "1.0.0", false]);
}, 180_000);
