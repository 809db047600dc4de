import { z } from "zod";
import { MlstackError } from "../errors/mlstack-error.ts";
import type { JsonObject, JsonValue } from "../values/json.ts";
import { badConfig } from "./bad-config.ts";
import { checkWritten, isReference, referencedSecrets, referencedVariables, type Owner } from "./references.ts";

/**
 * Checks a configuration by the schema that a manifest has, without the plugin's code: of a version that is not installed, too. What references lead to
 * is not looked at, and need not be there.
 *
 * A plugin may refuse more than its schema can say.
 *
 * @param config as written by the user, keys in camelCase
 * @param schema JSON Schema (2020-12)
 * @returns MLS2008 where it does not fit, as it would be when the component is created; `unknown` where the schema has parts that are not known here
 */
export function checkConfig(owner: Owner, config: JsonObject | undefined, schema: JsonObject): MlstackError | "fits" | "unknown" {
  const given: JsonObject = config ?? {};
  let type: z.ZodType;
  try { type = z.fromJSONSchema(schema); } catch { return "unknown"; }
  try { checkWritten(given, schema, owner); } catch (e) {
    if (MlstackError.is(e, "MLS2008")) return e;
    throw e;
  }
  const { error } = type.safeParse(given);
  // what a reference stands for may be of any form
  const issues = (error?.issues ?? []).filter(({ code, path }) => {
    const at = path.reduce<JsonValue | undefined>((value, key) => (typeof value === "object" && value !== null ? (value as Record<string, JsonValue>)[String(key)] : undefined), given);
    return !isReference(at) && !(code === "invalid_union" && referencedVariables(at).length + referencedSecrets(at).length > 0);
  });
  return issues.length === 0 ? "fits" : badConfig(owner, given, schema, new z.ZodError(issues));
}
