// Attacks that a real package manager takes part in, through the CLI; each beside something harmless that looks like it. The others: packages/hub/src/apply/attacks.test.ts.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hubCli, type HubCli } from "./testing/hub-cli.ts";
import { BIN, cleanEnv, jsonOf } from "./testing/project.ts";
import { onTerminal } from "./testing/pty.ts";
import { testRegistry, type PublishedVersion } from "./testing/registry.ts";

const [X, LIB] = ["@acme/mlstack-plugin-x", "@acme/lib"];
const EVIL = { "index.js": "export default 'evil';\n" };
let p: HubCli;
beforeEach(async () => { p = await hubCli(); });
afterEach(() => p.close());

const lib = (more: Partial<PublishedVersion> = {}): void => { p.server.publish({ name: LIB, plain: true, ...more }); };
const plugin = (more: Partial<PublishedVersion> = {}): void => { p.server.publish({ name: X, ...more }); };
const lock = (): string => p.read("project/package-lock.json")!;

describe("a changed tarball", () => {
  test("that npm gets after another one was checked is refused; the same twice is installed", async () => {
    plugin();
    const honest = p.server.tarball(X, "1.0.0");
    plugin({ files: EVIL });
    const evil = p.server.tarball(X, "1.0.0");
    plugin();
    const before = p.state();
    let asked = 0;
    const answers = (second: Buffer): void => {
      asked = 0;
      p.server.meddle(/\.tgz$/, (_, response) => { response.end(asked++ === 0 ? honest : second); });
    };
    answers(evil);
    expect(await p.end("install", X, "-y")).toEqual([5, "MLS8201"]);
    expect([asked > 1, p.state(), p.installed(X)]).toEqual([true, before, undefined]);
    rmSync(join(p.folder, "cache"), { recursive: true });
    answers(honest);
    expect(await p.end("install", X, "-y")).toEqual([0, undefined]);
    expect(p.installed(X)).toBe("1.0.0");
  }, 120_000);

  test("that npm gets with a digest of its own, after another one was checked, is refused by what it unpacks to", async () => {
    plugin();
    const before = p.state();
    // what npm asks for comes after the checked tarball
    const tarball = p.server.tarball(X, "1.0.0");
    p.server.meddle(/\.tgz$/, (_, response) => {
      p.server.meddle(/\.tgz$/, undefined);
      plugin({ files: EVIL });
      response.end(tarball);
    });
    expect(await p.end("install", X, "-y")).toEqual([5, "MLS8204"]);
    expect([p.state(), p.installed(X)]).toEqual([before, undefined]);
    // another version that comes meanwhile is no attack
    plugin();
    rmSync(join(p.folder, "cache"), { recursive: true });
    p.server.meddle(/\.tgz$/, (_, response) => {
      p.server.meddle(/\.tgz$/, undefined);
      plugin({ version: "1.0.1" });
      response.end(tarball);
    });
    expect(await p.end("install", X, "-y")).toEqual([0, undefined]);
    expect(p.installed(X)).toBe("1.0.0");
  }, 120_000);
});

describe("dependency confusion", () => {
  test("a scope is asked for at its own registry, by mlstack and by npm, whatever another one has of that name", async () => {
    const own = await testRegistry();
    try {
      p.write("project/.npmrc", `registry=${p.server.url}\n@acme:registry=${own.url}\n`);
      // the public one: higher versions
      plugin({ version: "9.0.0", files: EVIL });
      lib({ version: "1.9.0", files: EVIL });
      for (const args of [[], ["--registry", p.server.url]]) expect(await p.end("install", X, "-y", ...args)).toEqual([4, "MLS8102"]);
      own.publish({ name: LIB, plain: true });
      own.publish({ name: X, dependencies: { [LIB]: "^1.0.0" } });
      expect(await p.end("install", X, "-y", "--registry", p.server.url)).toEqual([0, undefined]);
      expect([p.installed(X), p.installed(LIB), p.server.asked]).toEqual(["1.0.0", "1.0.0", []]);
      expect(lock()).not.toContain(new URL(p.server.url).host);
    } finally { await own.stop(); }
  }, 120_000);
});

