import { readBunLock } from "./bun.ts";
import type { Lock, LockSource } from "./lock.ts";
import { readNpmLock } from "./npm.ts";
import { readPnpmLock } from "./pnpm.ts";
import { isBerryLock } from "./yarn.ts";
import { readYarnBerryLock } from "./yarn-berry.ts";
import { readYarnClassicLock } from "./yarn-classic.ts";
import type { ManagerName } from "../types.ts";

/** A manager's lock. @throws MLS8307 */
export function readLock(manager: ManagerName, source: LockSource): Lock {
  switch (manager) {
    case "npm": return readNpmLock(source);
    case "pnpm": return readPnpmLock(source);
    case "yarn": return isBerryLock(source.text) ? readYarnBerryLock(source) : readYarnClassicLock(source);
    case "bun": return readBunLock(source);
  }
}
