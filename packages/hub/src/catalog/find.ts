import { snakeCase } from "@mlstack/core/key-case";
import { matchScore, type Searchable } from "./match.ts";
import type { Catalog, Integration, IntegrationState } from "./schema.ts";

export interface Filter {
  /** A component type, or `format` for what brings formats. */
  readonly type?: string | undefined;
  readonly state?: IntegrationState | undefined;
}

const STATES: readonly IntegrationState[] = ["available", "built-in", "planned"];

/** The words by which an integration is found. Planned parts count: who looks for one learns that it is planned. */
export function searchableOf(integration: Integration, catalog: Pick<Catalog, "aliases">): Searchable {
  const { name, title, description, keywords, components, planned, formats } = integration;
  const aliases = catalog.aliases.filter((a) => a.integrations.includes(name)).map((a) => a.name);
  const flavors = [...components, ...planned].flatMap((c) => [c.flavor, ...c.aliases]);
  return {
    name, title, description, keywords, types: kindsOf(integration),
    words: [...new Set([...flavors, ...aliases, ...(integration.package === null ? [] : [integration.package])])],
    deep: [...new Set([...components.flatMap((c) => [...configKeys(c.config), ...c.permissions.env, ...c.permissions.hosts]), ...formats.map((f) => f.format)])],
  };
}

/** The types of what it offers and is to bring; `format` where it brings formats. */
export function kindsOf(integration: Integration): string[] {
  return [...new Set([...offeredKinds(integration), ...integration.planned.map((p) => p.type)])];
}

/** The types of what can be used of it today; none while it is planned. */
export function offeredKinds({ state, types, formats }: Integration): string[] {
  return state === "planned" ? [] : [...types, ...(formats.length > 0 ? ["format"] : [])];
}

/** Whether a filter takes it. Who asks for what is there is not shown what is only planned of it. */
export function fitsFilter(integration: Integration, { type, state }: Filter): boolean {
  if (state !== undefined && integration.state !== state) return false;
  const kinds = state === undefined || state === "planned" ? kindsOf(integration) : offeredKinds(integration);
  return type === undefined || kinds.includes(type);
}

/** Keys as they are written in stack files, those of objects inside of objects included. */
export function configKeys(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { properties } = schema as { properties?: unknown };
  return typeof properties !== "object" || properties === null ? [] : Object.entries(properties).flatMap(([key, inner]) => [snakeCase(key), ...configKeys(inner)]);
}

/**
 * Integrations that fit a text and a filter, the best first; without text all of them, what can be used first. The order does not depend on the catalog's.
 * Nothing is asked of a network.
 */
export function findIntegrations(catalog: Catalog, text = "", filter: Filter = {}): Integration[] {
  return catalog.integrations
    .filter((i) => fitsFilter(i, filter))
    .map((integration) => ({ integration, score: matchScore(searchableOf(integration, catalog), text) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || byStateAndName(a.integration, b.integration))
    .map(({ integration }) => integration);
}

/** Available, then built in, then planned; of each ours first, then by name. */
export function byStateAndName(a: Integration, b: Integration): number {
  return STATES.indexOf(a.state) - STATES.indexOf(b.state) || Number(a.source === "third-party") - Number(b.source === "third-party") || compare(a.name, b.name) || compare(a.package ?? "", b.package ?? "");
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
