import { appendFileSync, createWriteStream, existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { ExperimentTracker, TrackerEvent } from "@mlstack/core";
import { decodeEvents, encodeEvents } from "../run/tracker-recorder.ts";
import { fsError, makeFolder } from "./fs-errors.ts";

/**
 * A tracker of files, one folder per run: `run.json`, and `events.jsonl` with one call per line. An event whose id is there already
 * is not written again.
 */
export function localTracker(root: string): ExperimentTracker {
  const known = new Map<string, { readonly ids: Set<string>; size: number }>();
  const folder = (run: string) => join(root, run);
  const guard = <T>(run: string, work: () => T): T => { try { return work(); } catch (e) { throw fsError(e, "writing the tracked run", folder(run)); } };

  /** The ids in the file, read again when somebody else has written to it: steps in other processes log to the same run. */
  function idsOf(run: string): { readonly ids: Set<string>; size: number } {
    const path = join(folder(run), "events.jsonl");
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    let found = known.get(run);
    if (found?.size === size) return found;
    const lines = size === 0 ? [] : readFileSync(path, "utf8").split("\n");
    found = { ids: new Set(lines.flatMap((line) => { try { return [(JSON.parse(line) as { id: string }).id]; } catch { return []; } })), size };
    known.set(run, found);
    return found;
  }

  function update(run: string, change: Record<string, unknown>): void {
    const path = join(folder(run), "run.json");
    const before = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>) : {};
    writeFileSync(`${path}.tmp`, `${JSON.stringify({ ...before, ...change }, null, 2)}\n`);
    renameSync(`${path}.tmp`, path);
  }

  return {
    contract: "experiment_tracker@1",
    async startRun(run) {
      return guard(run.runId, () => {
        makeFolder(folder(run.runId));
        if (existsSync(join(folder(run.runId), "run.json"))) update(run.runId, { status: "running", endedAt: undefined });
        else update(run.runId, { ...run, startedAt: run.startedAt.toISOString(), status: "running" });
        return { externalId: run.runId };
      });
    },
    async log(externalId, events, { open } = {}) {
      const before = idsOf(externalId);
      const fresh = events.filter((e) => !before.ids.has(e.id));
      if (fresh.length === 0) return;
      for (const e of fresh) if (e.kind === "file" && open !== undefined) await keepFile(join(folder(externalId), "files", e.key), open(e.value));
      guard(externalId, () => {
        const path = join(folder(externalId), "events.jsonl");
        // a line that was cut off by the death of a process must not swallow the next one
        const text = fresh.map((e) => `${encodeEvents([e]).slice(1, -1)}\n`).join("");
        const lead = endsInLine(path) ? "" : "\n";
        appendFileSync(path, lead + text);
        // what others have written in between makes the sizes differ, and the file is read again
        before.size += Buffer.byteLength(lead + text);
      });
      for (const e of fresh) before.ids.add(e.id);
    },
    async finishRun(externalId, status, endedAt) { guard(externalId, () => update(externalId, { status, endedAt: endedAt.toISOString() })); },
    check: async () => [{ name: "folder", ok: true, message: root }],
  };
}

async function keepFile(path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  makeFolder(dirname(path));
  const partial = `${path}.${process.pid}.partial`;
  await pipeline(content, createWriteStream(partial));
  renameSync(partial, path);
}

function endsInLine(path: string): boolean {
  if (!existsSync(path)) return true;
  const text = readFileSync(path);
  return text.length === 0 || text.at(-1) === 10;
}

/** The events of a run as the local tracker keeps them; for its tests and for `run show`. */
export function readTracked(root: string, run: string): TrackerEvent[] {
  const path = join(root, run, "events.jsonl");
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").flatMap((line) => { try { return decodeEvents(`[${line}]`); } catch { return []; } }) : [];
}
