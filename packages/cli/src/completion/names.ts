import { readdirSync, readFileSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import type { Integration } from "@mlstack/hub/catalog";
import { COMPONENT_TYPES } from "../program/component-types.ts";
import type { Candidate, Completion } from "./candidates.ts";

const MOST_RUNS = 50;

/** Names of a kind that are there now, looked up where they are kept; none for a kind that nobody knows. What can't be read has none. */
export async function namesOf({ kind, typed, verb, before, options }: Completion, cwd: string): Promise<readonly Candidate[]> {
  const from = resolve(cwd, options["cwd"] ?? ".");
  switch (kind) {
    case "STACK": return stacks(from);
    case "RUN": return runs(from);
    case "PIPELINE": return pipelines(from);
    case "RUN/STEP": return typed.includes("/") ? steps(from, typed.slice(0, typed.indexOf("/")), true) : (await runs(from)).map((r) => ({ ...r, word: `${r.word}/` }));
    case "ARTIFACT": return typed.includes("/") ? outputs(from, typed.slice(0, typed.indexOf("/"))) : (await runs(from)).map((r) => ({ ...r, word: `${r.word}/` }));
    case "STEP": return steps(from, before[0] ?? "last", false);
    case "SECRET": return secrets(from);
    case "CODE": return codes();
    case "DEPLOYMENT": return deployments(from);
    case "COMPONENT": return components(from, () => true);
    case "SPEC": case "ALLOWFRESH": return integrations(({ state }) => state === "available");
    case "INTEGRATION": return verb === "info" ? once([...await integrations(() => true), ...await pinned(from).catch(() => [])]) : pinned(from);
    case "TYPE": return types(from);
    case "STATUS": return (await import("../commands/run-list.ts")).RUN_STATUSES.map((word) => ({ word }));
    default: {
      // of --artifact-store and its like
      const type = Object.keys(COMPONENT_TYPES).find((t) => t.replaceAll("_", "").toUpperCase() === kind);
      return type === undefined ? [] : components(from, (c) => c.type === type);
    }
  }
}

async function withRecords<T>(from: string, look: (records: import("@mlstack/engine").Records) => Promise<readonly T[]>): Promise<readonly T[]> {
  const { openEngine } = await import("@mlstack/engine");
  const engine = await openEngine({ from, readOnly: true });
  try { return await look(engine.records); } finally { await engine.close(); }
}

const runs = async (from: string): Promise<readonly Candidate[]> => {
  const found = await withRecords(from, async (records) => (await records.runs({ limit: MOST_RUNS })).map((r): Candidate => ({ word: r.id, description: `${r.pipeline} ${r.status}` })));
  return found.length === 0 ? [] : [{ word: "last", description: "the latest one" }, ...found];
};

const pipelines = async (from: string): Promise<readonly Candidate[]> => [...new Set(await withRecords(from, async (records) => (await records.runs({ limit: MOST_RUNS })).map((r) => r.pipeline)))].map((word) => ({ word }));

async function steps(from: string, run: string, withRun: boolean): Promise<readonly Candidate[]> {
  return withRecords(from, async (records) => (await records.steps((await records.run(run)).id)).map((s): Candidate => ({ word: withRun ? `${run}/${s.node}` : s.node, description: s.status })));
}

async function outputs(from: string, run: string): Promise<readonly Candidate[]> {
  return withRecords(from, async (records) => (await records.artifacts({ run: (await records.run(run)).id })).map((a): Candidate => ({ word: `${run}/${a.node}.${a.output}`, description: a.format })));
}

async function stacks(from: string): Promise<readonly Candidate[]> {
  const { findProject } = await import("@mlstack/engine");
  let files: string[] = [];
  try { files = readdirSync(join(findProject(from).dir, "stacks")).filter((f) => /\.ya?ml$/.test(f)); } catch { /* there are none */ }
  return [...new Set(["local", ...files.map((f) => basename(f, extname(f)))])].toSorted().map((word) => ({ word }));
}

async function secrets(from: string): Promise<readonly Candidate[]> {
  const { projectSecrets } = await import("@mlstack/engine");
  const all = projectSecrets({ from });
  try { return (await Promise.all(all.list.map(async ({ open }) => (await (await open()).list?.()) ?? []))).flat().map(({ name }) => ({ word: name })); } finally { await all.dispose(); }
}

/** Those that have a flag of their own, and those that the project's integrations bring. */
async function types(from: string): Promise<readonly Candidate[]> {
  const { findProject, projectPlugins } = await import("@mlstack/engine");
  const own = Object.keys(COMPONENT_TYPES);
  let brought: readonly string[] = [];
  try {
    const plugins = projectPlugins(findProject(from).dir, undefined);
    await plugins.list();
    brought = [...plugins.contracts.keys()].filter((type) => !own.includes(type)).toSorted();
  } catch { /* outside of a project there are none */ }
  return [...own, ...brought].map((word) => ({ word }));
}

async function components(from: string, isMeant: (c: { readonly type: string }) => boolean): Promise<readonly Candidate[]> {
  const { findProject } = await import("@mlstack/engine");
  const { openProjectFiles } = await import("@mlstack/engine/project-files");
  const found = (await openProjectFiles(findProject(from).dir)).components.filter(isMeant);
  return [...new Map(found.map((c) => [c.name, c.type]))].map(([word, description]) => ({ word, description }));
}

/** Names of the catalog that came with mlstack, and aliases that stand for one that is meant. */
async function integrations(isMeant: (i: Integration) => boolean): Promise<readonly Candidate[]> {
  const { catalog } = await (await import("../hub/catalog.ts")).ownCatalog();
  const meant = catalog.integrations.filter(isMeant);
  const aliases = catalog.aliases.filter((a) => a.integrations.some((name) => meant.some((i) => i.name === name)));
  return [...meant, ...aliases].map(({ name, title }) => ({ word: name, description: title })).toSorted((a, b) => (a.word < b.word ? -1 : 1));
}

const once = (all: readonly Candidate[]): readonly Candidate[] => [...new Map(all.toReversed().map((each) => [each.word, each])).values()].toReversed();

/** What mlstack.lock has, by its name in the catalog where it has one there. */
async function pinned(from: string): Promise<readonly Candidate[]> {
  const { findProject } = await import("@mlstack/engine/project-files");
  const { plugins } = JSON.parse(readFileSync(join(findProject(from).dir, "mlstack.lock"), "utf8")) as { readonly plugins: Readonly<Record<string, { readonly version: string }>> };
  const { catalog } = await (await import("../hub/catalog.ts")).ownCatalog();
  return Object.entries(plugins).map(([name, { version }]) => ({ word: catalog.integrations.find((i) => i.package === name)?.name ?? name, description: `${name} ${version}` }));
}

/** Those of this machine: nobody waits for a service while a word is typed. */
async function deployments(from: string): Promise<readonly Candidate[]> {
  const { findProject } = await import("@mlstack/engine");
  try { return readdirSync(join(findProject(from).stateDir, "deployments")).filter((name) => !name.startsWith(".")).map((word) => ({ word })); } catch { return []; }
}

async function codes(): Promise<readonly Candidate[]> {
  const { ERROR_CODES } = await import("@mlstack/core");
  return Object.entries(ERROR_CODES).map(([word, { title }]) => ({ word, description: title }));
}
