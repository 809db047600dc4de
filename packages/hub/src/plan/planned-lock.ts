import { manifestFacts } from "../lock/manifest-facts.ts";
import type { LockedPlugin } from "../lock/lock.ts";
import { describedOf, type ChangePlan, type PluginChange } from "./change-plan.ts";

/** An entry of the lock before its package was fetched: the digest of its files, and of what it depends on, is not known. */
export type PlannedEntry = Omit<LockedPlugin, "files" | "tree"> & Partial<Pick<LockedPlugin, "files" | "tree">>;

/** The entries that the lock will have, as far as that is known without fetching anything. What stays keeps its own; what it depends on may move all the same. */
export function plannedLock({ lock, changes }: Pick<ChangePlan, "lock" | "changes">): Readonly<Record<string, PlannedEntry>> {
  const touched = new Set(changes.map(({ name }) => name));
  const rest = Object.entries(lock?.plugins ?? {}).filter(([name]) => !touched.has(name));
  return Object.fromEntries([...rest, ...changes.flatMap((change): [string, PlannedEntry][] => (change.target === undefined ? [] : [[change.name, plannedEntry(change)]]))]);
}

function plannedEntry({ target, exceptions }: PluginChange): PlannedEntry {
  const { source } = target!;
  const found = target!.source === "registry" ? target!.version : { ...describedOf(target!), integrity: target!.source === "tarball" ? target!.tarball.integrity : undefined, provenance: false };
  const node = found.engines["node"];
  return {
    version: found.version, source, ...(found.integrity !== undefined && { integrity: found.integrity }), ...manifestFacts(found.manifest), ...(node !== undefined && { node }),
    trust: { provenance: found.provenance, ...(exceptions.includes("cooldown") && { cooldown: "excepted" as const }), ...(exceptions.includes("lostProvenance") && { lostProvenance: "accepted" as const }), ...(target!.source === "workspace" && target!.override && { override: "accepted" as const }) },
  };
}
