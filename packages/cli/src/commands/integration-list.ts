import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { didYouMean, MlstackError, thereAre } from "@mlstack/core/errors";
import type { Catalog, Integration, IntegrationState } from "@mlstack/hub/catalog";
import { ownCatalog } from "../hub/catalog.ts";
import { openProjectRegistry, type HubFlags } from "../hub/open-hub.ts";
import { overridesOfProject, overrideWarnings } from "../hub/overrides.ts";
import { COMPONENT_TYPES } from "../program/component-types.ts";
import type { JsonFields } from "../json/documents.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printable, printTable } from "../ui/terminal.ts";
import { projectOf } from "./folder.ts";
import { printNext, printWarnings } from "./stack-checks.ts";

interface FilterFlags { readonly type?: string; readonly state?: IntegrationState }
type Versions = Readonly<Record<string, string>>;

/** `mlstack integration list`. Asks no network, and looks at no plugin. */
export async function integrationList(flags: GlobalFlags & FilterFlags & { readonly installed?: boolean }): Promise<void> {
  const [{ catalog, offline }, { pinned, warnings }] = await Promise.all([ownCatalog(), pinnedVersions(flags)]);
  const all = offline.findIntegrations(catalog, "", filterOf(flags, catalog, offline));
  const others = Object.entries(pinned).filter(([name]) => !catalog.integrations.some((i) => i.package === name));
  const listed = flags.installed === true ? all.filter((i) => i.package !== null && pinned[i.package] !== undefined) : all;
  const rows = [...listed.map((i) => rowOf(i, pinned)), ...(flags.type === undefined && flags.state === undefined ? others.map(([name, version]) => thirdRow(name, version)) : [])];
  show("integration-list", rows, flags, flags.installed !== true ? "no integration fits" : warnings.length > 0 ? "what is installed is not known" : "no integration is installed: mlstack integration list shows what there is", [...warnings, ...overrideWarnings(overridesOfProject(projectOf(flags).dir))]);
}

/** `mlstack integration search`. The catalog that came with mlstack, and packages of others that the registry finds. */
export async function integrationSearch(words: readonly string[], flags: HubFlags & FilterFlags): Promise<void> {
  const text = words.join(" ");
  const [{ catalog, offline }, { pinned, warnings }] = await Promise.all([ownCatalog(), pinnedVersions(flags)]);
  const filter = filterOf(flags, catalog, offline);
  let found = offline.findIntegrations(catalog, text, filter);
  try {
    // without a network among those that were fetched, or that a bundle has brought
    const [hub, registry] = await Promise.all([import("@mlstack/hub"), openProjectRegistry(flags, projectOf(flags).dir)]);
    const everywhere = await hub.searchEverywhere(catalog, registry, text, filter);
    found = [...everywhere.integrations];
    warnings.push(...everywhere.ignored.map((i) => printable(`left out ${i.package}: ${i.why}`)));
  } catch (e) {
    // what came with mlstack is an answer, too
    if (!MlstackError.is(e) || flags.registry !== undefined) throw e;
    warnings.push(`only the catalog was searched: ${e.message}`);
  }
  show("integration-search", found.map((i) => rowOf(i, pinned)), flags, `nothing fits ${JSON.stringify(text)}: mlstack integration list shows what there is`, warnings);
}

