import { camelKeys, didYouMean, MlstackError, PLANNED_TYPES, snakeCase, type JsonObject } from "@mlstack/core";
import { projectPlugins } from "@mlstack/engine";
import { componentNamed, deleteComponent, loadYaml, openProjectFiles, registerComponent, updateComponent, updated, type ComponentChange, type NewComponent, type Project } from "@mlstack/engine/project-files";
import { confirm } from "../ui/ask.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { projectOf } from "./folder.ts";
import { checkComponent, printNext, printWarnings } from "./stack-checks.ts";

export interface ComponentChangeFlags extends GlobalFlags {
  readonly config?: readonly string[];
  readonly alias?: readonly string[];
}

/** `mlstack component register NAME --type T --flavor F`. */
export async function componentRegister(name: string, flags: ComponentChangeFlags & { readonly type: string; readonly flavor: string }): Promise<void> {
  const project = projectOf(flags);
  const type = await knownType(project, flags.type);
  const set = await settings(project, type, flags.flavor, flags.config ?? []);
  const bare = { type, name, flavor: flags.flavor, aliases: [], configuration: undefined, at: undefined, source: undefined, stack: undefined };
  const component = updated(bare, { set, unset: [], addAliases: flags.alias ?? [], removeAliases: [] });
  const warnings = await check(project, component);
  report("component-register", await registerComponent(project, component), warnings, flags);
  if (flags.json !== true && type === "artifact_store") printNext(`mlstack stack register NAME --artifact-store ${name} --orchestrator local_orchestrator`, flags);
}

/** `mlstack component update NAME`. */
export async function componentUpdate(name: string, flags: ComponentChangeFlags & { readonly type?: string; readonly unset?: readonly string[]; readonly removeAlias?: readonly string[] }): Promise<void> {
  const project = projectOf(flags);
  const c = componentNamed(await openProjectFiles(project.dir), name, flags.type?.replaceAll("-", "_"));
  const update = { set: await settings(project, c.type, c.flavor, flags.config ?? []), unset: flags.unset ?? [], addAliases: flags.alias ?? [], removeAliases: flags.removeAlias ?? [] };
  if (update.set.size + update.unset.length + update.addAliases.length + update.removeAliases.length === 0) throw new MlstackError("MLS7001", `mlstack component update ${name} says nothing to change`, { fix: `mlstack component update ${name} --config KEY=VALUE` });
  const warnings = await check(project, updated(c, update));
  report("component-update", await updateComponent(project, c.type, name, update), warnings, flags);
}

/** `mlstack component delete NAME`. */
export async function componentDelete(name: string, flags: GlobalFlags & { readonly type?: string; readonly yes?: boolean; readonly dryRun?: boolean }): Promise<void> {
  const project = projectOf(flags);
  const files = await openProjectFiles(project.dir);
  const c = componentNamed(files, name, flags.type?.replaceAll("-", "_"));
  const { dryRun } = flags;
  // what is refused anyhow is not asked about
  if (dryRun !== true && c.at !== undefined && files.usersOf(c).length === 0) await confirm(`Delete the ${c.type} ${name}? It is removed from ${c.at.file}.`, flags);
  const { file } = await deleteComponent(project, c.type, name, { dryRun });
  if (flags.json === true) { writeJson("component-delete", { component: name, type: c.type, change: "deleted", file: file ?? null, done: dryRun !== true }); return; }
  stdout(flags).line(`${dryRun === true ? "would delete" : "deleted"} the ${c.type} ${stdout(flags).style(name, "bold")}${file === undefined ? "" : ` (${file})`}`);
  if (dryRun === true) stderr(flags).line("nothing was changed");
}

/** @throws MLS7001 for a type that nobody knows */
async function knownType(project: Project, given: string): Promise<string> {
  const type = given.replaceAll("-", "_");
  const loader = projectPlugins(project.dir, undefined);
  await loader.list();
  const known = [...loader.contracts.keys(), ...PLANNED_TYPES].toSorted();
  if (known.includes(type)) return type;
  const near = didYouMean(type, known);
  throw new MlstackError("MLS7001", `there is no type of components ${JSON.stringify(given)}`, { why: `there are ${known.join(", ")}`, fix: near === undefined ? "name one of these, or install the plugin that brings it" : `--type ${near}` });
}

