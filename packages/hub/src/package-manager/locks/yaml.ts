import { CORE_SCHEMA, FAILSAFE_SCHEMA, loadAll, YAMLException } from "js-yaml";
import { unreadableLock, type LockSource } from "./lock.ts";

/**
 * The documents in a lock.
 *
 * @param plain leaves scalars as the strings that they are written as, so that no version becomes a number
 * @throws MLS8307 with line and column
 */
export function parseYaml({ text, path }: LockSource, remake: string, plain = true): unknown[] {
  try {
    return loadAll(text, { schema: plain ? FAILSAFE_SCHEMA : CORE_SCHEMA });
  } catch (e) {
    if (!(e instanceof YAMLException)) throw e;
    const at = e.mark === undefined ? "" : ` in line ${e.mark.line + 1}, column ${e.mark.column + 1}`;
    throw unreadableLock(path, `it can't be parsed (${e.reason}${at})`, `restore it from version control, or remove it and run ${remake}`, e.mark === undefined ? {} : { line: e.mark.line + 1, column: e.mark.column + 1 });
  }
}
