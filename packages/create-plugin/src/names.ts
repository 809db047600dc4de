import { CreateError } from "./create-error.ts";
import { KNOWN_FLAVORS } from "./known-flavors.ts";

/** Flavors that are there without any plugin. */
const BUILT_IN: readonly string[] = ["env", "file", "local", "memory"];

const unusable = (message: string, fix: string, why?: string): CreateError => new CreateError("MLS8722", message, { why, fix });

/**
 * The word in a stack file's `type`; of a plugin with a format alone, the beginning of the format's id.
 *
 * @param type of the plugin, where it is known already: two packages with one flavor of a type can't be in one project
 * @throws CreateError MLS8722
 */
export function checkFlavor(name: string, type?: string): string {
  if (!/^[a-z][a-z0-9]*(?:[._-][a-z][a-z0-9]*)*$/.test(name) || name.length > 50) throw unusable(`${JSON.stringify(name)} can't be the name of a flavor`, "use lower-case words with digits, joined by . _ or -, such as acme or acme-cloud");
  if (BUILT_IN.includes(name)) throw unusable(`${name} is a flavor of mlstack's own`, "choose the word that a user of your service would look for");
  const offered = type === undefined ? undefined : KNOWN_FLAVORS[type]?.[name];
  if (offered !== undefined) throw unusable(`${name} is the flavor of ${offered}`, "choose another word, such as one with your name: acme-" + name, `a project with both packages could not tell which one a stack's type: ${name} means`);
  return name;
}

/**
 * A package's name, by npm's rules for new packages.
 *
 * @throws CreateError MLS8722
 */
export function checkPackage(name: string): string {
  const part = "[a-z0-9~-][a-z0-9._~-]*";
  if (!new RegExp(`^(?:@${part}/)?${part}$`).test(name) || name.length > 214) throw unusable(`${JSON.stringify(name)} can't be the name of a package`, "use lower-case letters, digits, - . and _, such as mlstack-plugin-acme or @acme/mlstack-plugin-store", "npm takes no other names for new packages");
  if (["node_modules", "favicon.ico"].includes(name)) throw unusable(`${name} can't be the name of a package`, "choose another one");
  if (name.startsWith("@mlstack/") || name === "mlstack") throw unusable(`${name} is a name of mlstack's own`, "use your own scope, or none: mlstack-plugin-NAME");
  return name;
}

/**
 * A component type's id, with a namespace.
 *
 * @throws CreateError MLS8722
 */
export function checkComponentType(id: string): string {
  if (!/^[a-z][a-z0-9_]*\.[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(id)) throw unusable(`${JSON.stringify(id)} can't be the id of a component type`, "write your namespace, a dot, and what it is: acme.vector_index", "types without a namespace are mlstack's own");
  return id;
}

const wordsOf = (name: string): readonly string[] => name.split(/[._-]+/).filter((word) => word !== "");
export const pascalCase = (name: string): string => wordsOf(name).map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
export const camelCase = (name: string): string => { const pascal = pascalCase(name); return pascal.charAt(0).toLowerCase() + pascal.slice(1); };
export const constantCase = (name: string): string => wordsOf(name).join("_").toUpperCase();
/** A name in which only letters, digits and _ are: a namespace. */
export const snakeCase = (name: string): string => wordsOf(name).join("_");
