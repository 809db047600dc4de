import type { Catalog } from "../../packages/hub/dist/index.js";
import { PLANNED_TYPES } from "./checks.ts";

type Table = Readonly<Record<string, Readonly<Record<string, string>>>>;

function table(entries: readonly (readonly [type: string, flavor: string, value: string])[]): Table {
  const types = [...new Set(entries.map(([type]) => type))].sort();
  return Object.fromEntries(types.map((type) => [type, Object.fromEntries(entries.filter(([of]) => of === type).map(([, flavor, value]) => [flavor, value] as const).sort(([a], [b]) => (a < b ? -1 : 1)))]));
}

const literal = (value: Table): string =>
  `{\n${Object.entries(value).map(([type, flavors]) => `  ${type}: { ${Object.entries(flavors).map(([flavor, of]) => `${/^\w+$/.test(flavor) ? flavor : JSON.stringify(flavor)}: ${JSON.stringify(of)}`).join(", ")} },\n`).join("")}}`;

/** packages/core/src/plugin/known-plugins.ts: what core must know of flavors that are not installed, to say what to install. */
export function knownPlugins({ integrations }: Catalog): string {
  const flavors = (of: readonly { type: string; flavor: string; aliases: readonly string[] }[], value: string): (readonly [string, string, string])[] =>
    of.flatMap(({ type, flavor, aliases }) => [flavor, ...aliases].map((one) => [type, one, value] as const));
  const known = table(integrations.flatMap((i) => (i.state === "available" ? flavors(i.components, i.package!) : [])));
  const planned = table(integrations.flatMap((i) => flavors(i.planned, i.name)));
  return `// Written by npm run catalog.

/** Flavors that packages of this project offer, for telling what to install. */
export const KNOWN_PLUGINS: Readonly<Record<string, Readonly<Record<string, string>>>> = ${literal(known)};

/** Component types that have a name already, and no contract yet: stack files may list them, and nothing uses them. */
export const PLANNED_TYPES: readonly string[] = ${JSON.stringify(PLANNED_TYPES).replaceAll(",", ", ")};

/** Flavors that have a name already and no package yet, by type, with the integration that is to bring them. */
export const PLANNED_FLAVORS: Readonly<Record<string, Readonly<Record<string, string>>>> = ${literal(planned)};
`;
}
