import { realpathSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { folderDigest, lockEntry, lockText, packageOf, type LockedPlugin } from "@mlstack/hub";
import { afterEach, beforeEach, expect, test } from "vitest";
import { jsonOf } from "./testing/project.ts";
import { trackerProject } from "./testing/tracker-project.ts";

const NAME = "acme-plugin";
const PIPELINE = `
import { json, pipeline, step } from "mlstack";
import { z } from "zod";
export const measure = step({ name: "measure", params: { of: z.number() }, output: json(z.number()), async run({ params, tracker }) { tracker.logMetric("m", params.of); return params.of; } });
export const tracked = pipeline({ name: "tracked", params: { of: z.number().default(1) }, build(p) { return measure({ of: p.of }); } });
`;

let p: Awaited<ReturnType<typeof trackerProject>>;
let entry: LockedPlugin;
beforeEach(async () => {
  p = await trackerProject(PIPELINE);
  const dir = realpathSync(join(p.dir, "node_modules", NAME));
  const json = packageOf(await readFile(join(dir, "package.json"), "utf8"), NAME);
  // it comes from no registry, so the integrity is anything: at load the files count
  entry = lockEntry({ package: json, source: "tarball", tarball: { files: await folderDigest(dir), integrity: `sha512-${"A".repeat(86)}==` }, trust: { provenance: false } });
});
afterEach(() => { p.close(); });

const lock = (plugins: Record<string, LockedPlugin>): void => { p.write("mlstack.lock", lockText({ plugins })); };
/** A value of its own for each run: one that is served from the cache would load nothing. */
let of = 1;
const run = async (env: Record<string, string> = {}) => {
  const outcome = await p.mlstack(["run", "pipeline.mjs#tracked", "--stack", "tracked", "-p", `of=${of++}`, "--json"], { env });
  return { exit: outcome.code, code: jsonOf(outcome).error?.code };
};

test("a plugin that was changed on disk is not loaded, and one that is as it was pinned is", async () => {
  lock({ [NAME]: entry });
  expect(await run()).toEqual({ exit: 0, code: undefined });
  const before = p.noted().length;
  expect(before).toBeGreaterThan(0);

  const path = join(p.dir, "node_modules", NAME, "index.js");
  const text = await readFile(path, "utf8");
  await writeFile(path, `import { writeFileSync } from "node:fs";\nwriteFileSync(${JSON.stringify(join(p.dir, "evil"))}, "");\n${text}`);
  expect(await run()).toEqual({ exit: 5, code: "MLS8204" });
  await expect(readFile(join(p.dir, "evil"))).rejects.toThrow(/ENOENT/);
  expect(p.noted()).toHaveLength(before);
  const shown = await p.mlstack(["run", "pipeline.mjs#tracked", "--stack", "tracked"]);
  expect(shown.stderr).toContain(`MLS8204  ${NAME}@1.0.0 was changed on disk`);
  expect(shown.stderr).toContain("install it again: mlstack integration install");
  expect(shown.stderr).not.toMatch(/\n\s+at /);

  await writeFile(path, text);
  expect(await run()).toEqual({ exit: 0, code: undefined });
});

test("line ends of the lock don't matter; what it lacks, what is damaged and what is newer is refused, each with its code", async () => {
  lock({ [NAME]: entry });
  p.write("mlstack.lock", lockText({ plugins: { [NAME]: entry } }).replaceAll("\n", "\r\n"));
  expect(await run()).toEqual({ exit: 0, code: undefined });
  lock({});
  expect(await run()).toEqual({ exit: 4, code: "MLS8207" });
  lock({ [NAME]: { ...entry, capabilities: { ...entry.capabilities, hosts: ["*"] } } });
  expect(await run()).toEqual({ exit: 5, code: "MLS8208" });
  p.write("mlstack.lock", "<<<<<<< HEAD\n");
  expect(await run()).toEqual({ exit: 2, code: "MLS8205" });
  p.write("mlstack.lock", lockText({ plugins: {} }).replace('"lockVersion": 1', '"lockVersion": 2'));
  expect(await run()).toEqual({ exit: 4, code: "MLS8206" });
  p.remove("mlstack.lock");
  expect(await run()).toEqual({ exit: 0, code: undefined });
});

test("steps in processes of their own are held to it, too", async () => {
  p.write("stacks/tracked.yaml", "components:\n  artifact_store: { type: local, name: store }\n  orchestrator: { type: local, name: here, configuration: { isolation: process } }\n  experiment_tracker: { type: acme, name: tracker }\n");
  lock({ [NAME]: entry });
  expect(await run()).toEqual({ exit: 0, code: undefined });
  lock({ [NAME]: { ...entry, files: `sha256:${"0".repeat(64)}` } });
  expect(await run()).toEqual({ exit: 5, code: "MLS8204" });
});