/** `mlstack integration info`. Asks a registry only for a package that the catalog does not have. */
export async function integrationInfo(name: string, flags: HubFlags): Promise<void> {
  const [{ catalog, offline }, { pinned, warnings }] = await Promise.all([ownCatalog(), pinnedVersions(flags)]);
  const found = offline.expand(catalog, name);
  const shown = "unknown" in found ? [await thirdPartyInfo(name, flags)] : [...found.available, ...found.builtIn, ...found.planned];
  if (shown.some((i) => i === undefined)) throw offline.noSuchIntegration(catalog, { asked: name, unknown: true, didYouMean: "unknown" in found ? found.didYouMean : undefined });
  const all = shown.filter((i) => i !== undefined);
  if (flags.json === true) {
    writeJson("integration-info", all.map((i) => ({
      ...rowOf(i, pinned), description: i.description, homepage: i.homepage, core: i.core, node: i.node, evidence: i.evidence as JsonFields, versions: i.versions as JsonFields[],
      components: i.components.map((c) => ({ type: c.type, contract: c.contract, flavor: c.flavor, description: c.description, config: c.config, permissions: c.permissions as JsonFields, contractPackage: c.contractPackage ?? null })), contracts: i.contracts.map(({ type, accepts, stability }) => ({ type, accepts: [...accepts], stability })), planned: i.planned.map(({ type, flavor }) => ({ type, flavor })), formats: i.formats.map(({ format, description }) => ({ format, description })),
    })), warnings);
    return;
  }
  for (const [n, i] of all.entries()) {
    if (n > 0) stdout(flags).line();
    printInfo(i, pinned, offline.configKeys, flags);
  }
  printWarnings(warnings, flags);
  const ready = all.find((i) => i.state === "available" && pinned[i.package ?? ""] === undefined);
  if (ready !== undefined) printNext(`mlstack integration install ${ready.source === "third-party" ? ready.package : ready.name}`, flags);
}

function printInfo(i: Integration, pinned: Versions, configKeys: (schema: unknown) => string[], flags: GlobalFlags): void {
  const t = stdout(flags);
  const installed = pinned[i.package ?? ""];
  t.line(`${t.style(i.name, "bold")}  ${printable(i.title)}  ${t.style(`${i.state}${i.source === "third-party" ? ", of a third party" : ""}`, "dim")}`);
  t.line(`  ${printable(i.description)}`);
  const permissions = new Map<string, Set<string>>();
  for (const c of i.components) for (const [kind, list] of Object.entries(c.permissions)) if (Array.isArray(list)) permissions.set(kind, new Set([...permissions.get(kind) ?? [], ...list.map(String)]));
  printTable(t, undefined, [
    ["package", i.package ?? ""], ["version", i.version ?? ""], ["installed", installed ?? "no"], ["core", i.core ?? ""], ["Node", i.node ?? ""], ["homepage", i.homepage ?? ""],
    ...[...permissions].filter(([, list]) => list.size > 0).map(([kind, list]) => [`may reach ${kind}`, [...list].join(", ")]),
  ].filter(([, value]) => value !== "").map(([key, value]) => [`  ${key}`, printable(value ?? "")]));
  for (const c of i.components) t.line(`  ${c.type} ${t.style(c.flavor, "bold")}  ${printable(c.description)}  ${t.style(configKeys(c.config).join(", "), "dim")}`);
  for (const c of i.contracts) t.line(`  brings ${t.style(c.type, "bold")}  ${c.accepts.length === 1 ? "version" : "versions"} ${c.accepts.join(", ")}  ${t.style(c.stability, "dim")}`);
  for (const c of i.components) if (c.contractPackage !== undefined && c.contractPackage !== i.package) t.line(`  goes with ${t.style(printable(c.contractPackage), "bold")}  which brings ${printable(c.contract)}`);
  for (const f of i.formats) t.line(`  format ${t.style(f.format, "bold")}  ${printable(f.description)}`);
  for (const p of i.planned) t.line(t.style(`  ${p.type} ${p.flavor}  planned`, "dim"));
  if (i.resembles !== undefined) t.line(t.style(`  its name is like that of ${i.resembles}, and it is not that`, "yellow"));
}

async function thirdPartyInfo(name: string, flags: HubFlags): Promise<Integration | undefined> {
  if (!name.includes("/") && !name.includes("mlstack")) return undefined;
  const hub = await import("@mlstack/hub");
  const { catalog } = await ownCatalog();
  const { dir } = projectOf(flags);
  // what is a file of the project is in no registry, or is there as another one
  const { facts, description } = (await ownFacts(dir, name)) ?? await registryFacts(flags, dir, name);
  const found = hub.thirdParty(catalog, facts, { description, keywords: [] });
  if (typeof found === "string") throw new MlstackError("MLS8407", `${name} is no integration: ${found}`, { fix: "mlstack integration search WORD", details: { package: name } });
  return found;
}

interface Facts { readonly facts: Parameters<typeof import("@mlstack/hub").thirdParty>[1]; readonly description: string }

