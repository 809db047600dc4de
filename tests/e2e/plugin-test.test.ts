import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { documentOf } from "./testing/documents.ts";
import { probePackage, REACHES, targetsOf, type ProbePackage } from "./testing/probe-plugin.ts";
import { processesOf, until } from "./testing/processes.ts";
import { BIN, cleanEnv, run, type Outcome } from "./testing/project.ts";

const made: (() => void)[] = [];
afterEach(() => { for (const remove of made.splice(0)) remove(); });
function probe(of: ProbePackage) { const found = probePackage(of); made.push(found.remove); return found; }
const mlstack = async (args: readonly string[], cwd: string, env: Record<string, string> = {}): Promise<Outcome> => run(process.execPath, [BIN, ...args], cwd, env);

describe("an outside author's folder, with a service that runs", () => {
  const CONFORMANCE = `import assert from "node:assert/strict";
import type { Component } from "@mlstack/core";
import { conformanceTarget, type ConformanceSuite } from "@mlstack/testkit/conformance";

interface Probe extends Component { reach(path: string): Promise<string> }
interface Subject { open(): Promise<Probe> }
const suite: ConformanceSuite<Subject, Probe, never> = {
  contract: "acme.probe@1", version: "acme-suite@2.0.0",
  cases: [
    { id: "greets", title: "It greets", clause: "reach answers what the service says.", killers: ["mute"], async run(probe) { assert.equal(await probe.reach("/hello"), "hello from the service"); } },
    { id: "again", title: "It greets again", clause: "reach may be called again.", async run(probe) { await probe.reach("/hello"); assert.equal(await probe.reach("/hello"), "hello from the service"); } },
  ],
  async within(subject, _id, use) { return use(await subject.open()); },
  lacks: () => undefined,
};
const url = process.env["ACME_URL"];
export default [
  conformanceTarget(suite, { flavor: "http", start({ open, skip }) {
    if (url === undefined) return skip("ACME_URL is not set: there is no service to test against");
    return { subject: { open: async () => (await open({ url, token: "\${env:ACME_TOKEN}" })) as Probe } };
  } }),
];
`;
  let server: Server;
  let url: string;
  const asked: string[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => { asked.push(`${request.url} ${request.headers.authorization}`); response.end("hello from the service"); });
    await new Promise<void>((done) => { server.listen(0, "127.0.0.1", done); });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => { server.close(); server.closeAllConnections(); });

  function author() {
    const of = probe({ flavors: { http: { permissions: { hosts: ["*"] }, reach: "return await (await fetch(new URL(value, config.url), { headers: { authorization: config.token } })).text();" } }, conformance: "" });
    of.write("conformance.ts", CONFORMANCE);
    return of;
  }

  test("the target reaches it by a variable, the plugin by its configuration", async () => {
    const of = author();
    const outcome = await mlstack(["plugin", "test", "--json", "--seed", "7"], of.dir, { ACME_URL: url, ACME_TOKEN: "t0ken" });
    expect([outcome.code, outcome.stderr]).toEqual([0, ""]);
    const { data } = documentOf("plugin-test", outcome) as { data: Record<string, unknown> & { targets: readonly Record<string, unknown>[] } };
    expect(data).toMatchObject({ package: "acme-probe", version: "1.2.3", node: process.versions.node, platform: `${process.platform}-${process.arch}`, seed: 7, watched: true, ok: true, passed: 6, failed: 0, skipped: 0 });
    expect(data.targets[0]).toMatchObject({ contract: "acme.probe@1", flavor: "http", suite: "acme-suite@2.0.0", status: "passed", notes: [] });
    expect((data.targets[0]!["cases"] as { killers?: string[] }[]).map(({ killers }) => killers)).toEqual([["mute"], undefined, undefined, undefined, undefined, undefined]);
    expect(asked).toEqual(["/hello t0ken", "/hello t0ken", "/hello t0ken"]);
  });

  test("without one it is skipped, the reason is printed, and nothing is said to have passed", async () => {
    const { code, stdout, stderr } = await mlstack(["plugin", "test"], author().dir);
    expect(code).toBe(0);
    expect(stdout).toContain("acme.probe@1 http  skipped\n  ACME_URL is not set: there is no service to test against\n");
    expect(stdout).toContain("no case was run");
    expect(stderr).toBe("warning nothing was tested: every target was skipped\n");
  });

  test("the service answers otherwise: the case fails, with its clause, what was found, and where", async () => {
    const of = author();
    of.write("conformance.ts", CONFORMANCE.replaceAll("hello from the service", "good evening"));
    const { code, stdout, stderr } = await mlstack(["plugin", "test", "--case", "greets", "--seed", "9"], of.dir, { ACME_URL: url, ACME_TOKEN: "t" });
    expect(code).toBe(1);
    expect(stdout).toContain("failed   greets  It greets\n      clause  reach answers what the service says.\n      found   Expected values to be strictly equal:");
    expect(stdout).toMatch(/at {6}conformance\.ts:\d+:\d+/);
    expect(stdout).toContain("4 passed, 1 failed in ");
    expect(stdout).toContain("seed 9");
    expect(stderr).toMatch(/^error MLS8704 {2}acme-probe@1\.2\.3: 1 case failed\n/);
  });
});

