import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { MlstackError, trackedFilePath, trackedName, type Tracker, type TrackerEvent, type TrackerEventBody } from "@mlstack/core";

/** Records what a step logs, each call with its key, step and time as they were at the call. */
export interface TrackerRecorder {
  readonly tracker: Tracker;
  readonly events: readonly TrackerEvent[];
}

/** Where the bytes of logged files go. */
export interface FileSink {
  putBytes(bytes: Uint8Array | string): Promise<string>;
  putFile(source: { readonly kind: "file"; readonly path: string; readonly size: number }, digest: string): Promise<void>;
}

export function trackerRecorder({ node, ordinal, attempt }: { readonly node: string; readonly ordinal: number; readonly attempt: number }, now: () => number, files: FileSink): TrackerRecorder {
  const events: TrackerEvent[] = [];
  const logged = new Map<string, number>();
  const add = (body: TrackerEventBody, time = now()) => { events.push({ ...body, id: `${node}/${ordinal}.${attempt}/${events.length}`, node, attempt, time }); };
  const tracker: Tracker = {
    logParam: (key, value) => add({ kind: "param", key: trackedName(key, "parameter"), value }),
    logParams: (params) => { for (const [key, value] of Object.entries(params)) tracker.logParam(key, value); },
    logMetric(key, value, step) {
      if (typeof value !== "number") throw new MlstackError("MLS1009", `the metric "${key}" was given ${typeof value}`, { fix: "log a number" });
      const ordinal = logged.get(key) ?? 0;
      logged.set(key, ordinal + 1);
      add({ kind: "metric", key: trackedName(key, "metric"), value, step: step ?? ordinal });
    },
    logMetrics: (metrics, step) => { for (const [key, value] of Object.entries(metrics)) tracker.logMetric(key, value, step); },
    setTag: (key, value) => add({ kind: "tag", key: trackedName(key, "tag"), value }),
    async logFile(path, content) {
      const key = trackedFilePath(path);
      const time = now();
      const { digest, size } = await keep(content, files);
      add({ kind: "file", key, value: digest, size }, time);
    },
  };
  return { tracker, events };
}

async function keep(content: Uint8Array | string | { readonly path: string }, files: FileSink): Promise<{ digest: string; size: number }> {
  if (typeof content === "string" || content instanceof Uint8Array) return { digest: await files.putBytes(content), size: Buffer.byteLength(content) };
  const { size } = await stat(content.path);
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(content.path) as AsyncIterable<Buffer>) hash.update(chunk);
  const digest = hash.digest("hex");
  await files.putFile({ kind: "file", path: content.path, size }, digest);
  return { digest, size };
}

// JSON has no NaN and no infinities, metrics have
type Plain = Omit<TrackerEvent, "value"> & { readonly value: string | number | boolean | { readonly number: string } };

/** Tracker events as text that keeps NaN and infinities. */
export function encodeEvents(events: readonly TrackerEvent[]): string {
  return JSON.stringify(events.map((e): Plain => (e.kind === "metric" && !Number.isFinite(e.value) ? { ...e, value: { number: String(e.value) } } : e)));
}

export function decodeEvents(text: string): TrackerEvent[] {
  return (JSON.parse(text) as Plain[]).map((e) => (typeof e.value === "object" ? { ...e, value: Number(e.value.number) } : e) as TrackerEvent);
}
