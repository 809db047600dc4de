import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readRunConfig } from "./run-config.ts";

let dir: string;
beforeAll(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-config-")); });
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const read = (text: string) => { writeFileSync(join(dir, "run.yaml"), text); return readRunConfig("run.yaml", dir); };
const refused = async (text: string) => { try { await read(text); } catch (e) { if (MlstackError.is(e)) return `${e.code} ${e.message} | ${e.fix ?? ""}`; throw e; } throw new Error("nothing was refused"); };

test("keys are snake_case in the file; names of parameters, steps and flavors stay as they are", async () => {
  const config = await read(`
name: "nightly-{date}"
stack: production
tags: [nightly]
params: { learning_rate: 0.1, on: true, list: [1, 2] }
steps:
  train_model:
    cache: false
    retry: { attempts: 3, delay_ms: 10, backoff: 1.5 }
    timeout_ms: 1000
    resources: { cpu: 2, memory: 4.0e9, gpu: { count: 1, type: a100 } }
    settings: { my_flavor: { work_dir: x } }
    tags: [slow]
`);
  expect(config).toMatchObject({
    file: "run.yaml", name: "nightly-{date}", stack: "production", tags: ["nightly"], params: { learning_rate: 0.1, on: true, list: [1, 2] },
    steps: { train_model: { cache: false, retry: { attempts: 3, delayMs: 10, backoff: 1.5 }, timeoutMs: 1000, resources: { cpu: 2, memory: 4e9, gpu: { count: 1, type: "a100" } }, settings: { my_flavor: { workDir: "x" } }, tags: ["slow"] } },
  });
  expect(config.place(["steps", "train_model", "retry", "delay_ms"])).toEqual({ line: 9, column: 27 });
  expect(config.place(["steps", "train_model", "novelty"])).toEqual({ line: 7, column: 3 });
});

test("an empty file, and one with comments only, say nothing", async () => {
  for (const text of ["", "# nothing yet\n", "{}"]) expect(Object.keys(await read(text)).toSorted()).toEqual(["file", "invalid", "place"]);
});

describe("what is wrong is told with line and column, and what to write", () => {
  test.each([
    ["parms: { n: 1 }\n", 'MLS7004 run.yaml:1:1: "parms" is not known | write params'],
    ["parameters: { n: 1 }\n", 'MLS7004 run.yaml:1:1: "parameters" is not known | write params'],
    ["params:\n  n: 1\nsteps:\n  train:\n    retry: { attemps: 2 }\n", 'MLS7004 run.yaml:5:14: steps.train.retry has "attemps", which is not known | write attempts'],
    ["steps:\n  train:\n    timeout: 5\n", 'MLS7004 run.yaml:3:5: steps.train has "timeout", which is not known | write timeout_ms'],
    ["steps:\n  train:\n    env: [A]\n", 'MLS7004 run.yaml:3:5: steps.train has "env", which is not known | leave it out'],
    ["steps:\n  train:\n    cache: maybe\n", 'MLS7004 run.yaml:3:5: steps.train.cache is "maybe": Invalid input: expected boolean, received string | correct line 3 of run.yaml'],
    ["tags: [a, 1]\n", "MLS7004 run.yaml:1:1: tags.1 is 1: Invalid input: expected string, received number | correct line 1 of run.yaml"],
    ["- a\n", "MLS7004 run.yaml:1:1: this is no run configuration, but a list | write keys, such as params: { n: 5 }"],
    ["just text\n", "MLS7004 run.yaml:1:1: this is no run configuration, but a string | write keys, such as params: { n: 5 }"],
    ["a: 1\na: 2\n", expect.stringMatching(/^MLS7004 run\.yaml:2:1: this is not YAML: Map keys must be unique/)],
    ["params: { n: 1\n", expect.stringMatching(/^MLS7004 run\.yaml:\d+:\d+: this is not YAML: /)],
    ["params: *nowhere\n", expect.stringMatching(/^MLS7004 run\.yaml:\d+:\d+: this is not YAML: /)],
  ])("%j", async (text, said) => { expect(await refused(text)).toEqual(said); });

  test("no file, and a folder", async () => {
    await expect(readRunConfig("nowhere.yaml", dir)).rejects.toMatchObject({ code: "MLS7002", message: 'there is no file "nowhere.yaml"' });
    await expect(readRunConfig(".", dir)).rejects.toMatchObject({ code: "MLS7002" });
  });

  test("of any text: it is read, or refused with a code and a place", async () => {
    const piece = fc.oneof(fc.constantFrom("params", "steps", "train", "retry", "tags", "name", "cache", ": ", "\n", "\n  ", "\n    ", "- ", "[", "]", "{", "}", ", ", "&a ", "*a", "!!binary ", "!x ", "|", ">", "'", '"', "#", "---\n", "...\n", "<<: ", "__proto__", "constructor", "~", "1", "true", "? ", "%YAML 1.1\n", "\t"), fc.string({ maxLength: 5 }));
    await fc.assert(fc.asyncProperty(fc.array(piece, { maxLength: 20 }), async (pieces) => {
      try { await read(pieces.join("")); } catch (e) {
        expect(MlstackError.is(e, "MLS7004")).toBe(true);
        expect((e as MlstackError).message).toMatch(/^run\.yaml:\d+:\d+: /);
      }
    }), { numRuns: 500 });
  });
});
