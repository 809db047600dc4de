import { once } from "node:events";
import { appendFileSync, createWriteStream, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { MlstackError, shownName, type ExperimentTracker, type LogOptions, type LogResult, type TrackerEvent } from "@mlstack/core";
import { decodeEvents, encodeEvents } from "../run/tracker-recorder.ts";
import { endsInLine, readLines } from "./event-lines.ts";
import { fsError, makeFolder } from "./fs-errors.ts";

/** What is known of a run's file of events. */
interface Known {
  readonly ids: Set<string>;
  /** The file is known up to here, in bytes. */
  offset: number;
}

/**
 * A tracker of files, one folder per run: `run.json`, and `events.jsonl` with one call per line. An event whose id is there already
 * is not written again.
 */
export function localTracker(root: string): ExperimentTracker {
  const known = new Map<string, Known>();
  const folder = (run: string) => join(root, run);
  const runFile = (run: string) => join(folder(run), "run.json");
  /** @throws MLS6003 where somebody has removed the run, or nobody has started it; the signal's reason where the call was aborted before */
  const begin = (run: string, signal: AbortSignal | undefined): void => {
    signal?.throwIfAborted();
    if (!existsSync(runFile(run))) throw new MlstackError("MLS6003", `there is no tracked run ${run}`, { why: `${runFile(run)} is not there: it was removed, or the run was never started` });
  };
  const guard = <T>(run: string, work: () => T): T => { try { return work(); } catch (e) { throw fsError(e, "writing the tracked run", folder(run)); } };

  /** The ids in the file. What has been added since the last look is read: steps in other processes log to the same run. */
  function knownOf(run: string, path: string): Known {
    let found = known.get(run);
    if (found === undefined) known.set(run, (found = { ids: new Set(), offset: 0 }));
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size < found.offset) { found.ids.clear(); found.offset = 0; }
    const { ids } = found;
    if (size > found.offset) found.offset = readLines(path, found.offset, (line) => { try { ids.add((JSON.parse(line) as { id: string }).id); } catch { /* cut off by the death of a process */ } });
    return found;
  }

  function update(run: string, change: Record<string, unknown>): void {
    const path = runFile(run);
    const before = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>) : {};
    writeFileSync(`${path}.tmp`, `${JSON.stringify({ ...before, ...change }, null, 2)}\n`);
    renameSync(`${path}.tmp`, path);
  }

  async function log(run: string, events: readonly TrackerEvent[], { open, signal }: LogOptions = {}): Promise<LogResult> {
    begin(run, signal);
    const path = join(folder(run), "events.jsonl");
    const before = guard(run, () => knownOf(run, path));
    const fresh = events.filter((e) => !before.ids.has(e.id));
    if (fresh.length === 0) return { refused: [] };
    const refused: { id: string; reason: string }[] = [];
    for (const e of fresh) {
      if (e.kind !== "file" || open === undefined) continue;
      signal?.throwIfAborted();
      const name = shownName(e);
      try { await keepFile(join(folder(run), "files", name), open(e.value), signal); } catch (cause) {
        signal?.throwIfAborted();
        if (!["EEXIST", "ENOTDIR", "EISDIR"].includes((cause as { code?: string }).code ?? "")) throw fsError(cause, "writing the tracked run", folder(run));
        refused.push({ id: e.id, reason: `the file ${name} can't be shown: where its folder should be is another file, or the other way round` });
      }
    }
    guard(run, () => {
      // a line that was cut off by the death of a process must not swallow the next one
      const text = (endsInLine(path) ? "" : "\n") + fresh.map((e) => `${encodeEvents([e]).slice(1, -1)}\n`).join("");
      appendFileSync(path, text);
      // where others have written in between, all of it is read at the next call
      if (statSync(path).size === before.offset + Buffer.byteLength(text)) before.offset += Buffer.byteLength(text);
    });
    for (const e of fresh) before.ids.add(e.id);
    return { refused };
  }

  return {
    contract: "experiment_tracker@1",
    async startRun(run, options) {
      options?.signal?.throwIfAborted();
      return guard(run.runId, () => {
        makeFolder(folder(run.runId));
        const { externalId: _, ...shown } = run;
        if (existsSync(runFile(run.runId))) update(run.runId, { status: "running", endedAt: undefined });
        else update(run.runId, { ...shown, startedAt: run.startedAt.toISOString(), status: "running" });
        return { externalId: run.runId };
      });
    },
    log,
    async finishRun(externalId, status, endedAt, options) { begin(externalId, options?.signal); guard(externalId, () => update(externalId, { status, endedAt: endedAt.toISOString() })); },
    check: async () => [{ name: "folder", ok: true, message: root }],
  };
}

async function keepFile(path: string, content: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): Promise<void> {
  makeFolder(dirname(path));
  const partial = `${path}.${process.pid}.partial`;
  try {
    // a source that never gives its next bytes does not hear of a signal: the call does not wait for it
    await (signal === undefined ? pipeline(content, createWriteStream(partial)) : endedOr(signal, pipeline(content, createWriteStream(partial), { signal })));
    renameSync(partial, path);
  } catch (e) { rmSync(partial, { force: true }); throw e; }
}

async function endedOr(signal: AbortSignal, work: Promise<void>): Promise<void> {
  const over = new AbortController();
  try { await Promise.race([work, once(signal, "abort", { signal: over.signal }).then(() => signal.throwIfAborted())]); } finally { over.abort(); work.catch(() => undefined); }
}

/** The events of a run as the local tracker keeps them; for its tests and for `run show`. */
export function readTracked(root: string, run: string): TrackerEvent[] {
  const path = join(root, run, "events.jsonl");
  const events: TrackerEvent[] = [];
  if (existsSync(path)) readLines(path, 0, (line) => { try { events.push(...decodeEvents(`[${line}]`)); } catch { /* cut off */ } });
  return events;
}