describe("an install script", () => {
  const script = (name: string) => ({ more: { scripts: { postinstall: `node -e "require('fs').writeFileSync('${join(p.folder, name).replaceAll("\\", "/")}', '')"` } } });
  const ran = (): boolean => ["plugin", "lib"].some((name) => existsSync(join(p.folder, name)));

  test("of the integration and of what it depends on are named, and not run; without one nothing is named", async () => {
    lib(script("lib"));
    plugin({ ...script("plugin"), dependencies: { [LIB]: "^1.0.0" } });
    const outcome = await p.mlstack("integration", "install", X, "-y", "--json");
    expect([outcome.code, jsonOf(outcome).data["scripts"], ran()]).toEqual([0, [`${LIB}@1.0.0`, `${X}@1.0.0`], false]);
    lib({ name: "@acme/harmless" });
    p.server.publish({ name: "@acme/mlstack-plugin-y", dependencies: { "@acme/harmless": "^1.0.0" } });
    expect(await p.data("install", "@acme/mlstack-plugin-y", "-y")).toMatchObject({ done: true, scripts: [] });
    expect(ran()).toBe(false);
    // they would have
    rmSync(join(p.dir, "node_modules"), { recursive: true });
    await p.npm("install", "--no-save", "--foreground-scripts", "--dangerously-allow-all-scripts");
    expect(ran()).toBe(true);
  }, 120_000);

  test("of a peer that npm installs for it is named before and after; one that the project has is its own", async () => {
    lib(script("lib"));
    plugin({ more: { peerDependencies: { [LIB]: "^1.0.0" } } });
    expect(await p.data("install", X, "--dry-run")).toMatchObject({ scripts: [`${LIB}@1.0.0`] });
    expect(await p.data("install", X, "-y")).toMatchObject({ scripts: [`${LIB}@1.0.0`] });
    expect([p.installed(LIB), ran()]).toEqual(["1.0.0", false]);
    p.server.publish({ name: "@acme/mlstack-plugin-y", more: { peerDependencies: { [LIB]: "^1.0.0" } } });
    expect(await p.data("install", "@acme/mlstack-plugin-y", "--dry-run")).toMatchObject({ scripts: [] });
    expect(await p.data("install", "@acme/mlstack-plugin-y", "-y")).toMatchObject({ scripts: [] });
  }, 120_000);

  test("of what it depends on is named by a dry run; what is no registry's is said not to be known", async () => {
    lib(script("lib"));
    plugin({ dependencies: { [LIB]: "^1.0.0", unseen: "git+https://git.invalid/unseen.git" } });
    const before = p.state();
    expect(await p.data("install", X, "--dry-run")).toMatchObject({ done: false, scripts: [`${LIB}@1.0.0`], scriptsUnknown: ["unseen@git+https://git.invalid/unseen.git"] });
    const text = await p.mlstack("integration", "install", X, "--dry-run");
    expect(text.stdout).toContain(`with an install script  ${LIB}@1.0.0: not run`);
    expect([p.state(), ran()]).toEqual([before, false]);
    plugin();
    expect(await p.data("install", X, "--dry-run")).toMatchObject({ scripts: [], scriptsUnknown: [] });
  }, 120_000);

  describe.skipIf(process.platform === "win32")("at a terminal", () => {
    const install = () => onTerminal([process.execPath, BIN, "integration", "install", X], p.dir, { ...cleanEnv(), NO_COLOR: "1", ...p.env }, { columns: 160 });

    test("is named before the question; after a no nothing is changed, after a yes it is not asked again", async () => {
      lib(script("lib"));
      plugin({ dependencies: { [LIB]: "^1.0.0" } });
      const before = p.state();
      const no = install();
      await no.shows("[y/N]");
      expect(no.screen()).toMatch(/with an install script {2}@acme\/lib@1\.0\.0[^]*Install @acme\/mlstack-plugin-x\?/);
      no.type("n\r");
      expect([(await no.ended).code, p.state()]).toEqual([130, before]);
      const yes = install();
      await yes.shows("[y/N]");
      yes.type("y\r");
      const { code, stdout } = await yes.ended;
      expect([code, stdout.match(/\[y\/N\]/g)?.length, p.installed(X), ran()]).toEqual([0, 1, "1.0.0", false]);
    }, 120_000);

    test("that was not to be known before is asked about before it is pinned; a no takes all of it back", async () => {
      lib();
      plugin({ dependencies: { [LIB]: "^1.0.0" } });
      const before = p.state();
      const terminal = install();
      await terminal.shows("Install @acme/mlstack-plugin-x?");
      lib({ version: "1.0.1", ...script("lib") });
      terminal.type("y\r");
      await terminal.shows(`${LIB}@1.0.1 has an install script, not run so far. Go on?`);
      terminal.type("n\r");
      expect([(await terminal.ended).code, p.state(), p.installed(X), ran()]).toEqual([130, before, undefined, false]);
    }, 120_000);
  });
});

