// A person at a terminal: asked, saying no, stopping a change in its middle. And what the lock's own verbs say and write.
import { spawn } from "node:child_process";
import { appendFileSync, existsSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { documentOf } from "./testing/documents.ts";
import { hubCli, type HubCli } from "./testing/hub-cli.ts";
import { BIN, cleanEnv, jsonOf } from "./testing/project.ts";
import { onTerminal, type OnTerminal } from "./testing/pty.ts";

const X = "@acme/mlstack-plugin-x";
let p: HubCli;
beforeEach(async () => { p = await hubCli(); });
afterEach(() => p.close());

const start = (...args: readonly string[]): OnTerminal => onTerminal([process.execPath, BIN, "integration", ...args], p.dir, { ...cleanEnv(), ...p.env });

/** Resolves when the package manager asks for a version's tarball, which it does not get. mlstack itself asks first, and gets it. */
function untilManagerWaits(version: string): Promise<void> {
  const path = new RegExp(`x-${version.replaceAll(".", "\\.")}\\.tgz$`);
  return new Promise((waits) => {
    const pass = async (url: string, response: ServerResponse): Promise<void> => {
      p.server.meddle(path, undefined);
      const bytes = Buffer.from(await (await fetch(new URL(url, p.server.url))).arrayBuffer());
      p.server.meddle(path, () => { waits(); });
      response.end(bytes);
    };
    p.server.meddle(path, ({ url = "" }, response) => { void pass(url, response); });
  });
}
const first = async <T>(wanted: Promise<void>, ended: Promise<T>): Promise<void> => { await Promise.race([wanted, ended.then((how) => { throw new Error(`it ended first: ${JSON.stringify(how)}`); })]); };

describe.skipIf(process.platform === "win32")("at a terminal", () => {
  test("it is shown what would be done, and asked; only yes is yes", async () => {
    p.server.publish({ name: X, permissions: { hosts: ["acme.example"] } });
    const before = p.state();
    for (const answer of ["n\r", "\r", "yesterday\r", "\x04", "\x03"]) {
      const t = start("install", X);
      await t.shows(`Install ${X}? [y/N]`);
      expect(t.screen()).toMatch(/may reach +hosts +acme\.example/);
      t.type(answer);
      expect([answer, (await t.ended).code, p.state()]).toEqual([answer, 130, before]);
      expect(t.screen()).toContain("nothing was done");
      expect(t.screen()).not.toMatch(/\n\s+at /);
    }
    const t = start("install", X);
    await t.shows("[y/N]");
    t.type("y\r");
    expect([(await t.ended).code, p.installed(X)]).toEqual([0, "1.0.0"]);
    const removal = start("uninstall", X);
    await removal.shows(`Remove ${X}? [y/N]`);
    removal.type("y\r");
    expect([(await removal.ended).code, p.installed(X)]).toEqual([0, undefined]);
    const back = start("rollback");
    await back.shows(`Go back to before: remove ${X}? [y/N]`);
    back.type("yes\r");
    expect([(await back.ended).code, p.installed(X)]).toEqual([0, "1.0.0"]);
  }, 300_000);

  test("a change that is made while one is asked whether to roll back is not taken back by the way", async () => {
    p.server.publish({ name: X });
    await p.data("install", X, "-y");
    p.server.publish({ name: X, version: "1.1.0" });
    const t = start("rollback");
    await t.shows(`Go back to before: install ${X}@1.0.0? [y/N]`);
    await p.data("upgrade", "-y");
    const newer = p.state();
    t.type("y\r");
    expect((await t.ended).code).toBe(1);
    expect(t.screen()).toContain("MLS8502");
    expect([p.state(), p.installed(X)]).toEqual([newer, "1.1.0"]);
    // a lock that can't be read is put back as any other
    p.write("project/mlstack.lock", "<<<<<<< ours\n");
    expect(await p.data("rollback", "-y")).toMatchObject([{ change: `change ${X} from 1.0.0 to 1.1.0`, done: true }]);
    expect([p.installed(X), await p.data("verify")]).toEqual(["1.0.0", [expect.objectContaining({ ok: true })]]);
  }, 300_000);

  test("Ctrl-C while the package manager is at work: the old state, exit code 130, and the next command is fine", async () => {
    p.server.publish({ name: X });
    await p.data("install", X, "-y");
    const before = p.state();
    p.server.publish({ name: X, version: "1.1.0" });
    const waits = untilManagerWaits("1.1.0");
    const t = start("upgrade", "-y");
    await first(waits, t.ended);
    expect(existsSync(p.at(".mlstack/hub/pending.json"))).toBe(true);
    t.type("\x03");
    expect((await t.ended).code).toBe(130);
    expect(t.screen()).toContain("stopping");
    expect(t.screen()).not.toMatch(/\n\s+at /);
    expect([p.state(), p.installed(X), existsSync(p.at(".mlstack/hub/pending.json")), existsSync(p.at(".mlstack/hub/manager.json"))]).toEqual([before, "1.0.0", false, false]);
    expect(await p.data("rollback", "--list")).toEqual([expect.objectContaining({ id: 1 })]);
    p.server.meddle(/x-1\.1\.0\.tgz$/, undefined);
    const next = await p.mlstack("integration", "upgrade", "-y", "--json");
    expect([next.code, documentOf("integration-upgrade", next)["warnings"], p.installed(X)]).toEqual([0, [], "1.1.0"]);
  }, 300_000);

  test("Ctrl-C while the registry does not answer is no fault of the registry's: exit code 130, and nothing has changed", async () => {
    p.server.publish({ name: X });
    const before = p.state();
    const asked = new Promise<void>((done) => { p.server.meddle(/mlstack-plugin-x$/, () => { done(); }); });
    const t = start("install", `${X}@1.0.0`, "-y");
    await first(asked, t.ended);
    t.type("\x03");
    expect([(await t.ended).code, p.state()]).toEqual([130, before]);
    expect(t.screen()).toContain("MLS4003");
  }, 300_000);
});

test.skipIf(process.platform === "win32")("SIGTERM in the middle of the first installation: nothing is left of it, exit code 143", async () => {
  p.server.publish({ name: X });
  const before = p.state();
  const waits = untilManagerWaits("1.0.0");
  const child = spawn(process.execPath, [BIN, "integration", "install", X, "-y", "--json"], { cwd: p.dir, env: { ...cleanEnv(), ...p.env }, stdio: ["ignore", "pipe", "ignore"] });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => { stdout += chunk; });
  const ended = new Promise<number | null>((done) => { child.once("close", done); });
  await first(waits, ended);
  child.kill("SIGTERM");
  const code = await ended;
  expect([code, jsonOf({ code, signal: null, stdout, stderr: "" }).error]).toEqual([143, expect.objectContaining({ code: "MLS4003", exitCode: 143 })]);
  expect([p.state(), p.installed(X), existsSync(p.at(".mlstack/hub/pending.json"))]).toEqual([before, undefined, false]);
}, 180_000);

