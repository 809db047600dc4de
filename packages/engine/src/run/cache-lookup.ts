import { MlstackError, type CacheMiss, type TrackerEvent } from "@mlstack/core";
import { holdsForAll } from "../store/side-by-side.ts";
import type { Layers } from "../store/layers.ts";
import type { ActionEntry, ActionSpace } from "../store/action-space.ts";
import { decodeEvents } from "./tracker-recorder.ts";

/** What the cache says of a key. */
export type Lookup =
  | { readonly hit: true; readonly entry: ActionEntry; /** What the execution logged, under this node's name. */ readonly events: readonly TrackerEvent[] }
  | { readonly hit: false; readonly reason: Exclude<CacheMiss, "not-read"> };

/** Who asks. */
interface Reader { readonly run: string; readonly node: string; readonly ordinal: number }

/**
 * A hit is an entry whose every blob is in a store that can be reached: in the active one, or else in another that the project has used.
 */
export async function lookUp(key: string, reader: Reader, actions: ActionSpace, layers: Layers): Promise<Lookup> {
  const own = await actions.get(key);
  const found = own.state === "found" ? { entry: own.entry, marked: actions.isMarked(key) } : await layers.findElsewhere(actions.domain, key);
  if (found === undefined) return { hit: false, reason: own.state === "unreadable" ? "unreadable" : "no-entry" };
  // side by side: in a store that is elsewhere each question takes its time
  const [marked, looked] = await Promise.allSettled([found.marked, complete(found.entry, reader, layers)]);
  if (marked.status === "rejected") throw marked.reason;
  if (marked.value) return { hit: false, reason: "non-deterministic" };
  if (looked.status === "fulfilled") return looked.value;
  // a manifest that was changed or has just gone is as good as none
  if (MlstackError.is(looked.reason, "MLS3001") || MlstackError.is(looked.reason, "MLS3002")) return { hit: false, reason: "bytes-missing" };
  throw looked.reason;
}

async function complete(entry: ActionEntry, { run, node, ordinal }: Reader, layers: Layers): Promise<Lookup> {
  if (!(await holdsForAll(Object.values(entry.outputs), (output) => layers.present(output)))) return { hit: false, reason: "bytes-missing" };
  if (entry.tracker === null) return { hit: true, entry, events: [] };
  if (!(await layers.has(entry.tracker))) return { hit: false, reason: "bytes-missing" };
  const events = decodeEvents(Buffer.from(await layers.content.read(entry.tracker)).toString("utf8"));
  if (!(await holdsForAll(events, async (e) => e.kind !== "file" || layers.has(e.value, e.size)))) return { hit: false, reason: "bytes-missing" };
  // what this very node has made, before its run was interrupted, may have been sent: under the ids that it had it is shown once
  if (entry.writer.run === run && entry.writer.node === node) return { hit: true, entry, events };
  return { hit: true, entry, events: events.map((e, i) => ({ ...e, id: `${node}/${ordinal}.0/${i}`, node, attempt: 0, cachedFrom: entry.writer.run })) };
}
