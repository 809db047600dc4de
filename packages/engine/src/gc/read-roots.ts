import { MlstackError, type ArtifactStore, type ObjectStat } from "@mlstack/core";
import { layout } from "../store/layout.ts";
import { LEASE_MS, type RootLease, type RootPart } from "../store/roots.ts";
import { sideBySide } from "../store/side-by-side.ts";

/** A run's root, as it lies in a store. */
export interface FoundRoot {
  readonly project: string;
  readonly run: string;
  /** When its first object was written, and its last one; milliseconds since 1970 by the store's clock, as all times here. */
  readonly beganAt: number;
  readonly wroteAt: number;
  /** Until when it counts; null: the run has ended, and what is named stays as long as the root does. */
  readonly until: number | null;
  readonly parts: readonly RootPart[];
  /** Object keys: those of the names, and the lease. */
  readonly keys: readonly string[];
}

/**
 * Reads every root of a store. What a run names while this reads may be missing; then its lease was read before, and says that the run is
 * going on.
 *
 * @throws MLS3013 for a root that can't be read: nobody knows what it keeps
 */
export async function readRoots(store: ArtifactStore): Promise<FoundRoot[]> {
  // leases before names: a run that ends writes its last names first
  const leases = new Map<string, RootLease>();
  const first = await objectsByRun(store);
  await sideBySide(first, async ([id, objects]) => {
    const at = objects.find((o) => isLease(o.key));
    const lease = at === undefined ? undefined : await read<RootLease>(store, at.key);
    if (lease !== undefined) leases.set(id, lease);
  });
  const roots = await sideBySide(await objectsByRun(store), async ([id, objects]): Promise<FoundRoot> => {
    const [, project = "", run = ""] = id.split("/");
    const times = objects.map((o) => o.modifiedAt.getTime());
    const names = objects.filter((o) => !isLease(o.key)).toSorted((a, b) => (a.key < b.key ? -1 : 1));
    const parts = await sideBySide(names, (o) => read<RootPart>(store, o.key), 4);
    const lease = leases.get(id);
    const at = objects.find((o) => isLease(o.key));
    // one that has just come is of a run that has just begun, whatever its lease says by now
    const until = lease === undefined ? Math.max(...times) + LEASE_MS : lease.leaseMs === null ? null : (at?.modifiedAt.getTime() ?? Math.max(...times)) + lease.leaseMs;
    return { project, run, beganAt: Math.min(...times), wroteAt: Math.max(...times), until, parts: parts.filter((p) => p !== undefined), keys: [...names.map((o) => o.key), ...(at === undefined ? [] : [at.key])] };
  });
  return roots.toSorted((a, b) => b.wroteAt - a.wroteAt || (a.run < b.run ? 1 : -1));
}

const isLease = (key: string): boolean => key.endsWith("/lease");

/** By `roots/<project>/<run>`. */
async function objectsByRun(store: ArtifactStore): Promise<Map<string, ObjectStat[]>> {
  const runs = new Map<string, ObjectStat[]>();
  for await (const object of store.list(layout.roots)) {
    const id = object.key.slice(0, object.key.lastIndexOf("/"));
    const known = runs.get(id);
    if (known === undefined) runs.set(id, [object]); else known.push(object);
  }
  return runs;
}

/** @returns undefined for one that has just gone: somebody has removed the root */
async function read<T extends { readonly v: 1 }>(store: ArtifactStore, key: string): Promise<T | undefined> {
  let text: string;
  try { text = Buffer.from(await (await store.get(key)).bytes()).toString("utf8"); } catch (e) {
    if (MlstackError.is(e, "MLS3001")) return undefined;
    throw e;
  }
  let value: T | undefined;
  try { value = JSON.parse(text) as T; } catch { /* refused below */ }
  if (value?.v === 1) return value;
  throw new MlstackError("MLS3013", `${key} can't be read, so it is not known what it keeps`, { why: value === undefined ? "it is no JSON" : `it is of version ${String(value.v)}, this mlstack reads version 1`, fix: "update mlstack; where the object is damaged, remove it: what only it names is removed with it", details: { key } });
}
