import type { ArtifactStore, Launcher } from "@mlstack/core";
import { RUN_NODE } from "../journal/object-journal.ts";
import { BEAT_EVERY_MS } from "../records/liveness.ts";
import type { OpenDatabase } from "../records/open-database.ts";
import { layout } from "../store/layout.ts";

/** How long a step elsewhere goes on without a sign of life of its driver, in milliseconds. */
export const silenceOf = ({ driverSilenceMs = 90_000 }: Pick<Launcher, "driverSilenceMs">): number => driverSilenceMs;

export interface Watch { stop(): void }
export interface DrivenPart { readonly run: string; readonly ordinal: number }

/** Writes down, from time to time, that a run's driver is alive; for readers that can't look for its process. */
export function recordBeats(db: OpenDatabase, { run, ordinal }: DrivenPart): Watch {
  return every(BEAT_EVERY_MS, () => { db.prepare("update runs set heartbeat_at = ? where id = ? and ordinal = ?").run(Date.now(), run, ordinal); });
}

/** The same for whoever reaches nothing but the artifact store: steps elsewhere, and those who watch a driver elsewhere. */
export function storeBeats(store: ArtifactStore, part: DrivenPart, launch: Launcher): Watch {
  return every(Math.min(BEAT_EVERY_MS, silenceOf(launch) / 18), () => store.put(beatKey(part), { kind: "bytes", bytes: Buffer.from(String(Date.now())) }));
}

/** When a driver elsewhere was last heard of, in milliseconds since 1970; undefined where it never was. */
export async function readBeat(store: ArtifactStore, part: DrivenPart): Promise<number | undefined> {
  return (await store.stat(beatKey(part)))?.modifiedAt.getTime();
}

/** The object that a driver writes anew while it is alive. One of a resumed run has another: nobody takes it for the first one's. */
export const beatKey = ({ run, ordinal }: DrivenPart): string => layout.journal(run, RUN_NODE, 0, `beat${ordinal > 0 ? `-${ordinal}` : ""}`);

/** Does something at once and then from time to time, not twice at once. What goes wrong is tried again the next time. */
export function every(ms: number, work: () => unknown): Watch {
  let busy = false;
  const turn = async () => {
    if (busy) return;
    busy = true;
    try { await work(); } catch { /* the next turn may go well */ } finally { busy = false; }
  };
  void turn();
  const timer = setInterval(() => void turn(), ms);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
