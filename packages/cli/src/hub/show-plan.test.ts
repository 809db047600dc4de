import { MlstackError } from "@mlstack/core";
import type { ChangePlan, ForetoldScripts, Impact, LockedPlugin, PluginChange } from "@mlstack/hub";
import { expect, test } from "vitest";
import { impactDocument } from "./show-impact.ts";
import type { Terminal } from "../ui/terminal.ts";
import { planDocument, printPlan, registerCommand } from "./show-plan.ts";

const change = (over: Partial<PluginChange>): PluginChange => ({
  kind: "add", name: "@acme/mlstack-plugin-x", before: undefined, target: undefined, why: "the newest that fits", passedOver: [], exceptions: [], granted: { env: [], files: [], hosts: [], processes: [] },
  widened: [], contracts: { gained: [], lost: [], moved: [] }, configChanged: false, installScript: false, ...over,
});
const plan = (...changes: PluginChange[]): ChangePlan => ({ changes, kept: [], builtIn: [], planned: [], lock: undefined });
function printed(of: ChangePlan, columns = 100, impacts: readonly Impact[] = [], foretold?: ForetoldScripts): string[] {
  const lines: string[] = [];
  const stream = process.stdout;
  const t: Terminal = { stream, isTTY: false, columns, plain: true, style: (text) => text, line: (text = "") => { lines.push(text); } };
  printPlan(t, of, impacts, foretold);
  return lines;
}

test("what an integration may reach is listed by kind, in lines of the terminal's width", () => {
  const names = Array.from({ length: 8 }, (_, i) => `ACME_VARIABLE_${i}`);
  expect(printed(plan(change({ widened: [...names.map((n) => `env: ${n}`), "files: ~/.acme", "hosts: *", "hosts: a.example"] })), 80).slice(1)).toEqual([
    "    may reach  hosts      *, a.example",
    "               files      ~/.acme",
    "               variables  ACME_VARIABLE_0, ACME_VARIABLE_1, ACME_VARIABLE_2,",
    "                          ACME_VARIABLE_3, ACME_VARIABLE_4, ACME_VARIABLE_5,",
    "                          ACME_VARIABLE_6, ACME_VARIABLE_7",
  ]);
});

test("what it could not reach before is said as such, and control characters of a manifest do not reach the terminal", () => {
  expect(printed(plan(change({ kind: "change", widened: ["hosts: \u001b[2Jevil.example"] }))).slice(1)).toEqual(["    may reach, and could not before  hosts      evil.example"]);
  expect(printed(plan(change({})))).toHaveLength(1);
});

test("the next command makes a component of what was added, where it brings one", () => {
  const version = { name: "x", version: "1.0.0", description: undefined, manifest: undefined, integrity: undefined, tarball: "", engines: {}, dependencies: {}, peerDependencies: {}, hasInstallScript: false, deprecated: undefined, publishedAt: undefined, unpackedSize: undefined, provenance: false };
  const manifest = (...contracts: string[]) => ({ manifestVersion: 1 as const, entry: "./x.js", core: "*", components: contracts.map((contract) => ({ contract, flavor: "x", aliases: [], description: "", config: {}, permissions: { hosts: [], files: [], processes: [], env: [] } })), pure: [], formats: [], contracts: [] });
  const of = (...contracts: string[]) => change({ target: { source: "registry", version, manifest: manifest(...contracts) } });
  expect(registerCommand(plan(of(), of("artifact_store@1")))).toBe("mlstack component register NAME --type artifact_store --flavor x");
  expect([registerCommand(plan(of())), registerCommand(plan({ ...of("artifact_store@1"), kind: "change" }))]).toEqual([undefined, undefined]);
});

test("what comes along with an install script is named below what is changed, and what is not known; what is changed itself says that it has one", () => {
  const of = plan(change({ installScript: true }));
  expect(printed(of, 100, [], { scripts: ["@acme/mlstack-plugin-x@1.0.0", "esbuild@0.25.0", "native@1.0.0\u001b[2J"], unknown: ["x@git+https://git.example/x.git"] }).slice(1)).toEqual([
    "    install script  it has one; it is not run",
    "  with install scripts  esbuild@0.25.0, native@1.0.0: not run; whether they may later is your package manager's setting",
    "  not known before  whether x@git+https://git.example/x.git has an install script",
  ]);
  expect(printed(of, 100, [], { scripts: ["@acme/mlstack-plugin-x@1.0.0"], unknown: [] })).toHaveLength(2);
});

