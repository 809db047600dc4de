import { decodeValue, type JsonValue } from "@mlstack/core";
import type { RunRow } from "./schema.ts";

/** The parameters that a run was given, before defaults and schemas: what its pipeline is built with again. */
export function givenParams({ given_json }: Pick<RunRow, "given_json">): Record<string, unknown> {
  return Object.fromEntries(Object.entries(JSON.parse(given_json) as Record<string, JsonValue>).map(([name, value]) => [name, decodeValue(value)]));
}
