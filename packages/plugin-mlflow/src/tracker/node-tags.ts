import type { TrackerEvent } from "@mlstack/core";
import { legalKey } from "./names.ts";
import type { RunState } from "./run-state.ts";
import { TAG } from "./tags.ts";

/**
 * What is said of each step. The items of a map are one step here: a thousand of them are not a thousand tags. All values only grow,
 * so that the order in which events come does not matter.
 */
export function nodeTags(events: readonly TrackerEvent[], state: RunState): Map<string, string> {
  const tags = new Map<string, string>();
  const now = (key: string): string | undefined => tags.get(key) ?? state.tags.get(key);
  const lists = new Map<string, Set<string>>();
  /** Adds to a list in a tag. One that was cut can't be added to. */
  const add = (key: string, item: string): void => {
    const text = state.tags.get(key) ?? "";
    if (text.includes("… [cut:")) return;
    const items = lists.get(key) ?? new Set(text.split(", ").filter((i) => i !== ""));
    lists.set(key, items.add(item));
  };
  for (const { node, attempt, cachedFrom, kind, key } of events) {
    const step = node.split("@", 1)[0]!;
    const how = legalKey(TAG.step + step);
    // of the items of a map some may be cached
    if (cachedFrom === undefined) tags.set(how, "executed"); else if (now(how) !== "executed") tags.set(how, "cached");
    if (cachedFrom !== undefined) add(legalKey(TAG.cachedFrom + step), cachedFrom);
    const attemptTag = legalKey(TAG.attempt + step);
    if (attempt > 1 && attempt > Number(now(attemptTag) ?? 1)) tags.set(attemptTag, String(attempt));
    if (kind === "metric") add(legalKey(TAG.metrics + step), legalKey(key));
  }
  for (const [tag, items] of lists) tags.set(tag, [...items].sort().join(", "));
  return tags;
}
