import type * as Sqlite from "node:sqlite";

/** Node 22 says, when its SQLite is loaded, that it is experimental: the one warning that a user can do nothing about. */
function quietly(load: () => typeof Sqlite): typeof Sqlite {
  const { emitWarning } = process;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (!(warning instanceof Error ? warning.message : warning).startsWith("SQLite is an experimental feature")) (emitWarning as (...args: unknown[]) => void).call(process, warning, ...rest);
  });
  try { return load(); } finally { process.emitWarning = emitWarning; }
}

export const { DatabaseSync } = quietly(() => process.getBuiltinModule("node:sqlite"));
export type DatabaseSync = Sqlite.DatabaseSync;
