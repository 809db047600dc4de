import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { SqliteDialect, type SqliteDatabase } from "kysely";
import { damagedValue, recordsError } from "./records-error.ts";

const STATEMENTS = 256;

/** SQLITE_CORRUPT, SQLITE_NOTADB; and what SQLite's own JSON functions say of a text that is none. */
const isDamage = (e: unknown): boolean => [11, 26].includes(((e as { errcode?: number }).errcode ?? 0) & 0xff) || (e as Error).message === "malformed JSON";

/** SQLite keeps no checksums: bytes that were changed within a value are seen by nobody but who reads it. */
function refuseNoJson(rows: readonly Readonly<Record<string, unknown>>[], path: string): void {
  for (const row of rows) {
    for (const [column, value] of Object.entries(row)) {
      if (typeof value !== "string" || (!column.endsWith("_json") && column !== "document")) continue;
      try { JSON.parse(value); } catch (cause) { throw damagedValue(path, column, cause); }
    }
  }
}

/** Prepared statements by their text, the least recently made ones dropped. */
export function statementCache(db: DatabaseSync): (sql: string) => StatementSync {
  const cache = new Map<string, StatementSync>();
  return (sql) => {
    let statement = cache.get(sql);
    if (statement === undefined) {
      statement = db.prepare(sql);
      const oldest = cache.size >= STATEMENTS ? cache.keys().next().value : undefined;
      if (oldest !== undefined) cache.delete(oldest);
      cache.set(sql, statement);
    }
    return statement;
  };
}

/**
 * Kysely's SQLite dialect over `node:sqlite`: the dialect takes any object of better-sqlite3's shape.
 *
 * @param path of the records, for what reading damaged ones throws (MLS5002)
 */
export function nodeSqliteDialect(db: DatabaseSync, prepare: (sql: string) => StatementSync, path: string): SqliteDialect {
  const values = (parameters: readonly unknown[]) => parameters as SQLInputValue[];
  const shaped: SqliteDatabase = {
    close: () => db.close(),
    prepare(sql) {
      const statement = prepare(sql);
      return {
        reader: statement.columns().length > 0,
        all(parameters) {
          let rows: ReturnType<typeof statement.all>;
          try { rows = statement.all(...values(parameters)); } catch (e) { throw isDamage(e) ? recordsError(e, path) : e; }
          refuseNoJson(rows, path);
          return rows;
        },
        run: (parameters) => statement.run(...values(parameters)),
        iterate: (parameters) => statement.iterate(...values(parameters)) as IterableIterator<unknown>,
      };
    },
  };
  return new SqliteDialect({ database: shaped });
}
