import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { contractRegistry, ERROR_CODES, PLANNED_TYPES } from "@mlstack/core";
import { expect, test } from "vitest";
import { buildProgram } from "./program.ts";
import { COMPONENT_TYPES, partsOf } from "./program/component-types.ts";

const page = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "cli.md"), "utf8");

test("docs/cli.md names every command, every option of every command and of run FILE, and every exit code", () => {
  const program = buildProgram();
  const visible = (of: Command) => of.createHelp().visibleCommands(of);
  for (const noun of visible(program)) {
    expect(page).toContain(`mlstack ${noun.name()}`);
    for (const verb of visible(noun)) expect(page, `${noun.name()} ${verb.name()}`).toMatch(new RegExp(`mlstack ${noun.name()} VERB .*\\b${verb.name()}\\b`));
  }
  const run = program.commands.find((c) => c.name() === "run")!;
  for (const option of run.createHelp().visibleOptions(run)) expect(page).toContain(option.long!);
  for (const exit of new Set(Object.values(ERROR_CODES).map((c) => c.exit))) expect(page).toMatch(new RegExp(`^\\| ${exit} \\|`, "m"));
});

test("every type of components has its flag, as a stack is registered with", () => {
  expect(Object.keys(COMPONENT_TYPES).toSorted()).toEqual([...new Set([...contractRegistry().keys(), ...PLANNED_TYPES])].toSorted());
  expect([...partsOf({ artifactStore: "a", modelDeployer: "d", component: ["acme.index=i"] }).parts]).toEqual([["artifact_store", "a"], ["model_deployer", "d"], ["acme.index", "i"]]);
  for (const wrong of ["x", "=x", "x="]) expect(partsOf({ component: [wrong] }).malformed).toBe(wrong);
});

test("help ends with an address of the command reference that is there", () => {
  const headings = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "cli-reference.md"), "utf8").split("\n").flatMap((line) => (line.startsWith("## ") ? [line.slice(3).toLowerCase().replaceAll(" ", "-")] : []));
  const addresses = (of: Command): string[] => of.createHelp().visibleCommands(of).filter((c) => c.name() !== "help").flatMap((c) => {
    let text = "";
    c.configureOutput({ writeOut: (part) => { text += part; } }).outputHelp();
    return [/\nDocs: https:\S+\/docs\/cli-reference\.md#(\S+)\n$/.exec(text)?.[1] ?? text, ...addresses(c)];
  });
  expect(addresses(buildProgram())).toEqual(headings.filter((heading) => heading.startsWith("mlstack-")));
});
