import { createServer, type AddressInfo, type Server } from "node:net";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runKit, type CaseReport, type KitReport } from "@mlstack/testkit/conformance/run";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { probePackage, targetsOf, type Probe } from "./testing/probe-plugin.ts";

type Kind = "hosts" | "files" | "processes" | "env";
/** What a plugin does, which place is to be named, and how an honest one declares it. */
type Route = readonly [kind: Kind, name: string, code: string, place: string, declared: string];

let server: Server;
let port = 0;
let outside: { readonly dir: string; remove(): void };
let routes: readonly Route[] = [];
let report: KitReport;
let own: { readonly dir: string; remove(): void };

const settled = (promise: string) => `await Promise.resolve(${promise}).catch(() => undefined);`;
const ended = (made: string, event = "close") => `await new Promise((done) => { const one = ${made}; one.on("error", () => done()); one.on(${JSON.stringify(event)}, () => done()); setTimeout(() => { one.destroy?.(); done(); }, 500); });`;

function routesOf(file: string, folder: string): readonly Route[] {
  const at = `127.0.0.1:${port}`;
  const host = (name: string, code: string, place = at, declared = "127.0.0.1"): Route => ["hosts", name, code, place, declared];
  const path = (name: string, code: string, place = file, declared = folder): Route => ["files", name, code, place, declared];
  const program = (name: string, code: string, place = process.execPath, declared = "node"): Route => ["processes", name, code, place, declared];
  const variable = (name: string, code: string, place = "ACME_TOKEN", declared = "ACME_TOKEN"): Route => ["env", name, code, place, declared];
  const [f, node] = [JSON.stringify(file), "process.execPath"];
  return [
    host("fetch", settled(`fetch("http://${at}/", { signal: AbortSignal.timeout(500) })`)),
    host("http-request", `const http = await import("node:http"); ${ended(`http.request("http://${at}/").end()`)}`),
    host("http-named", `const { get } = await import("node:http"); ${ended(`get("http://${at}/")`)}`),
    host("https-request", `const https = await import("node:https"); ${ended(`https.request("https://${at}/").end()`)}`),
    host("net-connect", `const net = await import("node:net"); ${ended(`net.connect(${port}, "127.0.0.1").end()`)}`),
    host("net-socket", `const net = await import("node:net"); ${ended(`new net.Socket().connect({ port: ${port}, host: "127.0.0.1" }).end()`)}`),
    host("net-required", `const { createRequire } = await import("node:module"); const { connect } = createRequire(import.meta.url)("net"); ${ended(`connect(${port}, "127.0.0.1").end()`)}`),
    host("tls", `const tls = await import("node:tls"); ${ended(`tls.connect({ port: ${port}, host: "127.0.0.1" })`)}`),
    host("http2", `const http2 = await import("node:http2"); ${ended(`http2.connect("http://${at}")`)}`),
    host("web-socket", `await new Promise((done) => { const one = new WebSocket("ws://${at}"); one.onerror = one.onclose = () => done(); setTimeout(done, 500); });`),
    host("udp", `const dgram = await import("node:dgram"); await new Promise((done) => { const one = dgram.createSocket("udp4"); one.send("x", ${port}, "127.0.0.1", () => { one.close(done); }); });`),
    host("dns-lookup", `const dns = await import("node:dns"); await new Promise((done) => dns.lookup("acme.localhost", () => done()));`, "acme.localhost", "*.localhost"),
    host("dns-promises", `const { lookup } = await import("node:dns/promises"); ${settled(`lookup("acme.localhost")`)}`, "acme.localhost", "localhost"),
    host("dns-resolver", `const { Resolver } = await import("node:dns"); const one = new Resolver(); one.setServers(["127.0.0.1:${port}"]); one.resolve4("acme.localhost", () => undefined); one.cancel();`, "acme.localhost", "localhost"),
    host("late", `setTimeout(() => { fetch("http://${at}/", { signal: AbortSignal.timeout(500) }).catch(() => undefined); }, 1); await new Promise((done) => setTimeout(done, 100));`),
    path("sync", `const fs = await import("node:fs"); fs.readFileSync(${f});`),
    path("sync-named", `const { statSync } = await import("node:fs"); statSync(${f});`),
    path("callback", `const fs = await import("node:fs"); await new Promise((done) => fs.readFile(${f}, done));`),
    path("promises", `const { readFile } = await import("node:fs/promises"); await readFile(${f});`),
    path("promises-open", `const fs = await import("node:fs"); const one = await fs.promises.open(${f}); await one.close();`),
    path("url", `const fs = await import("node:fs"); fs.readFileSync(new URL("file://${file}"));`),
    path("read-stream", `const fs = await import("node:fs"); for await (const part of fs.createReadStream(${f})) part.length;`),
    path("write-stream", `const fs = await import("node:fs"); await new Promise((done) => fs.createWriteStream(${JSON.stringify(`${folder}/written`)}).end("x", done));`, join(folder, "written")),
    path("written", `const fs = await import("node:fs"); fs.writeFileSync(${JSON.stringify(`${folder}/w`)}, "x");`, join(folder, "w")),
    path("copied", `const fs = await import("node:fs/promises"); await fs.copyFile(new URL("package.json", import.meta.url), ${JSON.stringify(`${folder}/c`)});`, join(folder, "c")),
    path("listed", `const fs = await import("node:fs/promises"); await fs.readdir(${JSON.stringify(folder)});`, folder),
    path("opendir", `const fs = await import("node:fs"); fs.opendirSync(${JSON.stringify(folder)}).closeSync();`, folder),
    path("unix-socket", `const net = await import("node:net"); ${ended(`net.connect(${JSON.stringify(`${folder}/no.sock`)})`)}`, join(folder, "no.sock")),
    path("env-file", `process.loadEnvFile(${f});`),
    path("sqlite", `const { DatabaseSync } = await import("node:sqlite"); new DatabaseSync(${JSON.stringify(`${folder}/x.db`)}).close();`, join(folder, "x.db")),
    path("sqlite-required", `const { createRequire } = await import("node:module"); const { DatabaseSync } = createRequire(import.meta.url)("node:sqlite"); new (class extends DatabaseSync {})("file:${folder}/y.db").close();`, join(folder, "y.db")),
    path("sqlite-backup", `const { backup, DatabaseSync } = process.getBuiltinModule("node:sqlite"); const one = new DatabaseSync(":memory:"); await backup(one, ${JSON.stringify(`${folder}/z.db`)}); one.close();`, join(folder, "z.db")),
    path("own-package", `const fs = await import("node:fs"); fs.writeFileSync(new URL("left-behind", import.meta.url), "x");`, "left-behind", "OWN"),
    program("spawn", `const { spawn } = await import("node:child_process"); ${ended(`spawn(${node}, ["-e", ""])`)}`),
    program("exec", `const { exec } = await import("node:child_process"); await new Promise((done) => exec("true x", done));`, "true", "true"),
    program("exec-promise", `const { exec } = await import("node:child_process"); const { promisify } = await import("node:util"); const { stdout } = await promisify(exec)("echo hello"); if (stdout !== "hello\\n") throw new Error("not as ever");`, "echo", "echo"),
    program("exec-file", `const { execFile } = await import("node:child_process"); await new Promise((done) => execFile(${node}, ["-e", ""], done));`),
    program("fork", `const { fork } = await import("node:child_process"); ${ended(`fork(new URL("package.json", import.meta.url), { stdio: "ignore", execArgv: ["--check"] })`)}`),
    program("shell", `const { spawn } = await import("node:child_process"); ${ended(`spawn("A=1 true", { shell: true })`)}`, "true", "true"),
    program("exec-file-sync", `const { execFileSync } = await import("node:child_process"); execFileSync(${node}, ["-e", ""]);`),
    program("spawn-sync", `const { spawnSync } = await import("node:child_process"); spawnSync("true", [], { shell: true });`, "true", "true"),
    program("exec-sync", `const { execSync } = await import("node:child_process"); execSync("true");`, "true", "true"),
    program("worker", `const { Worker } = await import("node:worker_threads"); ${ended(`new Worker("0", { eval: true })`, "exit")}`, "worker_threads", "worker_threads"),
    variable("read", "process.env.ACME_TOKEN;"),
    variable("destructured", "const { ACME_TOKEN } = process.env;"),
    variable("asked", `"ACME_TOKEN" in process.env;`),
    variable("imported", `const { env } = await import("node:process"); env["ACME_TOKEN"];`),
    variable("of-context", "context.env.ACME_TOKEN;"),
    variable("set", `process.env.ACME_TOKEN = "1"; delete process.env.ACME_TOKEN;`),
    variable("prefix", "process.env.ACME_TOKEN;", "ACME_TOKEN", "ACME_*"),
    variable("spread", "({ ...process.env });", "* (all variables at once)", "*"),
    variable("keys", "Object.keys(process.env);", "* (all variables at once)", "*"),
  ];
}

