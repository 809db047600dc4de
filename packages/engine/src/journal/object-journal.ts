import { MlstackError, type ArtifactStore } from "@mlstack/core";
import { layout } from "../store/layout.ts";
import { decodeEvent, encodeEvent } from "./encode.ts";
import type { Journal, JournalEvent, LogLine, RunResumed, StepEnded } from "./events.ts";

/** No node can have this name: names begin with a letter. */
export const RUN_NODE = "_run";

interface LogBuffer { lines: LogLine[]; parts: number }

/**
 * The carrier for a process that reaches nothing but the artifact store: every event is an object of its own, created and never
 * changed, so that writing it twice does no harm. Lines are gathered and written in parts, at every flush.
 */
export function objectJournal(store: ArtifactStore): Journal {
  const pending: JournalEvent[] = [];
  let flushing: Promise<void> = Promise.resolve();
  const logs = new Map<string, LogBuffer>();

  const put = (key: string, text: string) => createObject(store, key, text);

  async function write(): Promise<void> {
    for (const [of, buffer] of logs) {
      if (buffer.lines.length === 0) continue;
      const count = buffer.lines.length;
      const text = buffer.lines.map((l) => `${JSON.stringify(l)}\n`).join("");
      for (let written = false; !written; buffer.parts++) {
        const key = `${of}-${String(buffer.parts).padStart(6, "0")}.jsonl`;
        // a step's process and its driver may both have lines of it: what is there already is another part, unless it is this one, whose answer was lost
        written = (await put(key, text)) || (await textOf(store, key)) === text;
      }
      buffer.lines = buffer.lines.slice(count);
    }
    // what could not be written is there for the next flush, which writes it under the same name
    for (let event = pending[0]; event !== undefined; event = pending[0]) {
      await put(eventKey(event), encodeEvent(event));
      pending.shift();
    }
  }

  return {
    append: (event) => { pending.push(event); },
    log(run, node, attempt, line) {
      const of = layout.journal(run, node, attempt, "log");
      let buffer = logs.get(of);
      if (buffer === undefined) logs.set(of, (buffer = { lines: [], parts: 0 }));
      buffer.lines.push(line);
    },
    // one after the other: parts are numbered in the order in which they were printed
    flush: () => (flushing = flushing.then(write, write)),
  };
}

function eventKey(event: JournalEvent): string {
  const nth = "ordinal" in event && event.ordinal > 0 ? `-${event.ordinal}` : "";
  switch (event.kind) {
    case "run-started": case "run-resumed": return layout.journal(event.run, RUN_NODE, 0, `start${nth}.json`);
    case "run-tracked": return layout.journal(event.run, RUN_NODE, 0, `tracked${nth}.json`);
    case "run-ended": return layout.journal(event.run, RUN_NODE, 0, `end${nth}.json`);
    case "step-started": return layout.journal(event.run, event.node, event.attempt, `start${nth}.json`);
    case "step-launched": return layout.journal(event.run, event.node, event.attempt, `launched${nth}.json`);
    case "step-ended": return layout.journal(event.run, event.node, event.attempt, `end${nth}.json`);
  }
}

/** Creates an object; false when there is one of that name. A store that can't do so at once is asked before. */
async function createObject(store: ArtifactStore, key: string, text: string): Promise<boolean> {
  const { createIfAbsent } = store.capabilities;
  if (!createIfAbsent && (await store.stat(key)) !== undefined) return false;
  try {
    await store.put(key, { kind: "bytes", bytes: Buffer.from(text) }, { ifAbsent: createIfAbsent });
    return true;
  } catch (e) {
    if (MlstackError.is(e, "MLS3012")) return false;
    throw e;
  }
}

/**
 * Writes that a run is resumed, which only one process may do.
 *
 * @returns whether this one did it
 */
export function claimInStore(store: ArtifactStore, event: RunResumed): Promise<boolean> {
  return createObject(store, eventKey(event), encodeEvent(event));
}

/** Whether somebody has gone on with a run since its part of this ordinal was started. */
export async function isResumedSince(store: ArtifactStore, run: string, ordinal: number): Promise<boolean> {
  return (await store.stat(layout.journal(run, RUN_NODE, 0, `start-${ordinal + 1}.json`))) !== undefined;
}

async function textOf(store: ArtifactStore, key: string): Promise<string> {
  return Buffer.from(await (await store.get(key)).bytes()).toString("utf8");
}

async function readEvent(store: ArtifactStore, key: string): Promise<JournalEvent> {
  return decodeEvent(await textOf(store, key));
}

/** The event that ended an attempt; undefined when there is none yet. */
export async function readStepEnd(store: ArtifactStore, { run, node, attempt, ordinal }: { run: string; node: string; attempt: number; ordinal: number }): Promise<StepEnded | undefined> {
  try {
    const event = await readEvent(store, layout.journal(run, node, attempt, `end${ordinal > 0 ? `-${ordinal}` : ""}.json`));
    return event.kind === "step-ended" ? event : undefined;
  } catch (e) {
    if (MlstackError.is(e, "MLS3001")) return undefined;
    throw e;
  }
}

/**
 * The events of a run that lie in a store, in an order in which they can be folded: the run's start, then by node, attempt and time.
 *
 * @param seen keys that were read before, which are left out; those that are read now are added
 */
export async function readObjectJournal(store: ArtifactStore, run: string, seen: Set<string> = new Set()): Promise<JournalEvent[]> {
  const events: JournalEvent[] = [];
  for await (const { key } of store.list(layout.journalOf(run))) {
    if (!/\/(?:start|launched|tracked|end)(?:-\d+)?\.json$/.test(key) || seen.has(key)) continue;
    events.push(await readEvent(store, key));
    seen.add(key);
  }
  const ordinal = (e: JournalEvent) => ("ordinal" in e ? e.ordinal : 0);
  const rank = { "run-started": 0, "run-resumed": 0, "run-tracked": 1, "step-started": 1, "step-launched": 1, "step-ended": 1, "run-ended": 2 } as const;
  const attempt = (e: JournalEvent) => ("attempt" in e ? e.attempt : 0);
  const last = (e: JournalEvent) => (e.kind === "step-ended" ? 2 : e.kind === "step-launched" ? 1 : 0);
  return events.toSorted((a, b) => ordinal(a) - ordinal(b) || rank[a.kind] - rank[b.kind] || attempt(a) - attempt(b) || last(a) - last(b) || a.time - b.time);
}

/** A part of an attempt's lines as it lies in a store. */
export interface LogPart {
  readonly key: string;
  readonly node: string;
  readonly attempt: number;
  /** From 0, in the order in which they were printed. */
  readonly part: number;
  readonly lines: readonly LogLine[];
}

/**
 * The lines of a run, or of one attempt, that lie in a store.
 *
 * @param seen keys that were read before, which are left out; those that are read now are added
 */
export async function readObjectLogs(store: ArtifactStore, prefix: string, seen: Set<string> = new Set()): Promise<LogPart[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) if (/\/log-\d+\.jsonl$/.test(key) && !seen.has(key)) keys.push(key);
  const parts: LogPart[] = [];
  for (const key of keys.toSorted()) {
    const [, , node = "", attempt = "0", file = ""] = key.split("/");
    const text = Buffer.from(await (await store.get(key)).bytes()).toString("utf8");
    const lines = text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as LogLine]));
    parts.push({ key, node, attempt: Number(attempt), part: Number(/\d+/.exec(file)?.[0] ?? 0), lines });
    seen.add(key);
  }
  return parts;
}
