import type { ChangePlan, ForetoldScripts, PluginChange } from "@mlstack/hub";
import { expect, test } from "vitest";
import type { Terminal } from "../ui/terminal.ts";
import { printPlan, registerCommand } from "./show-plan.ts";

const change = (over: Partial<PluginChange>): PluginChange => ({
  kind: "add", name: "@acme/mlstack-plugin-x", before: undefined, target: undefined, why: "the newest that fits", passedOver: [], exceptions: [], granted: { env: [], files: [], hosts: [], processes: [] },
  widened: [], contracts: { gained: [], lost: [] }, configChanged: false, installScript: false, ...over,
});
const plan = (...changes: PluginChange[]): ChangePlan => ({ changes, kept: [], builtIn: [], planned: [], lock: undefined });
function printed(of: ChangePlan, columns = 100, foretold?: ForetoldScripts): string[] {
  const lines: string[] = [];
  const stream = process.stdout;
  const t: Terminal = { stream, isTTY: false, columns, plain: true, style: (text) => text, line: (text = "") => { lines.push(text); } };
  printPlan(t, of, foretold);
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
  expect(printed(of, 100, { scripts: ["@acme/mlstack-plugin-x@1.0.0", "esbuild@0.25.0", "native@1.0.0\u001b[2J"], unknown: ["x@git+https://git.example/x.git"] }).slice(1)).toEqual([
    "    install script  it has one; it is not run",
    "  with install scripts  esbuild@0.25.0, native@1.0.0: not run; whether they may later is your package manager's setting",
    "  not known before  whether x@git+https://git.example/x.git has an install script",
  ]);
  expect(printed(of, 100, { scripts: ["@acme/mlstack-plugin-x@1.0.0"], unknown: [] })).toHaveLength(2);
});
