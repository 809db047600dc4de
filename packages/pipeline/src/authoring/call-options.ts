import { didYouMean, MlstackError, nameList, type StepCallOptions, type StepDefinition } from "@mlstack/core";
import { describe } from "./arguments.ts";
import { checkOptions, type Invalid } from "./check-definition.ts";
import { refTarget } from "./refs.ts";
import type { CallOptions } from "./types.ts";

export const STEP_CALL_OPTIONS = ["cache", "retry", "timeoutMs", "resources", "settings", "tags"] as const satisfies readonly (keyof StepCallOptions)[];
const PLACE_OPTIONS = ["id", "after"];
/** What people write in the place of an option. */
const MEANT: Readonly<Record<string, string>> = { name: "id", timeout: "timeoutMs", timeoutms: "timeoutMs", retries: "retry", attempts: "retry", resource: "resources", config: "settings" };
/** Options of a step that its key is made of: calls of one step have one code and one set of them. */
const OF_THE_STEP = ["env", "files", "cacheVersion"];

/** What was said where a step was called, over what it was given by `with`. */
export function callOptions(step: StepDefinition, preset: StepCallOptions, options: unknown): CallOptions {
  const invalid: Invalid = (message, fix) => new MlstackError("MLS1002", `the call of the step "${step.name}" is invalid: ${message}`, { fix, details: { step: step.name } });
  const own = checked(options, [...PLACE_OPTIONS, ...STEP_CALL_OPTIONS], invalid, `write ${step.name}({ … }, { id: "first" })`) as CallOptions;
  if (own.after !== undefined && !Array.isArray(own.after)) throw invalid(`after is ${describe(own.after)}`, "write after: [output]");
  const { id, after } = own;
  return { ...over(preset, own), ...(id !== undefined && { id }), ...(after !== undefined && { after }) };
}

/** What was given to `with`, over what an earlier one gave. */
export function presetOptions(step: StepDefinition, before: StepCallOptions, options: unknown): StepCallOptions {
  const invalid: Invalid = (message, fix) => new MlstackError("MLS1002", `${step.name}.with(…) is invalid: ${message}`, { fix, details: { step: step.name } });
  return over(before, checked(options, STEP_CALL_OPTIONS, invalid, `write ${step.name}.with({ retry: { attempts: 3 } })`));
}

/** Options of a call over others: what is set wins, tags are added, and settings flavor by flavor. */
export function over(before: StepCallOptions, own: StepCallOptions): StepCallOptions {
  const merged: Record<string, unknown> = {};
  for (const name of STEP_CALL_OPTIONS) {
    const value = own[name] ?? before[name];
    if (value !== undefined) merged[name] = value;
  }
  if (before.tags !== undefined && own.tags !== undefined) merged["tags"] = [...new Set([...before.tags, ...own.tags])];
  if (before.settings !== undefined && own.settings !== undefined) merged["settings"] = { ...before.settings, ...own.settings };
  return merged;
}

function checked(options: unknown, known: readonly string[], invalid: Invalid, form: string): StepCallOptions {
  if (typeof options !== "object" || options === null || Array.isArray(options) || refTarget(options) !== undefined) throw invalid(`its options are ${describe(options)}`, form);
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    if (OF_THE_STEP.includes(key)) throw invalid(`${key} can't be set for one call`, `write ${key} in step({ … }): what a key is made of belongs to the step`);
    const meant = MEANT[key] !== undefined && known.includes(MEANT[key]) ? MEANT[key] : didYouMean(key, known);
    throw invalid(`it has no option "${key}": its options are ${nameList(known)}`, `write ${meant ?? "one of these, or leave it out"}`);
  }
  checkOptions(options, invalid);
  return options;
}