describe("the lock's verbs", () => {
  test("rollback --list says what was changed and when; without a change there is none", async () => {
    expect((await p.mlstack("integration", "rollback", "--list")).stderr).toContain("no change was made here");
    p.server.publish({ name: X });
    await p.data("install", X, "-y");
    p.server.publish({ name: X, version: "1.1.0" });
    await p.data("upgrade", "-y");
    expect(await p.data("rollback", "--list")).toEqual([{ id: 2, change: `change ${X} from 1.0.0 to 1.1.0`, folder: ".", at: expect.any(String), done: false }, { id: 1, change: `install ${X}@1.0.0`, folder: ".", at: expect.any(String), done: false }]);
    const shown = await p.mlstack("integration", "rollback", "--list");
    expect(shown.stdout.trimEnd().split("\n").map((line) => line.trim().replace(/\S+T\S+Z/, "TIME"))).toEqual([expect.stringMatching(/^ID +MADE +CHANGE$/), `2  TIME  change ${X} from 1.0.0 to 1.1.0`, `1  TIME  install ${X}@1.0.0`]);
    expect(await p.data("rollback", "--to", "1", "-n")).toMatchObject([{ id: 1, done: false }]);
    expect(p.installed(X)).toBe("1.1.0");
  }, 180_000);

  test("lock --check sees what was changed without mlstack, and lock writes it down", async () => {
    p.server.publish({ name: X });
    await p.data("install", X, "-y");
    p.server.publish({ name: X, version: "1.2.0" });
    expect((await p.npm("install", "--save-exact", `${X}@1.2.0`, "--no-audit", "--no-fund")).code).toBe(0);
    const before = p.state();
    const checked = await p.mlstack("integration", "lock", "--check", "--json");
    expect([checked.code, documentOf("integration-lock", checked)["data"], p.state()]).toEqual([3, { written: false, same: false, changes: [{ package: X, from: "1.0.0", to: "1.2.0" }] }, before]);
    expect((await p.mlstack("integration", "verify", "--json")).code).toBe(4);
    expect(await p.data("lock")).toEqual({ written: true, same: false, changes: [{ package: X, from: "1.0.0", to: "1.2.0" }] });
    expect([p.state().slice(0, 2), p.state()[2]]).toEqual([before.slice(0, 2), expect.stringContaining('"version": "1.2.0"')]);
    expect([await p.data("lock", "--check"), await p.data("verify")]).toEqual([{ written: false, same: true, changes: [] }, [expect.objectContaining({ package: X, ok: true })]]);
    // it is a change as any other
    expect(await p.data("rollback", "--list")).toEqual([expect.objectContaining({ change: "write mlstack.lock anew" }), expect.anything()]);
  }, 180_000);

  test("verify --deep finds a changed file two packages down, which verify does not look at", async () => {
    p.server.publish({ name: "right", plain: true });
    p.server.publish({ name: "left", plain: true, dependencies: { right: "^1.0.0" } });
    p.server.publish({ name: X, dependencies: { left: "^1.0.0" } });
    await p.data("install", X, "-y");
    expect(await p.data("verify", "--deep")).toEqual([X, "left@1.0.0", "right@1.0.0"].map((name) => expect.objectContaining({ package: name, ok: true }) as unknown));
    appendFileSync(p.at("node_modules/right/index.js"), "evil");
    expect(await p.data("verify")).toEqual([expect.objectContaining({ ok: true })]);
    const deep = await p.mlstack("integration", "verify", "--deep", "--json");
    expect([deep.code, documentOf("integration-verify", deep)["data"]]).toEqual([5, [expect.objectContaining({ package: X, ok: true }), expect.objectContaining({ package: "left@1.0.0", ok: true }), expect.objectContaining({ package: "right@1.0.0", of: X, ok: false, error: expect.objectContaining({ code: "MLS8204" }) })]]);
    const shown = await p.mlstack("integration", "verify", "--deep");
    expect([shown.code, shown.stdout]).toEqual([5, expect.stringMatching(/MLS8204 +right@1\.0\.0/)]);
  }, 180_000);
});
