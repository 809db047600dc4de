import { camelCase, constantCase, pascalCase } from "./names.ts";

/** What takes the place of the templates' own names. */
export interface Names {
  /** In place of `acme`. */
  readonly flavor: string;
  /** In place of `@acme/mlstack-plugin`. */
  readonly package: string;
  /** In place of `acme.vector_index`, and with its words in place of `VectorIndex`. Undefined for other templates, which have none of these. */
  readonly componentType?: string | undefined;
}

/**
 * Writes a template's text with other names. Templates are sources that compile as they are, with the names of a company Acme; there is no language in them.
 *
 * All names are replaced in one go: what has been put in is not looked at again.
 */
export function substitute(text: string, { flavor, package: name, componentType }: Names): string {
  const type = componentType?.slice(componentType.indexOf(".") + 1);
  const own: readonly (readonly [pattern: string, to: string])[] = type === undefined || componentType === undefined ? [] : [
    ["acme\\.vector_index", componentType], ["vector-index", type.replaceAll("_", "-")], ["VectorIndex", pascalCase(type)], ["vectorIndex", camelCase(type)],
  ];
  const all: readonly (readonly [pattern: string, to: string])[] = [
    ["@acme/mlstack-plugin", name], ...own,
    // within a name of code it has the case of code
    ["ACME(?=_)", constantCase(flavor)], ["Acme(?=[A-Z])", pascalCase(flavor)], ["acme(?=[A-Z])", camelCase(flavor)], ["acme", flavor],
  ];
  const pattern = new RegExp(all.map(([from]) => `(${from})`).join("|"), "g");
  return text.replace(pattern, (...found: readonly (string | number | undefined)[]) => all.find((_, n) => found[n + 1] !== undefined)![1]);
}
