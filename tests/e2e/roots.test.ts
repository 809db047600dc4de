import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { CHAIN } from "./testing/chain-project.ts";
import { jsonOf, testProject, type TestProject } from "./testing/project.ts";

interface Root { readonly lease: number | null; readonly plan: readonly string[]; readonly manifests: Readonly<Record<string, readonly string[]>> }

/** What the one run of a project keeps alive, by how often it had been resumed. */
function rootOf(p: TestProject): Root {
  const roots = join(p.dir, ".mlstack", "store", "roots");
  const dir = readdirSync(roots, { recursive: true, withFileTypes: true }).find((e) => e.name === "lease")!.parentPath;
  const read = (name: string) => JSON.parse(readFileSync(join(dir, name), "utf8")) as { leaseMs: number | null; manifests: string[]; blobs: string[] };
  const parts = readdirSync(dir).filter((name) => name !== "lease");
  return {
    lease: read("lease").leaseMs, plan: parts.flatMap((name) => read(name).blobs),
    manifests: Object.fromEntries([...new Set(parts.map((name) => name.split("-", 1)[0]!))].map((ordinal) => [ordinal, parts.filter((name) => name.startsWith(`${ordinal}-`)).flatMap((name) => read(name).manifests)])),
  };
}

it("a run that was killed keeps its content for a while, and all of it for good when it was resumed", async () => {
  const p = testProject(CHAIN);
  onTestFinished(() => p.close());
  expect((await p.node(["crash.mjs", "inline", "step.started", "three"])).signal).toBe("SIGKILL");
  const { run, plan } = jsonOf(await p.mlstack(["run", "show", "last", "--json"])).data as { run: string; plan: string };
  expect(rootOf(p)).toMatchObject({ lease: 7 * 24 * 3600 * 1000, plan: expect.arrayContaining([plan]) as string[] });
  expect(jsonOf(await p.mlstack(["run", "resume", run, "--json"])).data).toMatchObject({ status: "completed" });
  const { steps } = jsonOf(await p.mlstack(["run", "show", run, "--json"])).data as unknown as { steps: { outputs: { digest: string }[] }[] };
  const after = rootOf(p);
  expect(after.lease).toBeNull();
  // what had finished before is named by this part of the run, too: nobody knows whether the killed one came to it
  expect(after.manifests["1"]).toEqual(expect.arrayContaining(steps.flatMap((s) => s.outputs.map((o) => o.digest))));
}, 60_000);
