import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { documentOf } from "./testing/documents.ts";
import { LINE } from "./testing/line-project.ts";
import { jsonOf, testProject, type TestProject } from "./testing/project.ts";

let p: TestProject;
beforeEach(() => { p = testProject(LINE); });
afterEach(() => p.close());
const run = (...args: string[]) => p.mlstack(["run", "p.ts", ...args]);

it("cache list, evict and accept say what there is and what they change", async () => {
  await run("-q");
  const listed = documentOf("cache-list", await p.mlstack(["cache", "list", "--json"])) as { data: { key: string; step: string }[] };
  expect(listed.data.map((r) => r.step).toSorted()).toEqual(["load", "train"]);
  const key = listed.data.find((r) => r.step === "load")!.key;
  expect((await p.mlstack(["cache", "list", "--step", "load", "--plain"])).stdout).toMatch(new RegExp(`^${key}\tload\t`));
  const dry = await p.mlstack(["cache", "evict", "--step", "load", "-n"]);
  expect([dry.code, dry.stdout, dry.stderr]).toEqual([0, `would forget ${key.slice(0, 12)}  load  in local_artifact_store (local)\n`, "1 result: nothing was changed\n"]);
  expect(documentOf("cache-evict", await p.mlstack(["cache", "evict", key, "--dry-run", "--json"])).data).toMatchObject([{ key, done: false }]);
  const evicted = await p.mlstack(["cache", "evict", key.slice(0, 10)]);
  expect([evicted.stdout, evicted.stderr]).toEqual([`forgot ${key.slice(0, 12)}  load  in local_artifact_store (local)\n`, "1 result: the next execution is the first; their bytes stay until mlstack gc\n"]);
  expect(jsonOf(await p.mlstack(["cache", "evict", key, "--json"])).error).toMatchObject({ code: "MLS5007" });
  expect(jsonOf(await p.mlstack(["cache", "evict", "--step", "train", "--json"])).error).toMatchObject({ code: "MLS7001", fix: "add --yes" });
  expect(documentOf("cache-evict", await p.mlstack(["cache", "evict", "--step", "train", "--yes", "--json"])).data).toMatchObject([{ step: "train", done: true }]);
  expect((await p.mlstack(["cache", "list"])).stderr).toBe("no results\n");
  expect(jsonOf(await p.mlstack(["cache", "accept", "--step", "train", "--json"])).error).toMatchObject({ code: "MLS5007", message: 'there is no marked result of the step "train"' });
  expect((await p.mlstack(["cache", "evict"])).stderr).toMatch(/MLS7001 .*needs a KEY, --step or --pipeline/);
  expect((await p.mlstack(["cache", "clear"])).stderr).toMatch(/MLS7001 .*there is no command mlstack cache clear/);
}, 120_000);

it("a project in which nothing has run stays as it is", async () => {
  expect((await p.mlstack(["cache", "list"])).stderr).toBe("no results\n");
  expect(existsSync(join(p.dir, ".mlstack"))).toBe(false);
});
