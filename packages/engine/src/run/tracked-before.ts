import type { TrackerEvent } from "@mlstack/core";
import type { Records } from "../records/records.ts";
import type { RunRow, TrackedRow, TrackerRow } from "../records/schema.ts";

/** What is known of the vendor's run of a run that is resumed. */
export interface TrackedBefore {
  /** Undefined where it was never opened, or in another tracker. */
  readonly externalId: string | undefined;
  /** All that was to be shown there so far. Whether it is, is not known: the driver may have died, or the tracker not served. */
  readonly events: readonly TrackerEvent[];
}

/** @param tracker flavor and configuration of the stack's tracker */
export async function trackedBefore(row: RunRow, records: Records, tracker: string): Promise<TrackedBefore> {
  const before = row.tracked_json === null ? undefined : (JSON.parse(row.tracked_json) as TrackedRow);
  const attempts = new Map<string, TrackerEvent[]>();
  for (const tracked of await records.tracked(row.id)) {
    const of = tracked.id.slice(0, tracked.id.lastIndexOf("/"));
    const known = attempts.get(of);
    if (known === undefined) attempts.set(of, [eventOf(tracked)]); else known.push(eventOf(tracked));
  }
  // the calls of one attempt in their order, which the records do not have
  const nth = ({ id }: TrackerEvent): number => Number(id.slice(id.lastIndexOf("/") + 1));
  const events = [...attempts.values()].flatMap((of) => of.toSorted((a, b) => nth(a) - nth(b)));
  return { externalId: before?.tracker === tracker ? before.externalId : undefined, events };
}

function eventOf(row: TrackerRow): TrackerEvent {
  const { id, node, attempt, key, time } = row;
  const common = { id, node, attempt, key, time, ...(row.cached_from !== null && { cachedFrom: row.cached_from }) };
  switch (row.kind) {
    case "param": return { ...common, kind: "param", value: row.type === "boolean" ? row.value === "true" : row.value };
    case "metric": return { ...common, kind: "metric", value: Number(row.value), step: row.step };
    case "tag": return { ...common, kind: "tag", value: String(row.value) };
    case "file": return { ...common, kind: "file", value: String(row.value), size: row.size ?? 0 };
  }
}
