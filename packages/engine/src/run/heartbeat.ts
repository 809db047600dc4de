import type { ArtifactStore } from "@mlstack/core";
import { RUN_NODE } from "../journal/object-journal.ts";
import { BEAT_EVERY_MS } from "../records/liveness.ts";
import type { OpenDatabase } from "../records/open-database.ts";
import { layout } from "../store/layout.ts";

/** Writes down, from time to time, that a run's driver is alive; for readers that can't look for its process. */
export function recordBeats(db: OpenDatabase, run: string): { stop(): void } {
  return every(() => { db.prepare("update runs set heartbeat_at = ? where id = ?").run(Date.now(), run); });
}

/** The same for a driver that reaches nothing but the artifact store. */
export function storeBeats(store: ArtifactStore, run: string): { stop(): void } {
  return every(() => store.put(beatKey(run), { kind: "bytes", bytes: Buffer.from(String(Date.now())) }));
}

/** When a driver elsewhere was last heard of, in milliseconds since 1970; undefined where it never was. */
export async function readBeat(store: ArtifactStore, run: string): Promise<number | undefined> {
  return (await store.stat(beatKey(run)))?.modifiedAt.getTime();
}

const beatKey = (run: string): string => layout.journal(run, RUN_NODE, 0, "beat");

function every(work: () => unknown): { stop(): void } {
  const beat = async () => { try { await work(); } catch { /* the next one may be heard */ } };
  void beat();
  const timer = setInterval(() => void beat(), BEAT_EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
