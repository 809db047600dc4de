import { referencedVariables, type JsonObject } from "@mlstack/core";

/**
 * Values of the variables that the components of a stack refer to (`${env:NAME}`), for a process that is going to create them. This is how
 * a secret gets there: by the environment, and by nothing that is written down.
 */
export function componentEnv(stack: JsonObject, env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(referencedVariables(stack["components"] ?? null).flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
