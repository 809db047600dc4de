import { parseSyml } from "@yarnpkg/parsers";
import { isLoose, unreadableLock, type LockSource, type Loose } from "./lock.ts";

/** The entries of a `yarn.lock` of either kind. @throws MLS8307 with the line where the parser tells it */
export function parseYarnLock({ text: content, path }: LockSource): Loose {
  try {
    const parsed: unknown = parseSyml(content);
    if (isLoose(parsed)) return parsed;
  } catch (e) {
    const { location, mark } = e as { readonly location?: { readonly start: { readonly line: number } }; readonly mark?: { readonly line: number } };
    const line = location?.start.line ?? (mark === undefined ? undefined : mark.line + 1);
    throw unreadableLock(path, `it can't be parsed${line === undefined ? "" : ` (line ${line})`}`, "restore it from version control, or remove it and run yarn install", line === undefined ? {} : { line });
  }
  throw unreadableLock(path, "it is no lock of yarn", "restore it from version control, or remove it and run yarn install");
}

/** Whether it is berry's lock: the classic one has no such entry. */
export function isBerryLock(content: string): boolean {
  return /^__metadata:/m.test(content);
}

/** Locks list entries under all descriptors that lead to them, with commas between. */
export function byDescriptor(entries: Loose): ReadonlyMap<string, Loose> {
  return new Map(Object.entries(entries).flatMap(([keys, entry]) => (isLoose(entry) && keys !== "__metadata" ? keys.split(/,\s*/).map((key) => [key, entry] as const) : [])));
}
