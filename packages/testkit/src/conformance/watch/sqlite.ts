import type { Call } from "./replace.ts";

/**
 * Node's SQLite, which opens files by itself and not by `fs`. Undefined where Node has none.
 *
 * It is loaded for everybody, because who imports it later is not heard of by any hook that is there on all versions. On some of them it warns when it is loaded that
 * it is experimental: that says nothing to somebody whose plugin does not use it.
 */
export function sqliteModule(): object | undefined {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try { return process.getBuiltinModule("node:sqlite"); } finally { process.emitWarning = emitWarning; }
}

/** The file of a database, as the arguments of `DatabaseSync` or the target of `backup` name it; undefined for one in memory. */
export function databaseFile([path]: Call): unknown {
  if (typeof path !== "string") return path;
  const [name = "", query = ""] = path.startsWith("file:") ? path.slice("file:".length).split("?", 2) : [path];
  if (name === "" || name === ":memory:" || /(?:^|&)mode=memory(?:&|$)/.test(query)) return undefined;
  return name.replace(/^\/\/(?:localhost)?(?=\/)/, "");
}
