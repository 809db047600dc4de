import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { camelKeys, didYouMean, nameList, type JsonObject, type StepCallOptions } from "@mlstack/core";
import type { CallOverrides } from "@mlstack/pipeline";
import { z } from "zod";
import { readYaml, type Position, type YamlDocument } from "./yaml-document.ts";

/** What a run may be given by a file. What is said for the run by hand, by flag or argument, wins over it; it wins over the code. */
export interface RunConfig {
  /** As `RunOptions.name`. */
  readonly name?: string | undefined;
  /** Name of a stack, or path of its file from the project's root. */
  readonly stack?: string | undefined;
  /** Added to the pipeline's tags. */
  readonly tags?: readonly string[] | undefined;
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  readonly steps?: CallOverrides | undefined;
}

/** A configuration, and the places of its parts. */
export interface RunConfigFile extends RunConfig {
  readonly file: string;
  place(path: readonly PropertyKey[]): Position;
  invalid: YamlDocument["invalid"];
}

const positive = z.number().positive();
const texts = z.array(z.string().min(1));
const call = z.strictObject({
  cache: z.boolean().optional(),
  retry: z.strictObject({ attempts: z.int().min(1), delay_ms: z.number().min(0).optional(), backoff: positive.optional() }).optional(),
  timeout_ms: positive.optional(),
  resources: z.strictObject({ cpu: positive.optional(), memory: positive.optional(), gpu: z.strictObject({ count: z.int().min(0), type: z.string().optional() }).optional() }).optional(),
  settings: z.record(z.string(), z.record(z.string(), z.json())).optional(),
  tags: texts.optional(),
});
const schema = z.strictObject({ name: z.string().min(1).optional(), stack: z.string().min(1).optional(), tags: texts.optional(), params: z.record(z.string(), z.unknown()).optional(), steps: z.record(z.string(), call).optional() });

/** The keys that are known, by the form of the path that leads to them. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(schema.shape), "steps.*": Object.keys(call.shape), "steps.*.retry": ["attempts", "delay_ms", "backoff"], "steps.*.resources": ["cpu", "memory", "gpu"], "steps.*.resources.gpu": ["count", "type"],
};
/** What people write in the place of a key. */
const MEANT: Readonly<Record<string, string>> = { parameters: "params", run_name: "name", enable_cache: "cache", retries: "retry", timeout: "timeout_ms", timeoutMs: "timeout_ms", delay: "delay_ms", delayMs: "delay_ms", max_retries: "attempts", cpu_count: "cpu", gpu_count: "gpu" };

/**
 * Reads a run's configuration. Keys are snake_case in the file; names of parameters, steps and flavors stay as they are.
 *
 * @param cwd what the path is relative to
 * @throws MLS7002 when there is no such file; MLS7004 for what is not YAML and for a key or value that is not known, with line and column
 */
export async function readRunConfig(path: string, projectDir: string, cwd: string = projectDir): Promise<RunConfigFile> {
  const near = resolve(cwd, path);
  const document = await readYaml(existsSync(near) ? near : resolve(projectDir, path), projectDir);
  const { file, place, invalid } = document;
  // an empty file says nothing
  const parsed = schema.safeParse(document.value ?? {});
  // a key that is not known is why another one is missing
  if (!parsed.success) throw problem(document, parsed.error.issues.find((i) => i.code === "unrecognized_keys") ?? parsed.error.issues[0]!);
  const { name, stack, tags, params, steps } = parsed.data;
  return {
    file, place, invalid, ...(name !== undefined && { name }), ...(stack !== undefined && { stack }), ...(tags !== undefined && { tags }), ...(params !== undefined && { params }),
    ...(steps !== undefined && { steps: Object.fromEntries(Object.entries(steps).map(([step, options]) => [step, callOptions(options)])) }),
  };
}

/** Options as the code has them. A flavor's name stays as it is, the keys of its settings do not. */
function callOptions({ settings, ...rest }: z.output<typeof call>): StepCallOptions {
  const options: StepCallOptions = camelKeys(rest);
  return settings === undefined ? options : { ...options, settings: Object.fromEntries(Object.entries(settings).map(([flavor, of]) => [flavor, camelKeys(of as JsonObject)])) };
}

function problem({ value, invalid }: YamlDocument, issue: z.core.$ZodIssue): Error {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return invalid([], `this is no run configuration, but ${Array.isArray(value) ? "a list" : `a ${typeof value}`}`, { fix: "write keys, such as params: { n: 5 }" });
  const where = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const [key = ""] = issue.keys;
    const known = KEYS[issue.path.map((part, i) => (i === 1 ? "*" : String(part))).join(".")] ?? [];
    const meant = MEANT[key] !== undefined && known.includes(MEANT[key]) ? MEANT[key] : didYouMean(key, known);
    return invalid([...issue.path, key], `${where === "" ? "" : `${where} has `}${JSON.stringify(key)}${where === "" ? " is" : ", which is"} not known`, { why: `known are ${nameList(known)}`, fix: meant === undefined ? "leave it out" : `write ${meant}` });
  }
  const given = issue.path.reduce<unknown>((at, key) => (at as Readonly<Record<PropertyKey, unknown>> | null | undefined)?.[key], value);
  return invalid(issue.path, `${where} is ${given === undefined ? "missing" : shortened(JSON.stringify(given))}: ${issue.message}`);
}

const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}...` : text);
