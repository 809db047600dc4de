import { invalid, isMapping, knownKeys, shown, textsAt, type YamlFile } from "./yaml-file.ts";

/** What `integrations` of mlstack.yaml says: which packages the project may install, and how old they must be. As `resolveVersion` of @mlstack/hub takes it. */
export interface IntegrationPolicy {
  /** Scopes (`@acme`) and packages; undefined for all. */
  readonly allowed?: readonly string[] | undefined;
  /** In hours; no exception goes below it. */
  readonly minimumAge?: number | undefined;
  /** In hours; undefined for a day. */
  readonly cooldown?: number | undefined;
  /** Scopes and packages that the cooldown does not hold for. */
  readonly allowFresh?: readonly string[] | undefined;
}

const NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*(?:\/[a-z0-9~-][a-z0-9._~-]*)?|[a-z0-9~-][a-z0-9._~-]*)$/;

/**
 * @param value of the key `integrations`
 * @throws MLS7004
 */
export function policyOf(source: YamlFile, value: unknown, what: string): IntegrationPolicy {
  if (value === undefined) return {};
  if (!isMapping(value)) throw invalid(source, ["integrations"], `is not a ${what}: integrations is ${shown(value)}`, "write integrations: { allowed: [\"@SCOPE\"] }");
  knownKeys(source, ["integrations"], value, ["allowed", "minimum_age_hours", "cooldown_hours", "allow_fresh"], what, { minimum_age: "minimum_age_hours", cooldown: "cooldown_hours", fresh: "allow_fresh" });
  const names = (key: string): readonly string[] | undefined => {
    const list = textsAt(source, ["integrations", key], value[key], what);
    const wrong = list?.find((name) => !NAME.test(name));
    if (wrong !== undefined) throw invalid(source, ["integrations", key], `is not a ${what}: integrations.${key} has ${JSON.stringify(wrong)}`, "write scopes, such as \"@acme\", and names of packages");
    return list;
  };
  const hours = (key: string): number | undefined => {
    const found = value[key];
    if (found === undefined || (typeof found === "number" && Number.isFinite(found) && found >= 0)) return found;
    throw invalid(source, ["integrations", key], `is not a ${what}: integrations.${key} is ${shown(found)}`, "write a number of hours");
  };
  return { allowed: names("allowed"), minimumAge: hours("minimum_age_hours"), cooldown: hours("cooldown_hours"), allowFresh: names("allow_fresh") };
}
