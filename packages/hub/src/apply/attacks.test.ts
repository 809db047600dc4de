// What an attacker may try, what it is refused with, and beside it what looks like it and is no attack. Over HTTP, into a project on disk; the package
// manager is this process. What needs the CLI, or a real package manager, is in tests/e2e/attacks.test.ts.
import { appendFileSync, readdirSync, readFileSync, renameSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { MlstackError } from "@mlstack/core/errors";
import { describe, expect, onTestFinished, test } from "vitest";
import { sample } from "../catalog/testing/sample.ts";
import { sha256 } from "../digest/digest.ts";
import { integrityOf } from "../digest/integrity.ts";
import { LOCK_FILE, readLock } from "../lock/lock.ts";
import type { PlanContext } from "../plan/context.ts";
import { planInstall, planUpgrade } from "../plan/plan-install.ts";
import type { Policy } from "../resolve/policy.ts";
import { fakeRegistry } from "../testing/fake-registry.ts";
import { hubProject, type HubProject } from "../testing/hub-project.ts";
import { madePlugin, type PluginOptions } from "../testing/plugins.ts";
import { tarball, type TarEntry } from "../testing/tar.ts";
import { openLoadCheck } from "../verify/load-check.ts";
import { registryProblem } from "../verify/verify-registry.ts";
import { applyPlan, type ApplyOptions } from "./apply-plan.ts";
import { lockOfInstalled, verifyPinned } from "./lock-project.ts";
import { installedPlugins } from "./project-change.ts";

const X = "@acme/x";

/** What is done after the attack. */
type Verb = "install" | "install again" | "upgrade" | "load" | "verify" | "verify against the registry" | "lock";
type Prepare = (p: HubProject) => void | Promise<void>;
interface Attack {
  readonly attack: string;
  readonly verb: Verb;
  readonly code: string;
  readonly evil: Prepare;
  readonly twin: Prepare;
  /** What is asked for, where that is not X. */
  readonly spec?: string;
  readonly policy?: Policy;
}

const options = (p: HubProject): ApplyOptions => ({
  projectDir: p.dir, stateDir: p.stateDir, manager: p.manager, registry: p.registry, offline: false, registryUrl: p.server.url, signal: new AbortController().signal, output: () => undefined, now: () => 1, recovered: () => undefined,
  fresh: false, confirmScripts: async () => undefined,
});

async function context(p: HubProject, policy: Policy = {}): Promise<PlanContext> {
  return { catalog: sample, registry: await p.reopen(), lock: await readLock(p.dir), installed: await installedPlugins(p.dir), coreVersion: "0.1.0", nodeVersion: "24.11.0", policy, now: new Date("2026-06-01"), cwd: p.dir };
}

async function carryOut(p: HubProject, { verb, spec = X, policy }: Pick<Attack, "verb" | "spec" | "policy">): Promise<void> {
  const c = await context(p, policy);
  const refuse = (problem: MlstackError | undefined): void => { if (problem !== undefined) throw problem; };
  switch (verb) {
    case "install": case "install again": await applyPlan(await planInstall({ specs: [spec] }, c), { ...options(p), registry: await p.reopen() }); return;
    case "upgrade": await applyPlan(await planUpgrade({ names: [] }, c), { ...options(p), registry: await p.reopen() }); return;
    case "load": {
      const check = await openLoadCheck({ projectDir: p.dir, indexFile: join(p.stateDir, "plugins.json") });
      for (const pkg of c.installed) refuse(await check?.check(pkg));
      return;
    }
    case "verify": for (const { problem } of await verifyPinned(c.lock!, p.dir, p.manager)) refuse(problem); return;
    case "verify against the registry": for (const [name, entry] of Object.entries(c.lock!.plugins)) refuse(await registryProblem(name, entry, await p.reopen())); return;
    case "lock": await lockOfInstalled({ projectDir: p.dir, manager: p.manager }, c.lock, await p.reopen());
  }
}

const publish = (made: PluginOptions = {}): Prepare => (p) => { p.publish({ name: X, ...made }); };
/** A tarball that its registry announces as it is. */
const packs = (...entries: readonly TarEntry[]): Prepare => (p) => {
  const made = p.publish({ name: X });
  const files = Object.entries(made.files).map(([path, content]) => ({ path: `package/${path}`, content }));
  const bytes = tarball([...files, ...entries]);
  p.server.add({ ...made, tarball: bytes, version: { ...made.version, integrity: integrityOf(bytes) } });
  const more = Object.fromEntries(entries.filter(({ type = "0" }) => type === "0").map(({ path, content = "" }) => [path.slice("package/".length), String(content)]));
  p.manager.unpack = ({ files: own }) => ({ ...own, ...more });
};
/** The registry says one thing of X, and its tarball another. */
const announces = (said: PluginOptions, is: PluginOptions): Prepare => (p) => {
  const made = p.publish({ name: X, ...is });
  const { packageJson } = madePlugin({ name: X, ...said });
  p.server.add(made, (json) => ({ ...packageJson, _id: json["_id"], dist: json["dist"] }));
};
/** What is done to a project in which X@1.0.0 is installed. */
const installed = (then: Prepare): Prepare => async (p) => {
  p.publish({ name: X });
  await carryOut(p, { verb: "install" });
  await then(p);
};
/** The same, of a version with a proof of where it was built. */
const proven = (then: Prepare): Prepare => async (p) => {
  p.publish({ name: X, provenance: true });
  await carryOut(p, { verb: "install" });
  await then(p);
};
const at = (p: HubProject, path: string): string => join(p.dir, "node_modules", X, path);
const inLock = (edit: (text: string) => string): Prepare => (p) => {
  const path = join(p.dir, LOCK_FILE);
  const before = readFileSync(path, "utf8");
  const after = edit(before);
  expect(after).not.toBe(before);
  writeFileSync(path, after);
};
const fields = (values: Readonly<Record<string, unknown>>): Prepare => inLock((text) => {
  const lock = JSON.parse(text) as { plugins: Record<string, Record<string, unknown>> };
  Object.assign(lock.plugins[X]!, values);
  return `${JSON.stringify(lock, undefined, 2)}\n`;
});
const field = (name: string, value: unknown): Prepare => fields({ [name]: value });
const windows: Prepare = inLock((text) => text.replaceAll("\n", "\r\n"));
/** By hand: mlstack.lock still has it. */
const removed: Prepare = (p) => p.manager.remove([X], { offline: false, registry: undefined, signal: new AbortController().signal, output: () => undefined });
const republished: Prepare = (p) => { p.publish({ name: X, files: { "index.js": "evil" } }); };
const older: Prepare = (p) => {
  const [old, newer] = [p.publish({ name: X }), madePlugin({ name: X, version: "1.1.0" })];
  p.server.add({ ...newer, tarball: old.tarball, version: { ...newer.version, integrity: old.version.integrity } });
};
const brings = (id: string): Prepare => (p) => {
  p.publish({ name: X });
  p.manager.scripts = { [X]: [id] };
};
const DIGEST = `sha256:${"0".repeat(64)}`;
/** A registry of its own for the scope, and another one as the default, which has the same name with a higher version. */
const ofTwoRegistries = (own: PluginOptions | undefined): Prepare => async (p) => {
  const mine = await fakeRegistry();
  onTestFinished(() => mine.stop());
  p.publish({ name: X, version: "1.9.0", files: { "index.js": "evil" } });
  if (own !== undefined) mine.add(p.publish({ name: X, ...own }));
  p.folder.put({ "project/.npmrc": `@acme:registry=${mine.url}\n` });
};

const ATTACKS: Readonly<Record<string, readonly Attack[]>> = {
  "a changed tarball": [
    { attack: "a tarball with other bytes than announced", verb: "install", code: "MLS8201", evil: (p) => { p.publish({ name: X }); p.server.replaceTarball(X, "1.0.0", madePlugin({ name: X, files: { "index.js": "evil" } }).tarball); }, twin: publish() },
    { attack: "a registry that announces a weak digest only", verb: "install", code: "MLS8201", evil: (p) => { p.server.add(p.publish({ name: X }), (json) => ({ ...json, dist: { ...(json["dist"] as object), integrity: undefined } })); }, twin: publish() },
    { attack: "a pinned version that was published again with other bytes, rightly announced", verb: "install again", code: "MLS8201", evil: installed((p) => { appendFileSync(at(p, "index.js"), "x"); return republished(p); }), twin: installed((p) => { appendFileSync(at(p, "index.js"), "x"); }) },
    { attack: "the same, for whoever has removed what was installed", verb: "install again", code: "MLS8201", evil: installed(async (p) => { await removed(p); await republished(p); }), twin: installed(removed) },
    { attack: "the same, seen from the lock", verb: "verify against the registry", code: "MLS8201", evil: installed(republished), twin: installed((p) => { p.publish({ name: X, version: "1.0.1" }); }) },
    { attack: "the same, installed behind mlstack's back and to be pinned", verb: "lock", code: "MLS8201", evil: installed((p) => { writeFileSync(at(p, "index.js"), "evil"); return republished(p); }), twin: installed((p) => { p.publish({ name: X, version: "1.0.1" }); }) },
    { attack: "a newer version with other bytes than announced", verb: "upgrade", code: "MLS8201", evil: installed((p) => { p.publish({ name: X, version: "1.1.0" }); p.server.replaceTarball(X, "1.1.0", madePlugin({ name: X, version: "1.1.0", files: { "index.js": "evil" } }).tarball); }), twin: installed((p) => { p.publish({ name: X, version: "1.1.0" }); }) },
    { attack: "a package manager that unpacks something else than was checked", verb: "install", code: "MLS8204", evil: (p) => { p.publish({ name: X }); p.manager.unpack = ({ files }) => ({ ...files, "index.js": "evil" }); }, twin: publish() },
  ],
  "a changed file on disk": (["load", "verify"] as const).flatMap((verb): Attack[] => [
    { attack: "a file that was edited", verb, code: "MLS8204", evil: installed((p) => { appendFileSync(at(p, "index.js"), "evil"); }), twin: installed((p) => { utimesSync(at(p, "index.js"), 1, 1); }) },
    { attack: "a file that was added", verb, code: "MLS8204", evil: installed((p) => { writeFileSync(at(p, "more.js"), "evil"); }), twin: installed((p) => { writeFileSync(at(p, ".DS_Store"), "a look into the folder"); }) },
    { attack: "a link in the place of the package", verb, code: "MLS8204", evil: installed((p) => { renameSync(at(p, ""), join(p.folder.dir, "elsewhere")); symlinkSync(join(p.folder.dir, "elsewhere"), at(p, "").replace(/\/$/, ""), "junction"); }), twin: installed((p) => { renameSync(at(p, ""), join(p.folder.dir, "elsewhere")); renameSync(join(p.folder.dir, "elsewhere"), at(p, "")); }) },
  ]),
  "a lock that was set back": [
    { attack: "a lock of a format that there never was", verb: "load", code: "MLS8205", evil: installed(inLock((text) => text.replace('"lockVersion": 1', '"lockVersion": 0'))), twin: installed(windows) },
    { attack: "a lock of a newer format", verb: "load", code: "MLS8206", evil: installed(inLock((text) => text.replace('"lockVersion": 1', '"lockVersion": 2'))), twin: installed(windows) },
    ...(["load", "verify"] as const).map((verb): Attack => ({ attack: "a lock that names an older version than is installed", verb, code: "MLS8207", evil: installed(field("version", "0.9.0")), twin: installed(windows) })),
  ],
  "dependency confusion": [
    { attack: "a bare word that nobody has reserved, published by somebody who waits for it", verb: "install", code: "MLS8421", spec: "s33", evil: (p) => { p.publish({ name: "s33" }); }, twin: (p) => { p.publish({ name: "@mlstack/plugin-s3" }); } },
    { attack: "a scope's package that its own registry lacks, and the default one has", verb: "install", code: "MLS8102", evil: ofTwoRegistries(undefined), twin: ofTwoRegistries({ version: "1.0.0" }) },
    { attack: "a scope that looks like an allowed one", verb: "install", code: "MLS8404", spec: "@acme-inc/x", policy: { allowed: ["@acme"] }, evil: (p) => { p.publish({ name: "@acme-inc/x" }); }, twin: publish() },
    { attack: "a higher version of a pinned package, without the proof of origin that it had", verb: "install", code: "MLS8406", spec: `${X}@1.9.0`, evil: proven((p) => { p.publish({ name: X, version: "1.9.0" }); }), twin: proven((p) => { p.publish({ name: X, version: "1.9.0", provenance: true }); }) },
  ],
  "an install script": [
    { attack: "an install script that the registry conceals", verb: "install", code: "MLS8203", evil: announces({}, { more: { scripts: { postinstall: "node evil.js" } } }), twin: announces({ more: { scripts: { postinstall: "node build.js" } } }, { more: { scripts: { postinstall: "node build.js" } } }) },
  ],
  "paths and links out of a tarball": [
    { attack: "a path that climbs out of the package", verb: "install", code: "MLS8202", evil: packs({ path: "package/../../../evil.js", content: "evil" }), twin: packs({ path: "package/..evil/..js", content: "1" }, { path: "package/with blank/é.js", content: "1" }) },
    { attack: "an absolute path", verb: "install", code: "MLS8202", evil: packs({ path: "/tmp/evil.js", content: "evil" }), twin: packs({ path: "package/tmp/evil.js", content: "1" }) },
    { attack: "a symbolic link out of the package", verb: "install", code: "MLS8202", evil: packs({ path: "package/lib", type: "2", linkpath: "/etc" }), twin: packs({ path: "package/lib", content: "/etc" }) },
    { attack: "a symbolic link, and a file through it", verb: "install", code: "MLS8202", evil: packs({ path: "package/lib", type: "2", linkpath: ".." }, { path: "package/lib/evil.js", content: "evil" }), twin: packs({ path: "package/lib/evil.js", content: "1" }) },
    { attack: "a hard link", verb: "install", code: "MLS8202", evil: packs({ path: "package/lib", type: "1", linkpath: "package/index.js" }), twin: packs({ path: "package/lib", content: "package/index.js" }) },
    { attack: "a second package.json, for whoever reads the last", verb: "install", code: "MLS8202", evil: packs({ path: "package/package.json", content: "{}" }), twin: packs({ path: "package/lib/package.json", content: "{}" }) },
  ],
  "a manifest that lies about its contracts": [
    { attack: "a contract that the package does not have", verb: "install", code: "MLS8203", evil: announces({}, { contract: "artifact_store@9" }), twin: announces({}, {}) },
    { attack: "fewer permissions than the package wants", verb: "install", code: "MLS8203", evil: announces({ permissions: {} }, { permissions: { hosts: ["*"] } }), twin: announces({ permissions: { hosts: ["*"] } }, { permissions: { hosts: ["*"] } }) },
    { attack: "fewer dependencies than the package has", verb: "install", code: "MLS8203", evil: announces({}, { more: { dependencies: { evil: "1.0.0" } } }), twin: announces({ more: { dependencies: { fine: "1.0.0" } } }, { more: { dependencies: { fine: "1.0.0" } } }) },
    { attack: "a component type that nobody knows", verb: "install", code: "MLS2002", evil: publish({ contract: "acme.vector_index@1" }), twin: publish({ contract: "artifact_store@1" }) },
    { attack: "a newer version that may reach more than its registry says", verb: "upgrade", code: "MLS8203", evil: installed(announces({ version: "1.1.0", permissions: {} }, { version: "1.1.0", permissions: { processes: ["*"] } })), twin: installed(announces({ version: "1.1.0", permissions: { processes: ["*"] } }, { version: "1.1.0", permissions: { processes: ["*"] } })) },
    { attack: "a contract version that this core does not accept", verb: "install", code: "MLS2003", evil: publish({ contract: "artifact_store@9" }), twin: publish({ contract: "artifact_store@1" }) },
  ],
  "a second core that is not satisfied": [
    { attack: "a core of its own, as a dependency that this one does not satisfy", verb: "install", code: "MLS2004", evil: publish({ more: { dependencies: { "@mlstack/core": "99.0.0" } } }), twin: publish({ more: { dependencies: { "@mlstack/core": "^0.1.0" } } }) },
    { attack: "a core that it wants as a peer and that is not this one", verb: "install", code: "MLS2004", evil: publish({ more: { peerDependencies: { "@mlstack/core": "^99.0.0" } } }), twin: publish({ more: { peerDependencies: { "@mlstack/core": ">=0.1.0 <1" } } }) },
    { attack: "a core that something far below depends on, and that it does not work with by its own word", verb: "install", code: "MLS2004", evil: brings("@mlstack/core@99.0.0"), twin: brings("@mlstack/core@0.1.7") },
    { attack: "a core that it brings along in its own tarball", verb: "install", code: "MLS8202", evil: packs({ path: "package/node_modules/@mlstack/core/package.json", content: '{"name":"@mlstack/core","version":"99.0.0"}' }), twin: packs({ path: "package/fixtures/node_modules/x.js", content: "1" }) },
  ],
  "a lock that was edited by hand": [
    { attack: "lock: source, so that its files are not looked at", verb: "load", code: "MLS8207", evil: installed(fields({ source: "workspace", integrity: undefined, files: undefined })), twin: installed(windows) },
    { attack: "lock: integrity", verb: "verify against the registry", code: "MLS8208", evil: installed(field("integrity", `sha512-${"A".repeat(86)}==`)), twin: installed(windows) },
    { attack: "lock: files", verb: "load", code: "MLS8204", evil: installed(field("files", DIGEST)), twin: installed(windows) },
    ...([["manifest", DIGEST], ["configSchema", DIGEST], ["contracts", ["artifact_store@9"]], ["capabilities", { env: ["HOME"], files: [], hosts: ["*"], processes: [] }], ["core", "*"], ["node", ">=99"]] as const).map(([name, value]): Attack => ({ attack: `lock: ${name}`, verb: "load", code: "MLS8208", evil: installed(field(name, value)), twin: installed(windows) })),
    { attack: "lock: provenance denied, so that its loss goes unseen", verb: "verify against the registry", code: "MLS8208", evil: proven(field("trust", { provenance: false })), twin: proven(windows) },
    { attack: "lock: provenance made up", verb: "verify against the registry", code: "MLS8406", evil: installed(field("trust", { provenance: true })), twin: installed(windows) },
    { attack: "lock: tree", verb: "verify", code: "MLS8207", evil: installed(field("tree", DIGEST)), twin: installed(windows) },
    { attack: "lock: a field that there is not", verb: "load", code: "MLS8205", evil: installed(field("postinstall", "evil")), twin: installed(windows) },
    { attack: "lock: a name that is a path", verb: "load", code: "MLS8205", evil: installed(inLock((text) => text.replace(`"${X}"`, '"../../evil"'))), twin: installed(windows) },
    { attack: "lock: an entry taken away", verb: "load", code: "MLS8207", evil: installed(inLock(() => '{ "lockVersion": 1, "plugins": {} }\n')), twin: installed(windows) },
  ],
  "a registry that answers another version": [
    { attack: "another version under the number that was asked for", verb: "install", code: "MLS8104", spec: `${X}@1.0.0`, evil: (p) => { p.server.add(p.publish({ name: X }), (json) => ({ ...json, version: "0.9.0" })); }, twin: publish() },
    { attack: "the tarball of an older version, rightly announced", verb: "install", code: "MLS8203", spec: `${X}@1.1.0`, evil: older, twin: publish({ version: "1.1.0" }) },
    { attack: "another package under the name that was asked for", verb: "install", code: "MLS8104", evil: (p) => { p.server.on(/acme/, (_, response) => { response.end(JSON.stringify({ name: "evil", versions: {} })); }); }, twin: publish() },
  ],
};

/** Every file of the project but mlstack's own notes, by path. */
function filesOf(p: HubProject): Record<string, string> {
  const all = readdirSync(p.dir, { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
  return Object.fromEntries(all.map((path) => [relative(p.dir, path), sha256(readFileSync(path))] as const).filter(([path]) => !path.startsWith(".mlstack")));
}

async function prepared(prepare: Prepare): Promise<HubProject> {
  const p = await hubProject();
  onTestFinished(() => p.stop());
  await prepare(p);
  return p;
}

/** As docs/hub.md names them. */
const NAMED = [
  "a changed tarball", "a changed file on disk", "a lock that was set back", "dependency confusion", "an install script", "paths and links out of a tarball", "a manifest that lies about its contracts", "a second core that is not satisfied",
  "a lock that was edited by hand", "a registry that answers another version",
];

describe.each(Object.entries(ATTACKS))("%s", (_, attacks) => {
  test.each(attacks)("$verb: $attack: $code", async ({ code, evil, twin, ...how }) => {
    const attacked = await prepared(evil);
    const before = filesOf(attacked);
    await expect(carryOut(attacked, how)).rejects.toMatchObject({ code });
    expect(filesOf(attacked)).toEqual(before);
    const harmless = await prepared(twin);
    await carryOut(harmless, { ...how, ...(how.spec !== undefined && { spec: twinSpec(how.spec) }) });
    if (how.verb.startsWith("install") || how.verb === "upgrade") await carryOut(harmless, { verb: "verify" });
  });
});

test("all that are named are tried, and refused with the codes that docs/hub.md says", () => {
  const rows = [...readFileSync(new URL("../../../../docs/hub.md", import.meta.url), "utf8").matchAll(/^\| ([^|]+) \|[^|]*\| ((?:`MLS\d{4}`(?:, )?)+) \|/gm)].map(([, kind, codes]) => [kind, codes!.match(/MLS\d{4}/g)] as const);
  expect(rows.map(([kind]) => kind)).toEqual(NAMED);
  expect(Object.fromEntries(Object.entries(ATTACKS).map(([kind, attacks]) => [kind, [...new Set(attacks.map(({ code }) => code))].toSorted()]))).toEqual(Object.fromEntries(rows));
});

/** A twin of a wrong name is the right one. */
const twinSpec = (spec: string): string => ({ s33: "s3", "@acme-inc/x": X })[spec] ?? spec;
