import { DatabaseSync } from "./sqlite.ts";

/** Whether a database of records is whole, by SQLite's own check. */
export interface RecordsHealth {
  /** What is wrong, in SQLite's words, five at most; empty when it is sound. */
  readonly problems: readonly string[];
  /** How many runs it knows; undefined where it can't tell. */
  readonly runs: number | undefined;
}

/** Looks at a database of records, and changes nothing. What can't be opened at all is a problem, too. */
export function checkRecords(path: string): RecordsHealth {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    const rows = db.prepare("pragma quick_check(5)").all() as unknown as readonly { readonly quick_check: string }[];
    const problems = rows.map((row) => row.quick_check).filter((text) => text !== "ok");
    const { n } = db.prepare("select count(*) as n from runs").get() as unknown as { readonly n: number };
    return { problems, runs: n };
  } catch (e) {
    return { problems: [e instanceof Error ? e.message : String(e)], runs: undefined };
  } finally { db?.close(); }
}
