import { didYouMean } from "@mlstack/core/errors";
import { invalid, isMapping, knownKeys, textAt, textsAt, type YamlFile } from "./yaml-file.ts";

/** A component as it is written in a file. */
export interface WrittenComponent {
  readonly name: string | undefined;
  readonly flavor: string;
  readonly aliases: readonly string[] | undefined;
  /** Keys as they are written, in snake_case; secrets are references. */
  readonly configuration: Readonly<Record<string, unknown>> | undefined;
}

/** What people write in the place of a component's keys. */
const MEANT: Readonly<Record<string, string>> = { config: "configuration", configurations: "configuration", settings: "configuration", options: "configuration", flavor: "type", flavour: "type", alias: "aliases", id: "name" };
const KEYS = ["type", "name", "aliases", "configuration"];

/**
 * @param path where the component stands in the file
 * @param named whether it has a key `name`; else it is named by where it stands
 * @throws MLS7004
 */
export function componentAt(file: YamlFile, path: readonly string[], value: unknown, what: string, named: boolean): WrittenComponent {
  const where = path.join(".");
  if (!isMapping(value)) throw invalid(file, path, `is not a ${what}: ${where} is no component`, "write it like { type: local }");
  const keys = named ? KEYS : KEYS.filter((key) => key !== "name");
  if (!Object.hasOwn(value, "type")) {
    const wrong = Object.keys(value).find((key) => MEANT[key] === "type" || (!keys.includes(key) && didYouMean(key, ["type"]) !== undefined));
    if (wrong === undefined) throw invalid(file, path, `is not a ${what}: ${where} has no type`, "write type: and the flavor");
    throw invalid(file, [...path, wrong], `is not a ${what}: ${where} has ${JSON.stringify(wrong)}, which is not known`, "write type");
  }
  knownKeys(file, path, value, keys, what, MEANT);
  const { configuration } = value;
  if (configuration !== undefined && configuration !== null) {
    if (!isMapping(configuration)) throw invalid(file, [...path, "configuration"], `is not a ${what}: ${where}.configuration is no mapping`, "write a line KEY: VALUE for each setting");
    const odd = notJson(configuration);
    if (odd !== undefined) throw invalid(file, [...path, "configuration", ...odd], `is not a ${what}: ${[...path, "configuration", ...odd].join(".")} is no plain value`, "write a text, a number, true or false, a list or a mapping");
  }
  return {
    name: textAt(file, [...path, "name"], value["name"], what), flavor: textAt(file, [...path, "type"], value["type"], what)!, aliases: textsAt(file, [...path, "aliases"], value["aliases"], what),
    configuration: configuration === null ? undefined : configuration,
  };
}

/** The path to a part that JSON can't carry, such as `.nan`; undefined where there is none. */
function notJson(value: unknown): string[] | undefined {
  if (value === null || typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))) return undefined;
  if (!Array.isArray(value) && !isMapping(value)) return [];
  for (const [key, part] of Object.entries(value)) {
    const below = notJson(part);
    if (below !== undefined) return [key, ...below];
  }
  return undefined;
}
