import { camelCase } from "@mlstack/core";
import type { projectPlugins } from "@mlstack/engine";

interface Schema { readonly secret?: boolean; readonly properties?: Readonly<Record<string, Schema>>; readonly anyOf?: readonly Schema[]; readonly items?: Schema }

/**
 * A component's settings as they may be shown: a secret that somebody has written as text, which a run would refuse, is not repeated.
 *
 * @param configuration keys as they are written, in snake_case
 */
export async function maskedConfiguration(loader: ReturnType<typeof projectPlugins>, type: string, flavor: string, configuration: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
  const entry = (await loader.flavors(type)).find((f) => f.flavor === flavor || f.entry.aliases.includes(flavor))?.entry;
  return (entry === undefined ? configuration : masked(configuration, [entry.config])) as Record<string, unknown>;
}

function masked(value: unknown, schemas: readonly Schema[]): unknown {
  const all = schemas.flatMap((s) => [s, ...(s.anyOf ?? [])]);
  if (typeof value === "string") return all.some((s) => s.secret === true) && !value.startsWith("${") ? "[secret]" : value;
  if (Array.isArray(value)) return value.map((item) => masked(item, all.flatMap((s) => s.items ?? [])));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, masked(part, all.flatMap((s) => (s.properties !== undefined && Object.hasOwn(s.properties, camelCase(key)) ? s.properties[camelCase(key)]! : [])))]));
}
