import { contractRegistry } from "../../packages/core/dist/index.js";
import { catalogSchema, type Catalog } from "../../packages/hub/dist/index.js";
import type { Sources } from "./build-catalog.ts";

export const CONTRACT_TYPES: ReadonlySet<string> = new Set(contractRegistry().keys());

/** Component types that have a name and no contract yet. A type that is neither here nor in core is a mistake of spelling. */
export const PLANNED_TYPES: readonly string[] = ["step_operator", "model_registry", "container_registry", "image_builder", "feature_store", "data_validator", "alerter"];

/** The catalog as it is, or one error that names everything in it that can't be true. */
export function checked(catalog: Catalog, { definitions, packages, read }: Sources): Catalog {
  const problems: string[] = [];
  const names = catalog.integrations.map((i) => i.name);
  const packagesOfOurs = new Set(catalog.integrations.map((i) => i.package));
  for (const { name } of packages) if (!packagesOfOurs.has(name)) problems.push(`${name} offers something and is no integration: add it to scripts/catalog/integrations.ts`);
  for (const name of catalog.aliases.map((a) => a.name)) if (names.includes(name)) problems.push(`${name} is an integration and an alias`);
  for (const alias of catalog.aliases) for (const of of alias.integrations) if (!names.includes(of)) problems.push(`the alias ${alias.name} leads to ${of}, which is no integration`);
  for (const [name, { builtIn, planned, paper, live }] of Object.entries(definitions)) {
    if (builtIn !== undefined && !packages.some((p) => p.name === builtIn)) problems.push(`${name} is said to come with ${builtIn}, which has no manifest`);
    if (catalog.integrations.find((i) => i.name === name)?.state === "planned" && planned === undefined) problems.push(`${name} has no package and is to bring nothing: is its package's name another?`);
    for (const { server, test, pin: [file, text] } of live ?? []) {
      if (read(test) === undefined) problems.push(`${name} is said to be tested against ${server} by ${test}, which is not there`);
      if (read(file)?.includes(text) !== true) problems.push(`${name} is said to be tested against ${server}, and ${file} does not pin ${text}`);
    }
    for (const [type, test] of Object.entries(paper ?? {})) {
      if (read(test) === undefined) problems.push(`${name} is said to be played on paper by ${test}, which is not there`);
      if (planned?.[type] === undefined) problems.push(`${name} is said to be played on paper as ${type}, which it is not to bring`);
    }
  }
  const owners = new Map<string, string>();
  for (const integration of catalog.integrations) {
    for (const { type, flavor, aliases } of [...integration.components, ...integration.planned]) {
      if (!CONTRACT_TYPES.has(type) && !PLANNED_TYPES.includes(type)) problems.push(`${integration.name} names the component type ${type}, which is not known`);
      for (const one of [flavor, ...aliases]) {
        const owner = owners.get(`${type}/${one}`);
        if (owner !== undefined) problems.push(`the ${type} ${one} is offered by ${owner} and by ${integration.name}${owner === integration.name ? " again: is it still planned?" : ""}`);
        owners.set(`${type}/${one}`, integration.name);
      }
    }
  }
  for (const type of PLANNED_TYPES) if (CONTRACT_TYPES.has(type)) problems.push(`${type} has a contract now: take it out of PLANNED_TYPES`);
  if (problems.length > 0) throw new Error(`the catalog contradicts itself:\n${problems.map((p) => `  ${p}`).join("\n")}`);
  return catalogSchema.parse(catalog);
}
