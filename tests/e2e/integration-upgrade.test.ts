import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fill, mounted } from "./testing/disks.ts";
import { documentOf } from "./testing/documents.ts";
import { hubCli, type HubCli } from "./testing/hub-cli.ts";
import { BIN, cleanEnv, jsonOf, run, type Outcome } from "./testing/project.ts";
import { onTerminal } from "./testing/pty.ts";
import type { PublishedVersion } from "./testing/registry.ts";

const X = "@acme/mlstack-plugin-x";
const packages = join(import.meta.dirname, "..", "..", "packages");
let p: HubCli;
beforeEach(async () => {
  p = await hubCli();
  // above the project, where npm does not look for what is left over
  link("mlstack", join(packages, "cli"));
  for (const name of ["core", "pipeline", "engine"]) link(`@mlstack/${name}`, join(packages, name));
  link("zod", join(packages, "..", "node_modules", "zod"));
});
afterEach(() => p.close());

function link(name: string, target: string): void {
  const path = join(p.folder, "node_modules", name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path, "junction");
}
/** Every file of the project with its bytes, and of which there are links. */
function everything(dir = p.dir): Record<string, string> {
  return Object.fromEntries(readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(dir, name)).isFile()).toSorted().map((name) => [name, createHash("sha256").update(readFileSync(join(dir, name))).digest("hex")]));
}
function publish(version: string, properties: Readonly<Record<string, unknown>>, { required = [], permissions = {}, ...more }: Partial<PublishedVersion> & { readonly required?: readonly string[] } = {}): void {
  const config = { type: "object", properties, required, additionalProperties: false };
  p.server.publish({ name: X, version, ...more, more: { mlstack: { manifestVersion: 1, entry: "./index.js", core: ">=0.1.0 <1", components: [{ contract: "artifact_store@1", flavor: "x", description: "For tests", config, permissions }] } } });
}
const text = { type: "string" };

test("an upgrade's plan: what it means for this project, and nothing is written; what would be refused is, until it is mended", async () => {
  publish("1.0.0", { bucket: text, old: text });
  publish("1.1.0", { bucket: text, region: { ...text, enum: ["eu", "us"] } }, { required: ["region"] });
  await p.data("install", `${X}@1.0.0`, "-y");
  p.write("project/stacks/prod.yaml", "components:\n  artifact_store:\n    type: x\n    name: main\n    configuration:\n      bucket: data\n      old: ${env:OLD}\n  orchestrator: { type: local }\n");
  p.write("project/steps.mjs", `
    import { json, step } from "mlstack";
    import { z } from "zod";
    import x from "${X}";
    export const usesIt = step({ name: "uses_it", output: json(z.number()), run: () => x });
    export const other = step({ name: "other", output: json(z.number()), run: () => 2 });
  `);
  p.write("project/p.mjs", 'import { pipeline } from "mlstack";\nimport { other, usesIt } from "./steps.mjs";\nexport default pipeline({ name: "p", build: () => { usesIt(); other(); } });\n');
  const ran = async () => Object.fromEntries((jsonOf(await p.mlstack("run", "p.mjs", "--json")).data["steps"] as { step: string; status: string }[]).map(({ step, status }) => [step, status]));
  expect(await ran()).toEqual({ uses_it: "completed", other: "completed" });
  expect(await ran()).toEqual({ uses_it: "cached", other: "cached" });

  const before = everything();
  const planned = await p.data("upgrade", "--plan");
  expect(everything()).toEqual(before);
  const place = { type: "artifact_store", component: "main", file: "stacks/prod.yaml", line: 2, stacks: ["prod"] };
  expect(planned).toMatchObject({
    done: false,
    changes: [{
      from: "1.0.0", to: "1.1.0", step: "minor", compatible: true, contracts: { gained: [], lost: [], moved: [] }, flavors: { gained: [], lost: [] }, configChanged: true,
      configChanges: [
        { component: "artifact_store x", key: "old", kind: "removed", before: "string, optional", after: null },
        { component: "artifact_store x", key: "region", kind: "added", before: null, after: '"eu" or "us", required' },
      ],
      refused: [{ ...place, code: "MLS2008", reason: expect.stringContaining("region is missing; old is not known") as string, already: false }], users: [place], lostResults: [{ pipeline: "p", step: "uses_it", results: 1 }],
    }],
    lock: { before: { [X]: { version: "1.0.0", files: expect.stringMatching(/^sha256:/) as string } }, after: { [X]: { version: "1.1.0", contracts: ["artifact_store@1"] } } },
  });
  expect(Object.keys(((planned as { lock: object }).lock as { after: Record<string, object> }).after[X]!)).not.toContain("files");
  const shown = (await p.mlstack("integration", "upgrade", "--plan")).stdout;
  expect(shown).toContain('+ region  "eu" or "us", required');
  expect(shown).toContain("refused  stacks/prod.yaml, line 2: ");
  expect(shown).toContain("uses_it in p: 1 result will not be found any more");

  // the plan is shown, and why it is not carried out
  const no = await p.mlstack("integration", "upgrade", "-y");
  expect([no.code, p.installed(X)]).toEqual([4, "1.0.0"]);
  expect(no.stderr).toMatch(/1\.0\.0 → 1\.1\.0[^]*error MLS8408[^]*stacks\/prod\.yaml[^]*--allow-invalid-config/);
  expect(await p.end("install", `${X}@1.1.0`, "-y")).toEqual([4, "MLS8408"]);
  expect(everything()).toEqual(before);

  p.write("project/stacks/prod.yaml", "components:\n  artifact_store:\n    type: x\n    name: main\n    configuration: { bucket: data, region: ${env:REGION} }\n  orchestrator: { type: local }\n");
  const done = await p.data("upgrade", "-y");
  expect(done).toMatchObject({ done: true, changes: [{ refused: [] }], lock: { after: { [X]: { version: "1.1.0", files: expect.stringMatching(/^sha256:/) as string, tree: expect.stringMatching(/^sha256:/) as string } } } });
  expect((JSON.parse(readFileSync(p.at("mlstack.lock"), "utf8")) as { plugins: object }).plugins).toEqual(((done as { lock: object }).lock as { after: object }).after);
  // what was foretold, and nothing else
  expect(await ran()).toEqual({ uses_it: "completed", other: "cached" });
}, 240_000);

