import type { z } from "zod";
import { MlstackError } from "../errors/mlstack-error.ts";
import { didYouMean } from "../errors/suggest.ts";
import { snakeCase } from "../values/key-case.ts";
import type { JsonObject, JsonValue } from "../values/json.ts";
import type { Owner } from "./references.ts";

const SHOWN_ISSUES = 5;

/** The error for a configuration that its schema refuses, with keys as they stand in a stack's file. */
export function badConfig(owner: Owner, config: JsonValue, schema: JsonObject, error: z.ZodError): MlstackError {
  const issues = error.issues.slice(0, SHOWN_ISSUES).map((issue) => described(issue, config, schema));
  return new MlstackError("MLS2008", `the configuration of the ${owner.type} "${owner.name}" (${owner.flavor}) is invalid: ${issues.map((i) => i.text).join("; ")}`, {
    fix: issues[0]?.fix ?? "correct it", details: { component: owner.name, flavor: owner.flavor, type: owner.type, issues: issues.map((i) => i.text) },
  });
}

function described(issue: z.core.$ZodIssue, config: JsonValue, schema: JsonObject): { readonly text: string; readonly fix: string } {
  const path = issue.path.map((part) => snakeCase(String(part)));
  const where = path.join(".");
  if (issue.code === "unrecognized_keys") {
    const [key = ""] = issue.keys;
    const name = [...path, snakeCase(key)].join(".");
    const near = didYouMean(key, propertiesAt(schema, issue.path.map(String)));
    return { text: `${issue.keys.map((k) => [...path, snakeCase(k)].join(".")).join(", ")} is not known`, fix: near === undefined ? `leave ${name} out` : `write ${[...path, snakeCase(near)].join(".")}` };
  }
  if (["invalid_type", "invalid_value", "invalid_union"].includes(issue.code) && valueAt(config, issue.path.map(String)) === undefined) return { text: `${where} is missing`, fix: `add ${where}` };
  return { text: where === "" ? issue.message : `${where}: ${issue.message}`, fix: where === "" ? "correct the configuration" : `correct ${where}` };
}

function valueAt(config: JsonValue, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (typeof at === "object" && at !== null ? (at as Readonly<Record<string, unknown>>)[key] : undefined), config);
}

function propertiesAt(schema: JsonObject, path: readonly string[]): string[] {
  const found = path.reduce<unknown>((at, key) => ((at as { properties?: Readonly<Record<string, unknown>> } | undefined)?.properties)?.[key], schema);
  return Object.keys((found as { properties?: object } | undefined)?.properties ?? {});
}
