import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pluginManifest } from "@mlstack/core";
import { readSpec } from "@mlstack/engine";
import { generations, parseCatalog, parseLock, pendingChange } from "@mlstack/hub";
import { readPlan } from "@mlstack/pipeline";
import type { SnapshotKind } from "../formats.ts";
import { command, dataOf, linkPackages } from "./command.ts";
import { json } from "./snapshots.ts";
import { restore } from "./sql.ts";

/** What is read of a snapshot that was laid out in a folder. Facts only: what a machine or a moment adds is left out. */
export const READERS: Readonly<Record<SnapshotKind, (dir: string) => Promise<unknown>>> = { documents, project, hub };

async function documents(dir: string): Promise<unknown> {
  const { integrations, aliases } = await parseCatalog(json(join(dir, "catalog.json")), "the catalog");
  return {
    manifests: (json(join(dir, "manifests.json")) as object[]).map((manifest) => pluginManifest.parse(manifest)),
    plan: readPlan(readFileSync(join(dir, "plan.json"), "utf8"), "plan.json"), step: readSpec(join(dir, "step.json")), driver: readSpec(join(dir, "driver.json")),
    catalog: { integrations: integrations.map(({ name, types, state }) => ({ name, types, state })), aliases: aliases.length },
  };
}

/** A project as it was left: its state folder is called `state` in the snapshot, and its records are text. */
async function project(dir: string): Promise<unknown> {
  mkdirSync(join(dir, "node_modules"), { recursive: true });
  linkPackages(dir);
  renameSync(join(dir, "state"), join(dir, ".mlstack"));
  restore(join(dir, ".mlstack", "records.db"), readFileSync(join(dir, ".mlstack", "records.sql"), "utf8"));
  rmSync(join(dir, ".mlstack", "records.sql"));
  const runs = await dataOf(dir, ["run", "list"]) as { readonly run: string; readonly pipeline: string }[];
  const idOf = (pipeline: string): string => runs.find((r) => r.pipeline === pipeline)!.run;
  // the newest first
  const good = runs.filter((r) => r.pipeline === "good").map((r) => r.run);
  // the run whose driver was elsewhere is folded from its journal now
  const folded = await command(dir, ["run", "attach", idOf("away")]);
  const printed = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await command(dir, args);
    if (code !== 0 || stdout === "") throw new Error(`mlstack ${args.join(" ")} ended with ${code}, and printed ${stdout}${stderr}`);
    return stdout;
  };
  const first = good.at(-1)!;
  const reads = {
    runs: ["run", "list"], good: ["run", "show", first], again: ["run", "show", good[0]!], bad: ["run", "show", idOf("bad")], away: ["run", "show", idOf("away")], logs: ["run", "logs", first],
    artifacts: ["artifact", "list"], cache: ["cache", "list"], lineage: ["lineage", `${first}/text.output`], stacks: ["stack", "list"], stack: ["stack", "describe", "away"], components: ["component", "list"],
    deployments: ["deployment", "list"], deployment: ["deployment", "show", "scale"], secrets: ["secret", "list"], why: ["why", `${good[0]!}/sum`],
  };
  const texts = { sum: ["artifact", "preview", `${first}/sum.output`], text: ["artifact", "preview", `${first}/text.output`], away: ["artifact", "preview", `${idOf("away")}/more.output`] };
  const all = async <T>(of: Readonly<Record<string, readonly string[]>>, read: (args: readonly string[]) => Promise<T>): Promise<Record<string, T>> => {
    const found: Record<string, T> = {};
    const names = Object.keys(of);
    // as many side by side as a small machine has cores
    await Promise.all([0, 1].map(async (at) => { for (const name of names.filter((_, i) => i % 2 === at)) found[name] = await read(of[name]!); }));
    return Object.fromEntries(names.map((name) => [name, found[name]!]));
  };
  // it reads the secret
  const verified = (await command(dir, ["stack", "verify", "secret"])).code;
  const { stacks, stack, components, ...read } = await all(reads, (args) => dataOf(dir, args));
  const ownFiles = (list: unknown): unknown => (list as { readonly file?: unknown; readonly at?: unknown }[]).filter((one) => (one.file ?? one.at ?? null) !== null);
  return JSON.parse(JSON.stringify({
    attached: folded.code, verified, ...read, stacks: ownFiles(stacks), components: ownFiles(components), stack: (stack as { readonly components: unknown }).components, texts: await all(texts, (args) => printed(...args)),
  }, (key, value: unknown) => (TODAYS.has(key) ? undefined : value))) as unknown;
}

/** What today's mlstack says of what it has read: words, places, and its own version. */
const TODAYS: ReadonlySet<string> = new Set(["title", "docs", "plugin"]);

async function hub(dir: string): Promise<unknown> {
  const lock = parseLock(readFileSync(join(dir, "project", "mlstack.lock"), "utf8"));
  const stateDir = join(dir, "project", "state");
  const kept = generations({ stateDir, rootDir: join(dir, "project") });
  const bundle = await dataOf(join(dir, "project"), ["integration", "bundle", "import", join(dir, "bundle.mlstack"), "--any-registry"], { MLSTACK_CACHE_DIR: join(dir, "cache"), HOME: join(dir, "home") });
  return { lock, generations: kept.list(), pending: existsSync(join(stateDir, "hub", "pending.json")) ? pendingChange(stateDir) : null, bundle };
}
