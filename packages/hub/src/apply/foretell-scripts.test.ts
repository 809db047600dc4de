import { afterEach, beforeEach, expect, test } from "vitest";
import { sample } from "../catalog/testing/sample.ts";
import type { PackageManager } from "../package-manager/types.ts";
import type { PlanContext } from "../plan/context.ts";
import { planInstall, planUninstall } from "../plan/plan-install.ts";
import { hubProject, type HubProject } from "../testing/hub-project.ts";
import { madePlugin, type PluginOptions } from "../testing/plugins.ts";
import { foretellScripts, type ForetoldScripts } from "./foretell-scripts.ts";

const X = "@acme/x";
const SCRIPT = { scripts: { postinstall: "node build.js" } };
let p: HubProject;
beforeEach(async () => {
  p = await hubProject();
  p.folder.put({ "project/node_modules/@mlstack/core/package.json": '{"name":"@mlstack/core","version":"0.1.0"}' });
});
afterEach(async () => { await p.stop(); });

/** A version with dependencies and more fields; the last one published is `latest`. */
const publish = (name: string, dependencies: Readonly<Record<string, string>> = {}, more: Readonly<Record<string, unknown>> = {}, options: PluginOptions = {}): void => { p.publish({ name, more: { dependencies, ...more }, ...options }); };
const context = (): PlanContext => ({ catalog: sample, registry: p.registry, lock: undefined, installed: [], coreVersion: "0.1.0", nodeVersion: "24.11.0", policy: {}, now: new Date("2026-06-01"), cwd: p.dir });
async function foretold(spec = X, manager: PackageManager = p.manager): Promise<ForetoldScripts> {
  return foretellScripts(await planInstall({ specs: [spec] }, context()), { registry: await p.reopen(), manager });
}
const asked = (): string[] => p.server.seen.map(({ url }) => decodeURIComponent(url.slice(1)));

test("without dependencies nothing comes along, and nobody is asked", async () => {
  publish(X);
  const plan = await planInstall({ specs: [X] }, context());
  const before = asked().length;
  expect(await foretellScripts(plan, { registry: p.registry, manager: p.manager })).toEqual({ scripts: [], unknown: [] });
  expect(asked()).toHaveLength(before);
  expect(await foretellScripts(await planUninstall([X], { ...context(), lock: { plugins: {} }, installed: [{ name: X, version: "1.0.0", dir: p.dir, manifest: {}, source: "installed", load: async () => ({}) }] }), { registry: p.registry, manager: p.manager })).toEqual({ scripts: [], unknown: [] });
});

test("scripts are found however far below, each package once, in a circle and under another name, too", async () => {
  publish(X, { left: "^1.0.0", right: "1.0.0" }, SCRIPT);
  publish("left", { deep: "^1.0.0" });
  publish("right", { deep: "~1.0.0", other: "npm:@acme/native@^2.0.0" });
  publish("deep", { left: "1.0.0" }, { scripts: { install: "x" } });
  publish("@acme/native", {}, { hasInstallScript: true }, { version: "2.1.0" });
  publish("@acme/native", {}, {}, { version: "3.0.0" });
  expect(await foretold()).toEqual({ scripts: ["@acme/native@2.1.0", `${X}@1.0.0`, "deep@1.0.0"], unknown: [] });
  expect(asked().filter((url) => url === "deep")).toHaveLength(1);
});

test("the version is what the lock has where that fits, else the recommended one, else the newest; by a tag, what that names", async () => {
  publish(X, { locked: "^1.0.0", recommended: "^1.0.0", newest: "<2", tagged: "latest" });
  for (const name of ["locked", "recommended", "newest", "tagged"]) for (const version of ["1.0.0", "1.1.0"]) publish(name, {}, version === "1.1.0" ? SCRIPT : {}, { version });
  publish("newest", {}, {}, { version: "2.0.0" });
  publish("recommended", {}, {}, { version: "1.0.5" });
  p.folder.put({ "project/package-lock.json": JSON.stringify({ dependencies: { locked: "1.0.0" } }) });
  expect(await foretold()).toEqual({ scripts: ["newest@1.1.0", "tagged@1.1.0"], unknown: [] });
  expect(await foretold(X, { ...p.manager, name: "yarn" })).toEqual({ scripts: ["locked@1.1.0", "newest@1.1.0", "tagged@1.1.0"], unknown: [] });
});

test("a peer that the project lacks comes along; one that it has does not, nor one that can be done without", async () => {
  publish(X, {}, { peerDependencies: { "@mlstack/core": "^0.1.0", needed: "^1.0.0", optional: "^1.0.0", there: "^1.0.0" }, peerDependenciesMeta: { optional: { optional: true } } });
  for (const name of ["needed", "optional", "there"]) publish(name, {}, SCRIPT);
  p.folder.put({ "project/node_modules/there/package.json": '{"name":"there","version":"1.0.0"}' });
  expect(await foretold()).toEqual({ scripts: ["needed@1.0.0"], unknown: [] });
  expect(await foretold(X, { ...p.manager, name: "yarn" })).toEqual({ scripts: [], unknown: [] });
  p.folder.put({ "project/x.tgz": madePlugin({ name: X, more: { peerDependencies: { needed: "^1.0.0", optional: "^1.0.0" }, peerDependenciesMeta: { optional: { optional: true } } } }).tarball });
  expect(await foretold("./x.tgz")).toEqual({ scripts: ["needed@1.0.0"], unknown: [] });
});

test("what no registry describes is named as such; an optional package that there is none of is not", async () => {
  publish(X, { git: "git+https://git.example/x.git", url: "https://files.example/x.tgz", short: "acme/x", missing: "^1.0.0", "too-new": "^9.0.0", bringing: "1.0.0" }, { optionalDependencies: { gone: "^1.0.0" } });
  publish("too-new");
  publish("bringing", { inside: "^1.0.0" }, { bundleDependencies: ["inside"] });
  expect(await foretold()).toEqual({ scripts: [], unknown: ["git@git+https://git.example/x.git", "inside in bringing@1.0.0", "missing@^1.0.0", "short@acme/x", "too-new@^9.0.0", "url@https://files.example/x.tgz"] });
});

test("what integrations have depended on before is nothing new", async () => {
  publish("@acme/y");
  publish(X, { native: "1.0.0", other: "1.0.0" });
  for (const name of ["native", "other"]) publish(name, {}, SCRIPT);
  await p.manager.add([{ name: "@acme/y", spec: "1.0.0" }], { offline: false, registry: undefined, signal: new AbortController().signal, output: () => undefined });
  p.manager.scripts = { "@acme/y": ["native@1.0.0"] };
  const plan = await planInstall({ specs: [X] }, context());
  const entry = {} as never;
  expect(await foretellScripts({ ...plan, lock: { plugins: { "@acme/y": entry } } }, { registry: p.registry, manager: p.manager })).toEqual({ scripts: ["other@1.0.0"], unknown: [] });
});

test("without a network it is not known, and trouble of the registry is trouble", async () => {
  publish(X, { left: "^1.0.0" });
  publish("left", {}, SCRIPT);
  const plan = await planInstall({ specs: [X] }, context());
  expect(await foretellScripts(plan, { registry: await p.reopen({ offline: true }), manager: p.manager })).toEqual({ scripts: [], unknown: ["left@^1.0.0"] });
  p.server.on(/left/, (_, response) => { response.writeHead(503).end(); });
  await expect(foretold()).rejects.toMatchObject({ code: "MLS8101" });
});
