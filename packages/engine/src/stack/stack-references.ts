import { referencedVariables, type JsonObject, type PluginLoader, type SecretListener, type SecretSource } from "@mlstack/core";
import type { ComponentSpec, StackSpec } from "./stack.ts";

/** Where a component's references lead. What opens secrets is opened by none: it may refer to variables. */
export function secretsFor(type: string, secrets: SecretSource): SecretSource | SecretListener {
  return type === "secret_store" ? { redactor: secrets.redactor } : secrets;
}

/**
 * A stack as it is used, compared and kept: `${env:NAME}` in fields that are no secrets is replaced by what it leads to now, so that records,
 * keys and other processes have what was used, and not a name that leads elsewhere tomorrow.
 */
export async function settledStack(spec: StackSpec, loader: PluginLoader): Promise<StackSpec> {
  if (referencedVariables(spec.components as unknown as JsonObject).length === 0) return spec;
  const components = await Promise.all(Object.entries(spec.components).map(async ([type, c]): Promise<[string, ComponentSpec]> => {
    const config = await loader.settled(type, c.flavor, c.config);
    return [type, config === c.config ? c : { ...c, config }];
  }));
  return { ...spec, components: Object.fromEntries(components) };
}