const impact = (over: Partial<Impact> = {}): Impact => ({ name: "@acme/mlstack-plugin-x", step: "minor", compatible: true, flavors: { gained: [], lost: [] }, config: {}, refused: [], users: [], lostResults: [], ...over });
const locked = (version: string): LockedPlugin => ({ version, source: "registry", manifest: "sha256:a", configSchema: "sha256:a", contracts: [], capabilities: { env: [], files: [], hosts: [], processes: [] }, core: "*", trust: { provenance: false } });
const main = { type: "artifact_store", name: "main", flavor: "x", config: undefined, file: "stacks/prod.yaml", line: 3, stacks: ["prod"] };

test("what a change means for the project stands below it: schema, refused configurations, lost results; nothing of the registry's reaches the terminal as it is", () => {
  const upgrade = plan(change({ kind: "change", before: locked("1.0.0"), contracts: { gained: [], lost: [], moved: [{ from: "artifact_store@1", to: "artifact_store@2" }] }, configChanged: true }));
  expect(printed(upgrade, 100, [impact({
    step: "major", compatible: false, flavors: { gained: ["artifact_store y"], lost: ["artifact_store z"] },
    config: { "artifact_store x": [
      { key: "region", kind: "added", before: undefined, after: "string, required" }, { key: "old", kind: "removed", before: "string\u001b[2J, optional", after: undefined }, { key: "port", kind: "required", before: undefined, after: undefined },
      { key: "size", kind: "type", before: "string", after: "integer" }, { key: "mode", kind: "default", before: '"a"', after: undefined }, { key: "", kind: "rule", before: undefined, after: "no other keys" },
    ] },
    refused: [{ component: main, error: new MlstackError("MLS2008", "region is missing", {}), already: false }, { component: main, error: new MlstackError("MLS2008", "odd", {}), already: true }], lostResults: [{ pipeline: "p", step: "train", results: 2 }],
  })]).slice(1)).toEqual([
    "    contracts  artifact_store@1 → artifact_store@2", "    version  semver does not call it compatible", "    flavors  with artifact_store y, without artifact_store z", "    configuration  artifact_store x",
    "      + region  string, required", "      - old  string, optional", "      ~ port  is required now", "      ~ size  string → integer", '      ~ mode  default "a" → none', "      ~ (all)  rule none → no other keys",
    "    refused  stacks/prod.yaml, line 3: region is missing", "    refused  stacks/prod.yaml, line 3: odd (as it is now)", "    cache  train in p: 2 results will not be found any more, for the step's code uses this package",
  ]);
  expect(printed(upgrade, 100, [impact()])).toContain("    cache  no recorded result is lost");
  expect(printed(upgrade, 100, [impact({ config: undefined })]).join()).toContain("its schema has changed");
  expect(printed(plan(change({ kind: "remove", before: locked("1.0.0") })), 100, [impact({ step: undefined, users: [main] })]).slice(1)).toEqual(['    in use  stacks/prod.yaml, line 3: the artifact_store "main", in prod']);
});

test("for a program: what is not known is null, what is not there is empty, and the lock is there before and after", () => {
  expect(impactDocument(impact({ config: undefined })).config).toBeNull();
  expect(impactDocument(undefined)).toEqual({ step: null, compatible: true, flavors: { gained: [], lost: [] }, config: [], refused: [], users: [], lostResults: [] });
  const { lock } = planDocument({ ...plan(), lock: { plugins: { "@acme/x": locked("1.0.0") } } }, { done: true, after: { b: locked("2.0.0"), a: locked("1.1.0") } });
  expect([lock.before, Object.keys(lock.after!)]).toEqual([{ "@acme/x": locked("1.0.0") }, ["a", "b"]]);
  expect(planDocument(plan(), { done: false, after: undefined }).lock).toEqual({ before: null, after: null });
});
