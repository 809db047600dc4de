import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { SqliteDialect, type SqliteDatabase } from "kysely";
import { recordsError } from "./records-error.ts";

const STATEMENTS = 256;

/** SQLITE_CORRUPT, SQLITE_NOTADB. */
const isDamage = (e: unknown): boolean => [11, 26].includes(((e as { errcode?: number }).errcode ?? 0) & 0xff);

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
          try { return statement.all(...values(parameters)); } catch (e) { throw isDamage(e) ? recordsError(e, path) : e; }
        },
        run: (parameters) => statement.run(...values(parameters)),
        iterate: (parameters) => statement.iterate(...values(parameters)) as IterableIterator<unknown>,
      };
    },
  };
  return new SqliteDialect({ database: shaped });
}
