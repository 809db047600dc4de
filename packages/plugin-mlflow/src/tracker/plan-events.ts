import type { TrackerEvent } from "@mlstack/core";
import type { KeyValue, MetricPoint } from "../rest/wire.ts";
import { fitting, legalKey, MAX_PARAM_VALUE, MAX_TAG_VALUE } from "./names.ts";
import { pointId, type RunState } from "./run-state.ts";
import { compareStamps, formatStamp, parseStamp, stampOf, TAG, userTagKey } from "./tags.ts";

/** What is missing from the run on the server. */
export interface LogPlan {
  readonly params: readonly KeyValue[];
  readonly metrics: readonly MetricPoint[];
  readonly tags: readonly KeyValue[];
}

type EventOf<K extends TrackerEvent["kind"]> = Extract<TrackerEvent, { kind: K }>;

/**
 * What has to be written so that the run shows the events, each once. It follows from the events and the run alone, so any process comes
 * to the same plan, and none is left when all are there.
 */
export function planEvents(events: readonly TrackerEvent[], state: RunState): LogPlan {
  const params: KeyValue[] = [];
  const metrics: MetricPoint[] = [];
  const tags = new Map<string, string>();
  const setTag = (key: string, value: string): void => {
    const fitted = fitting(value, MAX_TAG_VALUE);
    if (state.tags.get(key) === fitted) return;
    state.tags.set(key, fitted);
    tags.set(key, fitted);
  };
  const named = (key: string): string => {
    const legal = legalKey(key);
    if (legal !== key) setTag(legalKey(TAG.key + legal), key);
    return legal;
  };

  for (const event of events) {
    switch (event.kind) {
      case "param": {
        const value = fitting(String(event.value), MAX_PARAM_VALUE);
        const key = freeParamKey(event, value, state, named);
        if (key !== undefined) { state.params.set(key, value); params.push({ key, value }); }
        break;
      }
      case "metric": {
        const point = pointOf(event, named);
        const known = state.points.get(point.key) ?? new Set();
        state.points.set(point.key, known);
        if (!known.has(pointId(point))) { known.add(pointId(point)); metrics.push(point); }
        if (!Number.isSafeInteger(event.step)) setTag(legalKey(TAG.rounded + point.key), "MLflow's steps are whole numbers: those of this metric were rounded");
        break;
      }
      case "tag": {
        const key = named(userTagKey(event.key));
        const by = legalKey(TAG.setBy + key);
        const last = parseStamp(state.tags.get(by) ?? "");
        if (last !== undefined && compareStamps(stampOf(event), last) < 0) break;
        setTag(by, formatStamp(stampOf(event)));
        setTag(key, event.value);
        break;
      }
      case "file": break; // uploaded one by one, see files.ts
    }
  }
  for (const [key, value] of nodeTags(events, state)) setTag(key, value);
  return { params, metrics, tags: [...tags].map(([key, value]) => ({ key, value })) };
}

/**
 * MLflow's params can't change. The first value keeps the key, that of another node is shown under `<node>.<key>`, and a further one
 * under `<node>.<attempt>.<ordinal>.<key>`, which no other call has.
 *
 * @returns undefined when the value is there
 */
function freeParamKey(event: EventOf<"param">, value: string, state: RunState, named: (key: string) => string): string | undefined {
  const { node, attempt, ordinal } = stampOf(event);
  for (const candidate of [event.key, `${node}.${event.key}`, `${node}.${attempt}.${ordinal}.${event.key}`]) {
    const there = state.params.get(legalKey(candidate));
    if (there === value) return undefined;
    if (there === undefined) return named(candidate);
  }
  return undefined; // the same call, with another value: it was cut by another version of this plugin
}

const INT64 = 9_223_372_036_854_774_784; // the largest double below 2^63

function pointOf(event: EventOf<"metric">, named: (key: string) => string): MetricPoint {
  const step = Number.isNaN(event.step) ? 0 : Math.max(-INT64, Math.min(INT64, Math.round(event.step)));
  return { key: named(event.key), value: event.value + 0, timestamp: Math.max(0, Math.trunc(event.time)), step: BigInt(step).toString() };
}

/** Keys of metrics that the events would be shown under. */
export function metricKeysOf(events: readonly TrackerEvent[]): ReadonlySet<string> {
  return new Set(events.flatMap((e) => (e.kind === "metric" ? [legalKey(e.key)] : [])));
}

function nodeTags(events: readonly TrackerEvent[], state: RunState): Map<string, string> {
  const tags = new Map<string, string>();
  const metrics = new Map<string, Set<string>>();
  for (const { node, attempt, cachedFrom, ...event } of events) {
    tags.set(legalKey(TAG.step + node), cachedFrom === undefined ? "executed" : "cached");
    if (cachedFrom !== undefined) tags.set(legalKey(TAG.cachedFrom + node), cachedFrom);
    const attemptTag = legalKey(TAG.attempt + node);
    if (attempt > 1 && attempt > Number(tags.get(attemptTag) ?? state.tags.get(attemptTag) ?? 1)) tags.set(attemptTag, String(attempt));
    if (event.kind !== "metric") continue;
    const key = legalKey(TAG.metrics + node);
    const keys = metrics.get(key) ?? new Set((state.tags.get(key) ?? "").split(", ").filter((k) => k !== ""));
    metrics.set(key, keys.add(legalKey(event.key)));
  }
  for (const [tag, keys] of metrics) {
    // a list that was cut can't be added to
    if (state.tags.get(tag)?.includes("… [cut:") !== true) tags.set(tag, [...keys].sort().join(", "));
  }
  return tags;
}