describe("a plugin that does harm to its process", () => {
  const CASES = ["first", "harm", "last"].map((id) => REACHES.replace(`id: "reach"`, `id: "${id}"`).replace("probe.reach()", `probe.reach("${id}")`)).join(", ");
  const HARM: Readonly<Record<string, readonly [code: string, found: RegExp]>> = {
    leaves: ["process.exit(0);", /the plugin's process is gone: it ended with exit code 0/],
    dies: [`process.kill(process.pid, "SIGKILL"); await new Promise(() => undefined);`, /the plugin's process is gone: it was ended by SIGKILL/],
    throws: [`setTimeout(() => { throw new Error("out of nowhere"); }, 1); await new Promise(() => undefined);`, /nobody caught an error: out of nowhere/],
    rejects: [`void Promise.reject(new Error("unseen")); await new Promise(() => undefined);`, /nobody caught an error: unseen/],
    waits: ["await new Promise(() => undefined);", /the case has not ended within 500 ms/],
    hangs: ["for (;;);", /the case has held up its process for more than 11 s/],
    pollutes: ["Array.prototype.map = () => { throw new Error('polluted'); }; Object.prototype.then = undefined; console.log = undefined; process.stdout.write('printed\\n'); JSON.stringify = undefined; process.send = undefined; process.exit(3);", /it ended with exit code 3/],
  };

  test("has failed the case, the others are run, and the command goes on", async () => {
    const flavors = Object.fromEntries(Object.entries(HARM).map(([name, [code]]) => [name, { reach: `if (value === "harm") { ${code} }` }]));
    const of = probe({ flavors, conformance: targetsOf(Object.keys(HARM), "{}", CASES).replace("flavor, suite,", "flavor, suite, limitMs: 500,") });
    const outcome = await mlstack(["plugin", "test", "--json"], of.dir);
    expect(outcome.code).toBe(1);
    const { data } = documentOf("plugin-test", outcome) as { data: { targets: readonly { flavor: string; cases: readonly { id: string; status: string; error?: { message: string } }[] }[] } };
    expect(data.targets.map(({ flavor }) => flavor)).toEqual(Object.keys(HARM));
    for (const { flavor, cases } of data.targets) {
      expect([flavor, cases.slice(0, 3).map(({ id, status }) => [id, status])]).toEqual([flavor, [["first", "passed"], ["harm", "failed"], ["last", "passed"]]]);
      expect(cases[1]!.error!.message).toMatch(HARM[flavor]![1]);
    }
    // what it printed is on stderr, and not in the document
    expect(outcome.stderr).toContain("printed");
  }, 120_000);

  test("one that can't be imported, or made, fails all of its cases with the reason", async () => {
    const broken = await mlstack(["plugin", "test"], probe({ top: `throw new Error("no good");`, flavors: { one: {} } }).dir);
    expect([broken.code, broken.stdout]).toEqual([1, expect.stringMatching(/MLS2005 acme-probe@1\.2\.3 failed while it was loaded: no good/)]);
    const unmade = await mlstack(["plugin", "test"], probe({ flavors: { one: { create: `throw new Error("no licence");` } } }).dir);
    expect([unmade.code, unmade.stdout]).toEqual([1, expect.stringMatching(/MLS2009 .*could not be created: no licence/)]);
  });
});

describe("what is in the folder", () => {
  test("a component without a target has failed, and so has a target for what the manifest has not", async () => {
    const of = probe({ flavors: { good: {}, forgotten: {} }, conformance: targetsOf(["good", "invented"]) });
    const { code, stdout, stderr } = await mlstack(["plugin", "test"], of.dir);
    expect(code).toBe(1);
    expect(stdout).toContain("acme.probe@1 forgotten  failed\n  the manifest has it, and conformance.ts has no target for it");
    expect(stdout).toContain(`acme.probe@1 invented  failed\n  the manifest has no acme.probe@1 of the flavor "invented": it has "acme.probe@1 good" and "acme.probe@1 forgotten"`);
    expect(stderr).toContain("2 components could not be tested");
    // one that was not asked for is not looked at
    expect((await mlstack(["plugin", "test", "--flavor", "good"], of.dir)).code).toBe(0);
  });

  test("what is not there, or can't be used, is said with what mends it", async () => {
    const of = probe({ flavors: { good: {} } });
    const refused = async (args: readonly string[], cwd = of.dir) => { const { code, stdout, stderr } = await mlstack(["plugin", "test", ...args], cwd); return [code, stdout, stderr.split("\n")[0], stderr.trimEnd().split("\n").at(-1)]; };
    expect(await refused(["nowhere"])).toEqual([2, "", `error MLS7002  there is no folder "nowhere"`, "  fix   name the folder of a plugin's package"]);
    expect(await refused(["--flavor", "goof"])).toEqual([2, "", "error MLS8703  --flavor goof: the plugin has nothing of that name to test", "  fix   --flavor good"]);
    expect(await refused(["--type", "acme.prob"])).toEqual([2, "", "error MLS8703  --type acme.prob: the plugin has nothing of that name to test", "  fix   --type acme.probe"]);
    expect(await refused(["--case", "reech"])).toEqual([2, "", "error MLS8703  --case reech: the plugin has nothing of that name to test", "  fix   --case reach"]);
    of.write("conformance.mjs", "export const targets = [];");
    expect(await refused([])).toEqual([2, "", "error MLS8702  conformance.mjs does not export a list of targets as default", "  fix   export default [conformanceTarget(suite, { flavor, start })]"]);
    of.write("conformance.mjs", "import './gone.mjs';");
    expect((await refused([]))[2]).toMatch(/^error MLS8702 {2}conformance\.mjs can't be imported: Cannot find module/);
    of.write("conformance.mjs", "process.exit(0);");
    expect((await refused([]))[2]).toMatch(/^error MLS8702 {2}the process that was to load the plugin and its conformance\.ts is gone: it ended with exit code 0/);
    of.write("empty/readme", "");
    expect((await refused(["empty"]))[2]).toMatch(/^error MLS8701 .* has no package\.json$/);
  });

  test("without a kit of its own the fix is to install it", async () => {
    const of = probe({ flavors: { good: {} } });
    const bare = probe({ flavors: {} });
    const { code, stderr } = await mlstack(["plugin", "test", of.dir], bare.dir);
    expect([code, stderr]).toEqual([0, ""]);
    const { rmSync } = await import("node:fs");
    rmSync(join(of.dir, "node_modules"));
    const without = await mlstack(["plugin", "test", of.dir], bare.dir);
    expect([without.code, without.stderr]).toEqual([2, expect.stringMatching(/^error MLS8705 [^]*fix {3}npm install --save-dev @mlstack\/testkit\n$/)]);
  });
});

describe("our own plugins have targets", () => {
  const packages = join(import.meta.dirname, "..", "..", "packages");

  test("each for all that its manifest has, and no others", async () => {
    for (const name of ["engine", "testkit", "plugin-mlflow", "plugin-polars", "plugin-process", "plugin-s3"]) {
      const { mlstack: { components, formats } } = JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8")) as { mlstack: { components: readonly { contract: string; flavor: string }[]; formats: readonly { format: string }[] } };
      const { default: targets } = await import(pathToFileURL(join(packages, name, "conformance.ts")).href) as { default: readonly { contract: string; flavor: string }[] };
      expect([name, targets.map(({ contract, flavor }) => `${contract} ${flavor}`).toSorted()]).toEqual([name, [...components.map(({ contract, flavor }) => `${contract} ${flavor}`), ...formats.map(({ format }) => `format@1 ${format}`)].toSorted()]);
    }
  });

  test.each([["plugin-s3", "S3_TEST_ENDPOINT"], ["plugin-mlflow", "MLFLOW_TEST_URI"]])("%s is skipped without a service, and says which variable it asks for", async (name, variable) => {
    const { code, stdout } = await mlstack(["plugin", "test", name], packages);
    expect([code, stdout]).toEqual([0, expect.stringMatching(new RegExp(`skipped\n  ${variable}`))]);
  });

  test.skipIf(process.platform === "win32")("plugin-process starts steps, and clients of its own, as its manifest says (its steps are ended by signals, which Windows has not)", async () => {
    const outcome = await mlstack(["plugin", "test", "plugin-process", "--case", "start.handle", "--case", "client.killed", "--json"], packages);
    const { data } = documentOf("plugin-test", outcome) as { data: { ok: boolean; targets: readonly { cases: readonly { id: string; status: string }[] }[] } };
    expect([outcome.code, data.targets[0]!.cases.map(({ id, status }) => `${id} ${status}`)]).toEqual([0, ["start.handle passed", "client.killed passed", ...["hosts", "files", "processes", "env"].map((kind) => `permissions.${kind} passed`)]]);
  });
});

describe.skipIf(process.platform === "win32")("Ctrl-C (there are no signals on Windows)", () => {
  function slow(stop: string) {
    const of = probe({ flavors: { slow: { reach: `(await import("node:fs")).writeFileSync(value, "running"); await new Promise(() => undefined);` } }, conformance: "" });
    const mark = (name: string) => join(of.dir, name);
    of.write("conformance.mjs", targetsOf(["slow"], "{}", `{ id: "reach", title: "t", clause: "c", async run({ probe, subject }) { await probe.reach(${JSON.stringify(mark("running"))}); } }`)
      .replace("({ subject: {", `({ async stop() { ${stop} }, subject: {`));
    return { ...of, mark };
  }
  async function started(of: { readonly dir: string; mark(name: string): string }): Promise<{ child: ChildProcess; ended: Promise<{ code: number | null; stdout: string; stderr: string }> }> {
    const child = spawn(process.execPath, [BIN, "plugin", "test"], { cwd: of.dir, env: { ...cleanEnv(), NO_COLOR: "1", TMPDIR: of.dir }, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => { stdout += text; });
    child.stderr.setEncoding("utf8").on("data", (text: string) => { stderr += text; });
    const ended = once(child, "close").then(() => ({ code: child.exitCode, stdout, stderr }));
    expect(await until(() => existsSync(of.mark("running")), 60)).toBe(true);
    return { child, ended };
  }
  const leftIn = (dir: string) => readdirSync(dir).filter((name) => name.startsWith("mlstack-kit-"));

  test("ends the case and the target in order, says what was found, and leaves nothing behind", async () => {
    const of = slow(`(await import("node:fs")).writeFileSync(${JSON.stringify("STOPPED")}, "stopped");`);
    const { child, ended } = await started(of);
    child.kill("SIGINT");
    const { code, stdout, stderr } = await ended;
    expect([code, readFileSync(of.mark("STOPPED"), "utf8")]).toEqual([130, "stopped"]);
    expect(stderr).toContain("stopping; press Ctrl-C again to stop at once");
    expect(stderr).not.toContain("MLS");
    expect(stdout).toMatch(/interrupted; seed \d+/);
    expect(leftIn(of.dir)).toEqual([]);
    expect(processesOf(of.dir)).toEqual([]);
  }, 120_000);

  test("twice ends at once, and the plugin's process with it", async () => {
    const of = slow("await new Promise(() => undefined);");
    const { child, ended } = await started(of);
    child.kill("SIGINT");
    const again = setInterval(() => child.kill("SIGINT"), 200);
    expect((await ended).code).toBe(130);
    clearInterval(again);
    expect(await until(() => processesOf(of.dir).length === 0)).toBe(true);
  }, 120_000);

  test("killed by the system, the plugin's process ends what the target has started", async () => {
    const of = slow(`(await import("node:fs")).writeFileSync(${JSON.stringify("STOPPED")}, "stopped");`);
    const { child, ended } = await started(of);
    child.kill("SIGKILL");
    await ended;
    expect(await until(() => existsSync(of.mark("STOPPED")) && processesOf(of.dir).length === 0 && leftIn(of.dir).length === 0)).toBe(true);
  }, 120_000);
});