async function registryFacts(flags: HubFlags, dir: string, name: string): Promise<Facts> {
  const facts = await (await openProjectRegistry(flags, dir)).document(name);
  return { facts, description: facts.versions.find((v) => v.version === facts.distTags["latest"])?.description ?? "" };
}

/** What a package says of itself that is a folder or a tarball of the project; undefined for any other. */
async function ownFacts(dir: string, name: string): Promise<Facts | undefined> {
  const [{ projectPlugins }, { readLock }] = await Promise.all([import("@mlstack/engine"), import("@mlstack/hub")]);
  const found = (await projectPlugins(dir, undefined).list()).find((p) => p.package.name === name)?.package;
  const locked = (await readLock(dir))?.plugins[name]?.source;
  if (found === undefined || (found.source !== "linked" && (locked === undefined || locked === "registry"))) return undefined;
  const { description = "", engines = {} } = JSON.parse(readFileSync(join(found.dir, "package.json"), "utf8")) as { readonly description?: string; readonly engines?: Readonly<Record<string, string>> };
  const { version, manifest } = found;
  return { description, facts: { name, distTags: { latest: version }, versions: [{ version, manifest, engines, provenance: false, publishedAt: undefined, deprecated: undefined, unpackedSize: undefined }] } };
}

function show(command: "integration-list" | "integration-search", rows: readonly Row[], flags: GlobalFlags, none: string, warnings: readonly string[] = []): void {
  if (flags.json === true) { writeJson(command, [...rows], warnings); return; }
  if (rows.length === 0) stderr(flags).line(none);
  else {
    const t = stdout(flags);
    printTable(t, ["NAME", "STATE", "VERSION", "INSTALLED", "TYPES", "TITLE"], rows.map((r) => [
      r.source === "third-party" ? (r.package ?? r.name) : r.name, r.state === "available" ? t.style(r.state, "green") : t.style(r.state, "dim"), r.version ?? "-", r.installed ?? "-", r.types.join(", ") || "-", printable(r.title),
    ]));
  }
  printWarnings(warnings, flags);
}

type Row = ReturnType<typeof rowOf>;
function rowOf(i: Integration, pinned: Versions) {
  return { name: i.name, title: i.title, state: i.state, source: i.source, package: i.package, version: i.version, installed: pinned[i.package ?? ""] ?? null, types: [...i.types] };
}
const thirdRow = (name: string, version: string): Row => ({ name, title: name, state: "available", source: "third-party", package: name, version: null, installed: version, types: [] });

/** Types that plugins bring have a dot: which there are nobody knows. @throws MLS7001 for another one that is none */
function filterOf({ type, state }: FilterFlags, catalog: Catalog, { kindsOf }: Pick<typeof import("@mlstack/hub/catalog"), "kindsOf">) {
  const asked = type?.replaceAll("-", "_");
  const kinds = [...new Set([...Object.keys(COMPONENT_TYPES), "format", ...catalog.integrations.flatMap(kindsOf)])].toSorted();
  if (asked !== undefined && !asked.includes(".") && !kinds.includes(asked)) {
    const near = didYouMean(asked, kinds);
    throw new MlstackError("MLS7001", `--type ${type} is no type of components`, { why: near === undefined ? `${thereAre(kinds)}, and types of plugins, which have a dot` : `did you mean "${near}"?`, fix: `--type ${near ?? kinds[0]}` });
  }
  return { type: asked, state };
}

/** Versions by package, as mlstack.lock has them; of one that can't be read it is said that they are not known. */
async function pinnedVersions(flags: GlobalFlags): Promise<{ readonly pinned: Versions; readonly warnings: string[] }> {
  const { dir } = projectOf(flags);
  if (!existsSync(join(dir, "mlstack.lock"))) return { pinned: {}, warnings: [] };
  const { readLock } = await import("@mlstack/hub");
  try { return { pinned: Object.fromEntries(Object.entries((await readLock(dir))?.plugins ?? {}).map(([name, { version }]) => [name, version])), warnings: [] }; } catch (e) {
    if (!MlstackError.is(e)) throw e;
    return { pinned: {}, warnings: [`what is installed is not known: ${e.message}`] };
  }
}
