import { afterEach, beforeEach, expect, it } from "vitest";
import { documentOf } from "./testing/documents.ts";
import { LINE } from "./testing/line-project.ts";
import { jsonOf, testProject, type TestProject } from "./testing/project.ts";

let p: TestProject;
beforeEach(() => { p = testProject(LINE); });
afterEach(() => p.close());
const run = (...args: string[]) => p.mlstack(["run", "p.ts", ...args]);

it("lineage as a tree, a flowchart and a document", async () => {
  await run("-q");
  await run("-q");
  const tree = await p.mlstack(["lineage", "last/train"]);
  expect(tree.stdout).toMatch(/^train\.output {2}json\/1, \d+ B, [0-9a-f]{12}\nmade by\n {2}└─ train {2}run [0-9a-z]{16}, [^\n]+\n {5}└─ x: load\.output [^\n]+\n {8}└─ load {2}run [^\n]+\nused by\n/);
  expect((await p.mlstack(["lineage", "last/train", "--up", "--mermaid"])).stdout).toMatch(/^flowchart LR\n {2}n0\(\["train\.output<br\/>[0-9a-f]{12}"\]\)\n[^]*n\d -->\|"x"\| n\d\n/);
  const { data } = documentOf("lineage", await p.mlstack(["lineage", "last/train.output", "--json"])) as { data: { nodes: { kind: string; step?: string }[] } };
  expect(data.nodes.flatMap((n) => (n.kind === "step" ? [n.step!] : [])).toSorted()).toEqual(["load", "tell", "tell", "train"]);
  expect(jsonOf(await p.mlstack(["lineage", "last/trian", "--json"])).error).toMatchObject({ code: "MLS5004", fix: "write train" });
}, 60_000);
