import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MlstackError } from "@mlstack/core";
import { findStack } from "./find-stack.ts";
import { loadYaml } from "./project-files.ts";
import { readStackFile } from "./stack-file.ts";

let dir: string;
beforeAll(() => { dir = mkdtempSync(join(tmpdir(), "stack-file-")); mkdirSync(join(dir, "stacks")); });
afterAll(() => rmSync(dir, { recursive: true, force: true }));
async function refused(text: string): Promise<string> {
  writeFileSync(join(dir, "stacks", "s.yaml"), text);
  const yaml = await loadYaml();
  try { readStackFile(yaml, join(dir, "stacks", "s.yaml"), dir); } catch (e) {
    if (MlstackError.is(e, "MLS7004") || MlstackError.is(e, "MLS7010")) return `${e.message} | ${e.fix}`;
    throw e;
  }
  throw new Error("it was taken");
}

test.each([
  ["components:\n  artifact_store: {type: local, name: a\n  orchestrator: { type: local }\n", /^stacks\/s\.yaml is not YAML: line 3, column 3: .* \| correct line 3 of stacks\/s\.yaml$/],
  ["components:\n\tartifact_store:\n", /line 2, column 1: Tabs/],
  ["components:\n  orchestrator: *nope\n", /is not YAML: .*nope/],
  ["components:\n  a: { type: local }\n  a: { type: local }\n", /line 3.*unique/],
  ["", /is empty \| write components:/], ["just text\n", /holds a text/], ["- a\n", /holds a list/], ["name: x\n", /it has no components/],
  ["component:\n  artifact_store: { type: local }\n", /has "component", which is not known \| write components, in line 1/],
  ["components:\n  artifact_store: { flavor: local }\n", /components\.artifact_store has "flavor", which is not known \| write type, in line 2/],
  ["components:\n  artifact_store: { type: local, config: { path: x } }\n", /has "config", which is not known \| write configuration, in line 2/],
  ["components:\n  artifact_store:\n    type: local\n    nmae: x\n", /has "nmae", which is not known \| write name, in line 4/],
  ["components:\n  artifact_store: 3\n", /components\.artifact_store is no component \| write it like \{ type: local \}, in line 2/],
  ["components:\n  artifact_store:\n    name: x\n", /components\.artifact_store has no type .*in line 2/], ["components: 3\n", /components is no list of components/], ["components:\n  a: { type: 3 }\n", /components\.a\.type is the number 3 \| write a text, in quotes: type: "3", in line 2/],
  ["stack_name: x\ncomponents: { a: b }\n", /it has "stack_name", which is not known \| write name, in line 1/], ["componets: {}\n", /it has "componets", which is not known \| write components/],
  ["components: { a: b }\nextra: 1\n", /it has "extra", which is not known \| leave it out; known are version, zenml_version, name, components, in line 2/],
  ["version: 2\ncomponents: { a: b }\n", /^stacks\/s\.yaml is of version 2, this mlstack knows version 1 \| update mlstack/], ["version: one\ncomponents: { a: b }\n", /version is "one" \| write version: 1, in line 1/],
  ["components: { a: { type: x, configuration: [1] } }\n", /components\.a\.configuration is no mapping/], ["components: { a: { type: x, configuration: { b: { c: .nan } } } }\n", /components\.a\.configuration\.b\.c is no plain value/],
  ["components: { a: { type: x, aliases: y } }\n", /components\.a\.aliases is no list of texts \| write aliases: \[NAME\]/], ["name: 3\ncomponents: { a: b }\n", /name is the number 3/], ["components: { a: { type: '' } }\n", /components\.a\.type is empty/],
  ["a: 1\n---\nb: 2\n", /is not YAML: line 2.*a second document/], ["%YAML 1.1\n---\ncomponents: { a: { type: x, configuration: { d: 2001-01-01, s: !!set { q } } } }\n", /is no plain value/],
])("%j", async (text, says) => { expect(await refused(text)).toMatch(says); expect(await refused(text)).not.toContain("::"); });

test("names of the lesson's files are taken, and what is the user's own is left alone", async () => {
  writeFileSync(join(dir, "stacks", "good.yaml"), 'zenml_version: "0.55.0"\nx-mine: { a: 1 }\ncomponents:\n  artifact_store: { type: gcp, name: s, configuration: { some_path: x } }\n  container_registry: { type: gcp }\n');
  expect(await findStack("good", dir)).toEqual({ name: "good", components: { artifact_store: { name: "s", flavor: "gcp", config: { somePath: "x" } }, container_registry: { name: "gcp_container_registry", flavor: "gcp" } } });
});

test("a stack that is not there says what is", async () => {
  const of = async (name: string, from = dir) => findStack(name, from).then(() => { throw new Error("found"); }, (e: unknown) => { if (MlstackError.is(e, "MLS7003")) return `${e.message} | ${e.why} | ${e.fix}`; throw e; });
  expect(await of("goood")).toContain('there are "local", "good"');
  expect(await of("nothing", tmpdir())).toContain('there is "local"');
  expect(await of("./stacks")).toMatch(/is a folder.*--stack stacks\/good\.yaml/);
  expect(await of("./none.yaml")).toContain("looked at");
});