beforeAll(async () => {
  server = createServer((socket) => { socket.on("error", () => undefined); socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"); });
  await new Promise<void>((done) => { server.listen(0, "127.0.0.1", done); });
  port = (server.address() as AddressInfo).port;
  outside = probePackage({ flavors: {} });
  const file = join(outside.dir, "data.txt");
  writeFileSync(file, "data");
  routes = routesOf(file, outside.dir);
  const flavors: Record<string, Probe> = {};
  for (const [kind, name, reach, , declared] of routes) {
    flavors[`${kind}.${name}.liar`] = { reach };
    if (declared !== "OWN") flavors[`${kind}.${name}.honest`] = { reach, permissions: { [kind]: [declared] } };
  }
  own = probePackage({ flavors });
  report = await runKit({ folder: own.dir, onEvent: () => undefined });
}, 120_000);
afterAll(() => { server.close(); outside.remove(); own.remove(); });

function casesOf(flavor: string, from = report): Record<string, CaseReport> {
  return Object.fromEntries(from.targets.find((one) => one.flavor === flavor)!.cases.map((one) => [one.id, one]));
}
const statusOf = (cases: Record<string, CaseReport>) => Object.fromEntries(Object.entries(cases).map(([id, { status }]) => [id, status]));
const PASSED = { reach: "passed", "permissions.hosts": "passed", "permissions.files": "passed", "permissions.processes": "passed", "permissions.env": "passed" };

describe("a plugin that reaches for what its manifest does not declare is refused, whichever way it takes", () => {
  test.each(["hosts", "files", "processes", "env"] as const)("%s: the place is named, and where in the code; nothing else is found", (kind) => {
    for (const [, name, , place] of routes.filter(([of]) => of === kind)) {
      const cases = casesOf(`${kind}.${name}.liar`);
      expect([name, statusOf(cases)]).toEqual([name, { ...PASSED, [`permissions.${kind}`]: "failed" }]);
      const { message, at } = cases[`permissions.${kind}`]!.error!;
      expect([name, message]).toEqual([name, expect.stringContaining(place)]);
      expect([name, at]).toEqual([name, expect.stringMatching(/^index\.mjs:\d+:\d+$/)]);
    }
  });

  test("its honest twin, whose manifest has it, passes, and what is declared was seen", () => {
    for (const [kind, name, , , declared] of routes) {
      if (declared === "OWN") continue;
      expect([kind, name, statusOf(casesOf(`${kind}.${name}.honest`))]).toEqual([kind, name, PASSED]);
      expect([kind, name, report.targets.find(({ flavor }) => flavor === `${kind}.${name}.honest`)!.notes]).toEqual([kind, name, []]);
    }
  });
});

describe("what is watched, and what is not", () => {
  async function kitOf(probe: Parameters<typeof probePackage>[0], options: { watch?: boolean } = {}): Promise<KitReport> {
    const of = probePackage(probe);
    try { return await runKit({ folder: of.dir, ...options }); } finally { of.remove(); }
  }

  test("the top of the plugin's module, and its create, are the plugin's", async () => {
    const found = await kitOf({ top: "const top = process.env.ACME_TOP;", flavors: { one: { create: "process.env.ACME_CREATE;" } } });
    expect(casesOf("one", found)["permissions.env"]!.error!.message).toMatch(/ACME_TOP \(at index\.mjs:1:\d+\)\n.*ACME_CREATE \(at index\.mjs:\d+:\d+\)/);
  });

  test("an object that it has given is the plugin's as well; what the kit and the target do is not, nor what they hand in", async () => {
    const cases = `{ id: "reach", title: "t", clause: "c", async run({ probe }) {
      process.env.ACME_KIT_1;
      const given = await probe.reach({ ask: () => process.env.ACME_KIT_2, async *lines() { yield process.env.ACME_KIT_3; } });
      process.env.ACME_KIT_4;
      await given.later();
      for await (const one of given) one;
    } }`;
    const found = await kitOf({
      flavors: { one: { reach: "value.ask(); for await (const line of value.lines()) line; return Object.freeze({ later() { process.env.ACME_1; }, async *[Symbol.asyncIterator]() { yield process.env.ACME_2; } });" } },
      conformance: targetsOf(["one"], "(process.env.ACME_KIT_5, {})", cases),
    });
    const { error, status } = casesOf("one", found)["permissions.env"]!;
    expect([casesOf("one", found)["reach"]!.status, status]).toEqual(["passed", "failed"]);
    expect(error!.message.match(/ACME\w+/g)).toEqual(["ACME_1", "ACME_2"]);
  });

  test("`*` is what the configuration names: hosts and folders of it, and no others", async () => {
    const reach = `const fs = await import("node:fs"); fs.readdirSync(config.folder); fs.existsSync("/no-such-acme"); ${settled("fetch(config.url)")} ${settled("fetch('http://other.localhost:8081/')")}`;
    const found = await kitOf({ flavors: { one: { reach, permissions: { hosts: ["*"], files: ["*"] } } }, conformance: targetsOf(["one"], JSON.stringify({ url: "http://127.9.9.9:8081/x", folder: outside.dir })) });
    const cases = casesOf("one", found);
    expect(cases["permissions.files"]!.error!.message).toMatch(/^the manifest does not declare the file \/no-such-acme \(at index\.mjs:9:\d+\)$/);
    // both are this machine
    expect(cases["permissions.hosts"]!.status).toBe("passed");
    const other = await kitOf({ flavors: { one: { reach, permissions: { hosts: ["*"], files: ["/"] } } }, conformance: targetsOf(["one"], JSON.stringify({ url: "http://acme.invalid", folder: outside.dir })) });
    expect(casesOf("one", other)["permissions.hosts"]!.error!.message).toContain("other.localhost:8081");
    expect(casesOf("one", other)["permissions.hosts"]!.error!.message).not.toContain("acme.invalid");
  });

  test("what any process asks for, its own files, and temporary ones need no permission", async () => {
    const found = await kitOf({ flavors: { one: { reach: `const [fs, os, path] = await Promise.all([import("node:fs"), import("node:os"), import("node:path")]);
      fs.readFileSync(new URL("package.json", import.meta.url)); fs.realpathSync(new URL("node_modules/zod/package.json", import.meta.url)); fs.writeFileSync(path.join(fs.mkdtempSync(path.join(os.tmpdir(), "acme-")), "x"), "x");
      fs.mkdirSync(path.join(context.stateDir, "a/b"), { recursive: true }); process.env.HOME; process.env.NODE_ENV; fs.writeFileSync("/dev/null", "x"); await import("semver"); await import("@mlstack/core/errors");` } } });
    expect(statusOf(casesOf("one", found))).toEqual(PASSED);
  });

  test("what is declared and never seen is a note; --no-watch skips, with a reason", async () => {
    const flavors = { one: { permissions: { hosts: ["acme.example"], env: ["ACME_A", "ACME_B"] }, reach: "process.env.ACME_A;" } };
    expect((await kitOf({ flavors })).targets[0]!.notes).toEqual(["declared, and not seen: hosts acme.example", "declared, and not seen: env ACME_B"]);
    const unwatched = await kitOf({ flavors: { one: { reach: "process.env.ACME_X" } } }, { watch: false });
    expect([unwatched.ok, unwatched.watched, unwatched.skipped, casesOf("one", unwatched)["permissions.env"]!.reason]).toEqual([true, false, 4, "what the plugin reaches for was not watched"]);
  });
});