test("a component that only names the integration loses no result, and an invalid configuration can be let in by name", async () => {
  publish("1.0.0", { bucket: text });
  publish("1.1.0", { bucket: text, region: text }, { required: ["region"] });
  await p.data("install", `${X}@1.0.0`, "-y");
  p.write("project/stacks/components.yaml", "components:\n  artifact_store:\n    main: { type: x, configuration: { bucket: data } }\n");
  p.write("project/p.mjs", 'import { json, pipeline, step } from "mlstack";\nimport { z } from "zod";\nexport const one = step({ name: "one", output: json(z.number()), uses: { modelDeployer: { cache: "by-component" } }, run: () => 1 });\nexport default pipeline({ name: "p", build: () => { one(); } });\n');
  const first = await p.mlstack("run", "p.mjs");
  expect(first, first.stderr).toMatchObject({ code: 0 });
  expect(await p.data("upgrade", "--plan")).toMatchObject({ changes: [{ lostResults: [], refused: [{ component: "main", stacks: [] }] }] });
  expect((await p.mlstack("integration", "upgrade", "--plan")).stdout).toContain("no recorded result is lost");
  expect(await p.data("upgrade", "-y", "--allow-invalid-config", X)).toMatchObject({ done: true, changes: [{ refused: [{ component: "main" }] }] });
  const again = await p.mlstack("run", "p.mjs", "--json");
  expect(jsonOf(again).data["steps"]).toEqual([expect.objectContaining({ step: "one", status: "cached" })]);
}, 240_000);

test("what is in use is not removed without being named; a file that can't be read is said", async () => {
  publish("1.0.0", { bucket: text });
  await p.data("install", X, "-y");
  p.write("project/stacks/prod.yaml", "components:\n  artifact_store: { type: x, name: main, configuration: { bucket: data } }\n  orchestrator: { type: local }\n");
  p.write("project/stacks/broken.yaml", "components: [\n");
  expect(await p.end("uninstall", X, "-y")).toEqual([4, "MLS8410"]);
  expect(await p.data("uninstall", X, "--dry-run")).toMatchObject({ changes: [{ change: "remove", users: [{ component: "main", file: "stacks/prod.yaml", line: 2, stacks: ["prod"] }] }], lock: { after: {} } });
  const dry = await p.mlstack("integration", "uninstall", X, "--dry-run");
  expect(dry.stdout).toContain('in use  stacks/prod.yaml, line 2: the artifact_store "main", in prod');
  expect(dry.stderr).toContain("stacks/broken.yaml");
  expect(p.installed(X)).toBe("1.0.0");
  expect(await p.data("uninstall", X, "-y", "--allow-in-use", X)).toMatchObject({ done: true });
  expect(p.installed(X)).toBeUndefined();
}, 240_000);

test("a rollback of the first installation is exact: no lock, no node_modules; where nothing is to be taken back that is said", async () => {
  publish("1.0.0", { bucket: text });
  const before = everything();
  const nothing = await p.mlstack("integration", "rollback", "-y", "--json");
  expect([nothing.code, jsonOf(nothing).error?.code]).toEqual([4, "MLS8503"]);
  await p.data("install", X, "-y");
  const after = everything();
  expect(Object.keys(after)).toEqual(expect.arrayContaining(["package-lock.json", "mlstack.lock", `node_modules/${X}/package.json`]));
  expect(await p.data("rollback", "-y")).toMatchObject([{ id: 1, done: true }]);
  const state = (all: Record<string, string>) => Object.fromEntries(Object.entries(all).filter(([name]) => !name.startsWith(".mlstack/")));
  expect([state(everything()), existsSync(p.at("node_modules"))]).toEqual([state(before), false]);
  expect(await p.data("rollback", "-y")).toMatchObject([{ id: 2, done: true }]);
  expect(state(everything())).toEqual(state(after));
}, 240_000);

