import { decodeEvent, encodeEvent } from "./encode.ts";
import type { TrackerEvent } from "@mlstack/core";
import { decodeEvents, encodeEvents } from "../run/tracker-recorder.ts";
import type { Journal, JournalEvent, LogLine } from "./events.ts";

/** What a step process says to the process that holds its channel. */
export type ChannelMessage =
  | { readonly kind: "event"; readonly event: JournalEvent }
  | { readonly kind: "log"; readonly run: string; readonly node: string; readonly attempt: number; readonly line: LogLine }
  | { readonly kind: "tracked"; readonly events: readonly TrackerEvent[] };

/**
 * The carrier for a process that was started by the one that keeps the records: each event and line is sent at once, as a line of text.
 *
 * @param send resolves when the line has been handed over
 */
export function channelJournal(send: (line: string) => Promise<void>): Journal {
  let sent: Promise<unknown> = Promise.resolve();
  const post = (line: string) => { sent = Promise.all([sent, send(line)]).then(() => undefined); };
  return {
    append: (event) => post(`e${encodeEvent(event)}`),
    log: (run, node, attempt, line) => post(`l${JSON.stringify({ run, node, attempt, line })}`),
    tracked: (events) => post(`t${encodeEvents(events)}`),
    flush: async () => { await sent; },
  };
}

/** @throws SyntaxError for a line that no channel journal wrote */
export function decodeMessage(line: string): ChannelMessage {
  const body = line.slice(1);
  if (line.startsWith("e")) return { kind: "event", event: decodeEvent(body) };
  if (line.startsWith("l")) return { kind: "log", ...(JSON.parse(body) as Omit<Extract<ChannelMessage, { kind: "log" }>, "kind">) };
  if (line.startsWith("t")) return { kind: "tracked", events: decodeEvents(body) };
  throw new SyntaxError("not a line of a channel journal");
}
