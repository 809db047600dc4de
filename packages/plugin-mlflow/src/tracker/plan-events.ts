import { shownName, type TrackerEvent } from "@mlstack/core";
import type { KeyValue, MetricPoint } from "../rest/wire.ts";
import { keySpace } from "./key-space.ts";
import { fitting, legalKey, MAX_PARAM_VALUE, MAX_TAG_VALUE } from "./names.ts";
import { nodeTags } from "./node-tags.ts";
import { pointId, type RunState } from "./run-state.ts";
import { compareStamps, formatStamp, parseStamp, stampOf, TAG, userTagKey } from "./tags.ts";

/** One thing to write. */
export type Entry = KeyValue | MetricPoint;

/** What is missing from the run on the server. */
export interface LogPlan {
  readonly params: readonly KeyValue[];
  readonly metrics: readonly MetricPoint[];
  readonly tags: readonly KeyValue[];
  /** Ids of the events that the entries show. What this plugin adds has none. */
  readonly events: ReadonlyMap<Entry, string>;
}

type EventOf<K extends TrackerEvent["kind"]> = Extract<TrackerEvent, { kind: K }>;

/**
 * What has to be written so that the run shows the events, each once. It follows from the events and the run alone, so any process comes
 * to the same plan, and none is left when all are there.
 *
 * @param asFiles whether the store keeps keys as paths of files, so that a key can't be the folder of another
 */
export function planEvents(events: readonly TrackerEvent[], state: RunState, asFiles: boolean): LogPlan {
  const params: KeyValue[] = [];
  const metrics: MetricPoint[] = [];
  const tags = new Map<string, KeyValue>();
  const sources = new Map<Entry, string>();
  const spaces = asFiles ? { params: keySpace(state.params.keys()), metrics: keySpace(state.metrics), tags: keySpace(state.tags.keys()) } : undefined;
  const setTag = (key: string, value: string, event?: TrackerEvent): void => {
    const fitted = fitting(value, MAX_TAG_VALUE);
    if (state.tags.get(key) === fitted) return;
    state.tags.set(key, fitted);
    const entry = { key, value: fitted };
    tags.set(key, entry);
    if (event !== undefined) sources.set(entry, event.id);
  };
  /** The key under which the server takes it; the original is said in a tag where it is another one. */
  const named = (key: string, kind: "params" | "metrics" | "tags"): string => {
    const legal = legalKey(key);
    const placed = spaces?.[kind].place(legal) ?? legal;
    if (placed !== key) setTag(legalKey(TAG.key + placed), key);
    return placed;
  };

  for (const event of events) {
    switch (event.kind) {
      case "param": {
        const value = fitting(String(event.value), MAX_PARAM_VALUE);
        const key = freeParamKey(event, value, state, (k) => named(k, "params"), (k) => spaces?.params.look(legalKey(k)) ?? legalKey(k));
        if (key === undefined) break;
        state.params.set(key, value);
        const entry = { key, value };
        params.push(entry);
        sources.set(entry, event.id);
        break;
      }
      case "metric": {
        const point = pointOf(event, named(shownName(event), "metrics"));
        const known = state.points.get(point.key) ?? new Set();
        state.points.set(point.key, known);
        state.metrics.add(point.key);
        if (!known.has(pointId(point))) { known.add(pointId(point)); metrics.push(point); sources.set(point, event.id); }
        if (!Number.isSafeInteger(event.step)) setTag(legalKey(TAG.rounded + point.key), "MLflow's steps are whole numbers: those of this metric were rounded");
        break;
      }
      case "tag": {
        const key = named(userTagKey(shownName(event)), "tags");
        const by = legalKey(TAG.setBy + key);
        const last = parseStamp(state.tags.get(by) ?? "");
        if (last !== undefined && compareStamps(stampOf(event), last) < 0) break;
        setTag(by, formatStamp(stampOf(event)));
        setTag(key, event.value, event);
        break;
      }
      case "file": break; // uploaded one by one, see files.ts
    }
  }
  for (const [key, value] of nodeTags(events, state)) setTag(key, value);
  return { params, metrics, tags: [...tags.values()], events: sources };
}

/**
 * MLflow's params can't change. The first value keeps the key, that of another node is shown under `<node>.<key>`, and a further one
 * under `<node>.<attempt>.<ordinal>.<key>`, which no other call has.
 *
 * @returns undefined when the value is there
 */
function freeParamKey(event: EventOf<"param">, value: string, state: RunState, named: (key: string) => string, look: (key: string) => string): string | undefined {
  const { attempt, ordinal } = stampOf(event);
  const node = event.node.replaceAll("@", "/");
  for (const candidate of [shownName(event), `${node}.${event.key}`, `${node}.${attempt}.${ordinal}.${event.key}`]) {
    const there = state.params.get(look(candidate));
    if (there === value) return undefined;
    if (there === undefined) return named(candidate);
  }
  return undefined; // the same call, with another value: it was cut by another version of this plugin
}

const INT64 = 9_223_372_036_854_774_784; // the largest double below 2^63

function pointOf(event: EventOf<"metric">, key: string): MetricPoint {
  const step = Number.isNaN(event.step) ? 0 : Math.max(-INT64, Math.min(INT64, Math.round(event.step)));
  return { key, value: event.value + 0, timestamp: Math.max(0, Math.trunc(event.time)), step: BigInt(step).toString() };
}
