import { MlstackError, type ArtifactStore } from "@mlstack/core";
import { isResumedSince, RUN_NODE } from "../journal/object-journal.ts";
import { assertOwn } from "../records/claim.ts";
import { BEAT_EVERY_MS } from "../records/liveness.ts";
import type { OpenDatabase } from "../records/open-database.ts";
import { layout } from "../store/layout.ts";
import { every, type DrivenPart, type Watch } from "./heartbeat.ts";

/** How often a driver looks whether somebody wants its run to stop, in milliseconds. */
const LOOK_EVERY_MS = 1000;

const cancelKey = ({ run, ordinal }: DrivenPart): string => layout.journal(run, RUN_NODE, 0, `cancel${ordinal > 0 ? `-${ordinal}` : ""}`);

/** Leaves a note for a driver elsewhere, that it shall stop. */
export async function askInStore(store: ArtifactStore, part: DrivenPart, reason: string): Promise<void> {
  await store.put(cancelKey(part), { kind: "bytes", bytes: Buffer.from(reason) });
}

/** The same for a driver that has these records. */
export function askInRecords(db: OpenDatabase, { run, ordinal }: DrivenPart, reason: string): void {
  db.prepare("update runs set cancel_reason = ? where id = ? and ordinal = ?").run(reason, run, ordinal);
}

/** Aborts when somebody asks for the run to be cancelled, or has taken it over. */
export function notesInStore(store: ArtifactStore, part: DrivenPart, abort: AbortController): Watch {
  const cancels = every(LOOK_EVERY_MS, async () => { if ((await store.stat(cancelKey(part))) !== undefined) abort.abort(asked()); });
  const claims = every(BEAT_EVERY_MS, async () => {
    if (await isResumedSince(store, part.run, part.ordinal)) abort.abort(new MlstackError("MLS4009", `the run ${part.run} was taken over by another process`));
  });
  return { stop() { cancels.stop(); claims.stop(); } };
}

/** The same for a driver that has the run in its records. */
export function notesInRecords(db: OpenDatabase, { run, ordinal }: DrivenPart, abort: AbortController): Watch {
  return every(LOOK_EVERY_MS, () => {
    try { assertOwn(db, run, ordinal); } catch (e) { abort.abort(e); return; }
    const row = db.prepare("select cancel_reason from runs where id = ?").get(run) as { cancel_reason: string | null } | undefined;
    if (row !== undefined && row.cancel_reason !== null) abort.abort(asked());
  });
}

const asked = () => new MlstackError("MLS4003", "the run was cancelled");
