import { MlstackError } from "@mlstack/core";
import type { RunResumed } from "../journal/events.ts";
import { apply } from "./fold.ts";
import { liveStatus } from "./liveness.ts";
import type { OpenDatabase } from "./open-database.ts";
import type { Database } from "./schema.ts";
import type { Selectable } from "kysely";

type Row = Selectable<Database["runs"]>;

/**
 * Takes a run over, as its only driver, in one transaction: a run has one driver per ordinal, and whoever comes second finds the ordinal gone.
 *
 * @param isDead whether a driver elsewhere was found to be dead, which the records alone don't say
 * @throws MLS4009 when it is driven, or was taken over by somebody else
 */
export function claimRun(db: OpenDatabase, event: RunResumed, isDead: boolean): void {
  db.transaction(() => {
    const row = db.prepare("select * from runs where id = ?").get(event.run) as Row | undefined;
    if (row === undefined || row.ordinal !== event.ordinal - 1) throw takenOver(event.run, row);
    if (liveStatus(row) === "running" && !(row.journal === "store" && isDead)) throw stillDriven(row);
    apply(db, event);
  });
}

/**
 * Throws when another process has taken a run over: what this one still has to say of it counts no more.
 *
 * @throws MLS4009
 */
export function assertOwn(db: OpenDatabase, run: string, ordinal: number): void {
  const row = db.prepare("select ordinal, host, pid from runs where id = ?").get(run) as Pick<Row, "ordinal" | "host" | "pid"> | undefined;
  if (row !== undefined && row.ordinal !== ordinal) throw takenOver(run, row);
}

/** That a run has a driver, and which. */
export function stillDriven(run: Pick<Row, "id" | "host" | "pid" | "journal" | "heartbeat_at">): MlstackError {
  const why = run.journal === "store" ? `its driver is elsewhere, and was last heard of ${Math.max(0, Math.round((Date.now() - run.heartbeat_at) / 1000))} s ago` : `its driver is the process ${run.pid} on ${run.host}`;
  return new MlstackError("MLS4009", `the run ${run.id} is still going on`, { why, fix: run.journal === "store" ? `mlstack run attach ${run.id}` : `wait for it, or stop it: mlstack run cancel ${run.id}` });
}

function takenOver(id: string, row: Pick<Row, "host" | "pid"> | undefined): MlstackError {
  return new MlstackError("MLS4009", `the run ${id} was taken over by another process`, { ...(row !== undefined && { why: `it is driven by the process ${row.pid} on ${row.host} now` }), fix: `mlstack run show ${id}` });
}
