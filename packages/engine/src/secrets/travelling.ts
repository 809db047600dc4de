import { referencedSecrets, referencedVariables, type JsonValue, type SecretSource } from "@mlstack/core";

/** The variable by which values of `${secret:…}` get to a process that is going to create the components that refer to them: JSON, by name. */
export const TRAVELLING = "MLSTACK_STEP_SECRETS";

/**
 * What a process needs in its environment to create components: the variables that they refer to, and the values of their secrets. This is
 * how a secret gets there: by the environment, and by nothing that is written down.
 *
 * @param components of a stack, or anything that holds some
 */
export async function componentEnv(components: JsonValue | undefined, env: Readonly<Record<string, string | undefined>>, secrets: Pick<SecretSource, "get">): Promise<Record<string, string>> {
  const variables = referencedVariables(components).flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]));
  const values: Record<string, string> = {};
  for (const name of referencedSecrets(components)) {
    const value = await secrets.get(name);
    if (value !== undefined) values[name] = value;
  }
  return { ...Object.fromEntries(variables), ...(Object.keys(values).length > 0 && { [TRAVELLING]: JSON.stringify(values) }) };
}

/**
 * The values that came with an environment. They are taken out of it: what a step starts, and code that prints the environment, has no use
 * for them.
 */
export function takeSecrets(env: Record<string, string | undefined>): Readonly<Record<string, string>> {
  const text = env[TRAVELLING];
  delete env[TRAVELLING];
  if (text === undefined) return {};
  try { return Object.fromEntries(Object.entries(JSON.parse(text) as object).filter((entry): entry is [string, string] => typeof entry[1] === "string")); } catch { return {}; }
}