test("a second core, two levels below: refused with the way to it; one that fits is not", async () => {
  const core = (version: string): void => { p.server.publish({ name: "@mlstack/core", version, plain: true }); };
  core("0.1.0");
  core("99.0.0");
  lib({ dependencies: { "@mlstack/core": "^99.0.0" } });
  plugin({ dependencies: { [LIB]: "^1.0.0" } });
  const before = p.state();
  const outcome = await p.mlstack("integration", "install", X, "-y", "--json");
  expect([outcome.code, jsonOf(outcome).error, p.state()]).toEqual([4, expect.objectContaining({ code: "MLS2004", message: expect.stringContaining(`${X}@1.0.0 → ${LIB}@1.0.0 → @mlstack/core@99.0.0`) as string }), before]);
  lib({ version: "1.0.1", dependencies: { "@mlstack/core": "^0.1.0" } });
  expect(await p.end("install", X, "-y")).toEqual([0, undefined]);
}, 120_000);

describe("a lock that was set back", () => {
  beforeEach(async () => {
    lib();
    plugin({ dependencies: { [LIB]: "^1.0.0" } });
    await p.data("install", X, "-y");
  });
  /** As by a change of it that nobody has looked at, and then whoever installs. */
  async function npmLock(edit: (text: string) => string): Promise<void> {
    const text = edit(lock());
    expect(text).not.toBe(lock());
    p.write("project/package-lock.json", text);
    rmSync(join(p.dir, "node_modules"), { recursive: true });
    expect((await p.npm("ci")).code).toBe(0);
  }

  test("npm's, of what an integration depends on, to a version with a hole; one with other line ends is no other", async () => {
    const old = lock();
    lib({ version: "1.1.0" });
    expect((await p.npm("update", LIB)).code).toBe(0);
    await p.data("lock");
    expect(await p.end("verify")).toEqual([0, undefined]);
    await npmLock((text) => text.replaceAll("\n", "\r\n"));
    expect(await p.end("verify")).toEqual([0, undefined]);
    await npmLock(() => old);
    expect(p.installed(LIB)).toBe("1.0.0");
    for (const args of [["verify"], ["install", "--frozen"]]) expect([args, await p.end(...args)]).toEqual([args, [4, "MLS8207"]]);
  }, 120_000);

  test("mlstack's, whole and right in itself, to the version before: what is installed is not that", async () => {
    const old = p.read("project/mlstack.lock")!;
    plugin({ version: "1.1.0", dependencies: { [LIB]: "^1.0.0" } });
    await p.data("upgrade", "-y");
    const now = p.read("project/mlstack.lock")!;
    p.write("project/mlstack.lock", old);
    for (const args of [["verify"], ["install", "--frozen"]]) expect([args, await p.end(...args)]).toEqual([args, [4, "MLS8207"]]);
    p.write("project/mlstack.lock", now.replaceAll("\n", "\r\n"));
    expect(await p.end("verify")).toEqual([0, undefined]);
  }, 120_000);
});