/** Of a type without a contract nothing can be checked: nothing uses it yet. */
async function check(project: Project, { type, flavor, configuration, name }: NewComponent): Promise<string[]> {
  if (PLANNED_TYPES.includes(type)) return [`nothing uses a ${type} yet`];
  return checkComponent(project, type, flavor, configuration === undefined ? undefined : camelKeys(configuration as JsonObject), name);
}

/**
 * Reads `--config KEY=VALUE`: text where the flavor's schema takes text, else as YAML.
 *
 * @throws MLS7001 where there is no `=`, or a key is given twice
 */
async function settings(project: Project, type: string, flavor: string, pairs: readonly string[]): Promise<Map<string, unknown>> {
  const set = new Map<string, unknown>();
  if (pairs.length === 0) return set;
  const offered = await projectPlugins(project.dir, undefined).flavors(type);
  const schema = offered.find((f) => f.flavor === flavor || f.entry.aliases.includes(flavor))?.entry.config;
  const { parse } = await loadYaml();
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at < 1) throw new MlstackError("MLS7001", `--config ${JSON.stringify(pair)} has no value`, { fix: `write --config ${/^[\w.]+$/.test(pair) ? pair : "KEY"}=VALUE` });
    const key = pair.slice(0, at).split(".").map(snakeCase).join(".");
    if (key.split(".").some((part) => part === "")) throw new MlstackError("MLS7001", `--config ${JSON.stringify(pair)} has an empty key`, { fix: "write --config KEY=VALUE" });
    if (set.has(key)) throw new MlstackError("MLS7001", `the setting ${key} is given twice`, { fix: "give it once" });
    set.set(key, valueOf(pair.slice(at + 1), schema === undefined ? [] : typesAt(schema, Object.keys(camelKeys({ [key.replaceAll(".", "/")]: 1 }))[0]!.split("/")), parse));
  }
  return set;
}

function valueOf(text: string, types: readonly string[], parse: (text: string) => unknown): unknown {
  if (text.startsWith("${") || (types.length > 0 && types.every((t) => t === "string"))) return text;
  let value: unknown;
  try { value = parse(text); } catch { return text; }
  const isPlain = value !== null && value !== undefined && !(typeof value === "number" && !Number.isFinite(value)) && !(typeof value === "object" && JSON.stringify(value) === undefined);
  if (!isPlain) return text;
  // of a schema that takes both, the text as it is written
  return types.includes("string") && typeof value !== "object" ? text : value;
}

/** Types of JSON that a schema takes at a path; none where that is not known. */
function typesAt(schema: JsonObject, path: readonly string[]): string[] {
  let at: unknown = schema;
  for (const key of path) at = ((at as { properties?: Record<string, unknown> } | undefined)?.properties ?? {})[key];
  const of = (s: unknown): string[] => {
    const { type, anyOf } = (s ?? {}) as { type?: string | string[]; anyOf?: unknown[] };
    return type === undefined ? (anyOf ?? []).flatMap(of) : [type].flat();
  };
  return of(at);
}

const SAID = { created: "registered", updated: "updated", unchanged: "is so already", deleted: "deleted" } as const;

function report(command: "component-register" | "component-update", { type, name, what, file }: ComponentChange, warnings: readonly string[], flags: GlobalFlags): void {
  if (flags.json === true) { writeJson(command, { component: name, type, change: what, file: file ?? null }, warnings); return; }
  const t = stdout(flags);
  t.line(`${what === "unchanged" ? `the ${type} ${t.style(name, "bold")} ${SAID[what]}` : `${SAID[what]} the ${type} ${t.style(name, "bold")}`}${file === undefined ? "" : ` (${file})`}`);
  printWarnings(warnings, flags);
}