test("a rollback to a lock that npm itself refuses, for an optional package of it was never published, is exact all the same", async () => {
  for (const version of ["1.0.0", "1.1.0"]) p.server.publish({ name: X, version, more: { optionalDependencies: { "@acme/x-for-another-platform": "1.0.0" } } });
  await p.data("install", `${X}@1.0.0`, "-y");
  const npm = await p.npm("ci", "--ignore-scripts");
  // so it is with npm: its own lock, made just now
  expect(npm.stderr).toMatch(/EUSAGE[^]*Missing: @acme\/x-for-another-platform/);
  const before = ["package.json", "package-lock.json", "mlstack.lock"].map((name) => readFileSync(p.at(name), "utf8"));
  expect(await p.data("upgrade", "-y")).toMatchObject({ done: true });
  expect(await p.data("rollback", "-y")).toMatchObject([{ done: true }]);
  expect(["package.json", "package-lock.json", "mlstack.lock"].map((name) => readFileSync(p.at(name), "utf8"))).toEqual(before);
  expect(p.installed(X)).toBe("1.0.0");
  expect(await p.data("verify")).toEqual([expect.objectContaining({ package: X, ok: true })]);
}, 240_000);

test("on a full disk a change is refused in words, nothing is changed, and with space again it goes on", async (context) => {
  const disk = mounted(context, "size=6m");
  publish("1.0.0", { bucket: text });
  await p.data("install", X, "-y");
  publish("1.1.0", { bucket: text });
  cpSync(p.at("."), join(disk, "project"), { recursive: true });
  const there = (...args: readonly string[]): Promise<Outcome> => run(process.execPath, [BIN, "integration", ...args, "--json"], join(disk, "project"), p.env);
  const before = everything(join(disk, "project"));
  fill(disk);
  const full = await there("upgrade", "-y");
  expect([full.code, jsonOf(full).error], full.stdout + full.stderr).toEqual([1, expect.objectContaining({ code: "MLS3004" })]);
  expect(everything(join(disk, "project"))).toEqual(before);
  // what is only looked at needs no space
  expect((await there("upgrade", "--plan")).code).toBe(0);
  rmSync(join(disk, "filler"), { recursive: true });
  const done = await there("upgrade", "-y");
  expect([done.code, documentOf("integration-upgrade", done)["warnings"]]).toEqual([0, []]);
}, 240_000);

test.skipIf(process.platform === "win32")("at a terminal the question names what may be reached besides; a no changes nothing", async () => {
  publish("1.0.0", { bucket: text }, { permissions: { hosts: ["a.example"] } });
  publish("1.1.0", { bucket: text }, { permissions: { hosts: ["a.example"], env: ["ACME_TOKEN"] } });
  await p.data("install", `${X}@1.0.0`, "-y");
  const before = everything();
  const { CI: _, ...env } = { ...cleanEnv(), ...p.env };
  const terminal = onTerminal([process.execPath, BIN, "integration", "upgrade"], p.at("."), env, { columns: 200 });
  await terminal.shows(`Upgrade ${X}?`);
  expect(terminal.screen()).toContain(`${X}@1.1.0 may reach env: ACME_TOKEN, and could not before. Upgrade ${X}? [y/N]`);
  terminal.type("n\r");
  expect((await terminal.ended).code).not.toBe(0);
  expect(everything()).toEqual(before);
  // what npm has installed by itself is no way around it
  expect((await p.npm("install", "--save-exact", "--no-audit", "--no-fund", `${X}@1.1.0`)).code).toBe(0);
  expect(await p.end("lock")).toEqual([4, "MLS8409"]);
  expect(await p.data("lock", "--dry-run")).toMatchObject({ written: false, changes: [{ package: X, to: "1.1.0", widened: ["env: ACME_TOKEN"] }] });
  const pin = onTerminal([process.execPath, BIN, "integration", "lock"], p.at("."), env, { columns: 200 });
  await pin.shows(`${X}@1.1.0 may reach env: ACME_TOKEN, and could not before. Pin ${X}? [y/N]`);
  pin.type("n\r");
  expect((await pin.ended).code).not.toBe(0);
  expect((await p.data("permissions") as object[])[0]).toMatchObject({ granted: { env: [] }, beyond: ["env: ACME_TOKEN"] });
  expect((await p.npm("install", "--save-exact", "--no-audit", "--no-fund", `${X}@1.0.0`)).code).toBe(0);
  // and nobody is there: --no-input is no yes to that
  expect(await p.end("upgrade", "--no-input")).toEqual([4, "MLS8409"]);
  const yes = onTerminal([process.execPath, BIN, "integration", "upgrade"], p.at("."), env, { columns: 200 });
  await yes.shows(`Upgrade ${X}?`);
  yes.type("y\r");
  expect((await yes.ended).code).toBe(0);
  expect(p.installed(X)).toBe("1.1.0");
}, 240_000);
