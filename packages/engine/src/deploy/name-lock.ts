import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fsError } from "../local/fs-errors.ts";
import { exclusive } from "../project/exclusive.ts";
import { deployFault } from "./deploy-fault.ts";

/**
 * Does work that no other process does for the same name at the same time.
 *
 * @param patienceMs how long to wait for another one
 * @throws MLS6003 `busy`
 */
export async function underLock<T>(root: string, name: string, patienceMs: number, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  const folder = join(root, ".locks");
  try { mkdirSync(folder, { recursive: true }); } catch (e) { throw fsError(e, "writing", folder); }
  const held = await exclusive(join(folder, `${name}.lock`), patienceMs, signal);
  if (held === undefined) throw deployFault("busy", `another process changes the deployment ${name} now`, { fix: "try again when it is done" });
  try { return await work(); } finally { held.release(); }
}
