import type { JournalEvent } from "./events.ts";

// JSON has no NaN and no infinities, metrics have
const numbers = (_: string, v: unknown) => (typeof v === "number" && !Number.isFinite(v) ? { $number: String(v) } : v);
const revive = (_: string, v: unknown) => (typeof v === "object" && v !== null && "$number" in v && Object.keys(v).length === 1 ? Number((v as { $number: string }).$number) : v);

/** Journal events as one line of JSON that keeps NaN and infinities. */
export function encodeEvent(event: JournalEvent): string {
  return JSON.stringify(event, numbers);
}

export function decodeEvent(text: string): JournalEvent {
  return JSON.parse(text, revive) as JournalEvent;
}
