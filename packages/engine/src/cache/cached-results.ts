import { MlstackError, type ArtifactStore } from "@mlstack/core";
import type { Records } from "../records/records.ts";
import { actionSpace, type ActionEntry, type ActionSpace } from "../store/action-space.ts";
import type { NamedStore } from "../store/known-stores.ts";
import { layout } from "../store/layout.ts";
import { sideBySide } from "../store/side-by-side.ts";

/** A result that steps are served with. */
export interface CachedResult {
  readonly key: string;
  /** The node that made it, the run that it was in, and that run's project. */
  readonly step: string;
  readonly run: string;
  readonly project: string;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  /** How long the execution took, in milliseconds. */
  readonly durationMs: number;
  readonly platform: string;
  readonly outputs: readonly { readonly output: string; readonly format: string; /** In bytes. */ readonly size: number }[];
  /** Runs that gave other outputs under the key: while there are any, it is not served. */
  readonly differed: readonly string[];
}

/** Which results. A step is meant by its name in a run, `train` or `train@<item>`; the first stands for the items, too. */
export interface ResultFilter {
  /** A key, or at least eight characters of its beginning. */
  readonly key?: string | undefined;
  /** What the project's runs know of a step. */
  readonly step?: string | undefined;
  /** What the project's runs know of a pipeline. */
  readonly pipeline?: string | undefined;
}

/** A result that was changed, and in which stores. */
export interface ChangedResult { readonly key: string; readonly step: string | undefined; readonly stores: readonly string[] }

/** What was changed, and where that could not be done. */
export interface CacheChange {
  readonly results: readonly ChangedResult[];
  /** Other stores than the active one that could not be asked: what lies there is found again once they can. */
  readonly unreached: readonly { readonly store: string; readonly error: MlstackError }[];
}

/** The results of one trust domain, in the active stack's store and in the others that the project has used. */
export interface CachedResults {
  /** Of the active stack's store, the newest first; 40 by default. */
  list(filter?: ResultFilter & { readonly limit?: number | undefined; /** Only those that executions have differed in. */ readonly marked?: boolean | undefined }): Promise<readonly CachedResult[]>;
  /** Forgets results, in every store in which they would be found: the next execution is the first. Their bytes stay until a clean-up. With `dryRun` only says which. Throws MLS5007 where there is none, and what the active store throws. */
  evict(filter: ResultFilter, options?: { readonly dryRun?: boolean | undefined }): Promise<CacheChange>;
  /** Takes the first result of marked keys for good: they are served again, until another execution differs. Throws MLS5007 where none is marked, and what the active store throws. */
  accept(filter: ResultFilter): Promise<CacheChange>;
}

/** @param stores the active one first */
export function cachedResults(stores: readonly NamedStore[], records: Pick<Records, "keysOf">, domain: string): CachedResults {
  interface Space { readonly name: string; readonly store: ArtifactStore; readonly actions: ActionSpace }
  type Unreached = CacheChange["unreached"][number];

  /** Does something in each store. What goes wrong in the active one is thrown; another one that can't be asked is left out from then on. */
  async function inEach<T>(unreached: Map<string, Unreached>, work: (space: Space) => Promise<T>): Promise<T[]> {
    const done = await Promise.all(stores.map(async ({ name, open }, i): Promise<T[]> => {
      if (unreached.has(name)) return [];
      try {
        const store = await open();
        return [await work({ name, store, actions: actionSpace(store, domain) })];
      } catch (e) {
        if (i === 0 || !MlstackError.is(e)) throw e;
        // whoever uninstalls a plugin knows that its stores are not asked any more
        if (e.code !== "MLS2007") unreached.set(name, { store: name, error: e });
        return [];
      }
    }));
    return done.flat();
  }

  /** The keys that a filter means, as far as records say; by the beginning of a key, as far as stores do. */
  async function keysOf(filter: ResultFilter, look: (work: (space: Space) => Promise<readonly string[]>) => Promise<readonly (readonly string[])[]>): Promise<Map<string, string | undefined>> {
    const known = filter.step === undefined && filter.pipeline === undefined && filter.key === undefined ? [] : await records.keysOf({ node: filter.step, pipeline: filter.pipeline, key: filter.key });
    const keys = new Map<string, string | undefined>(known.map((k) => [k.key, k.node]));
    if (filter.key === undefined || filter.step !== undefined || filter.pipeline !== undefined) return keys;
    const prefix = layout.action(domain, "");
    const found = await look(async ({ store }) => {
      const at: string[] = [];
      for await (const { key } of store.list(prefix + filter.key)) at.push(key.slice(prefix.length).split(layout.MARKED, 1)[0]!);
      return at;
    });
    for (const key of found.flat()) if (!keys.has(key)) keys.set(key, undefined);
    if (keys.size > 1) throw new MlstackError("MLS5006", `${filter.key} fits ${keys.size} keys`, { fix: "give more of the key" });
    return keys;
  }

  async function change(filter: ResultFilter, what: string, work: (space: ActionSpace, key: string) => Promise<boolean>): Promise<CacheChange> {
    checkKey(filter);
    const unreached = new Map<string, Unreached>();
    const keys = await keysOf(filter, (look) => inEach(unreached, look));
    const where = new Map<string, string[]>([...keys.keys()].map((key) => [key, []]));
    await inEach(unreached, ({ name, actions }) => sideBySide(keys.keys(), async (key) => { if (await work(actions, key)) where.get(key)!.push(name); }, 8));
    const results = [...keys].map(([key, step]) => ({ key, step, stores: stores.map((s) => s.name).filter((name) => where.get(key)!.includes(name)) })).filter((c) => c.stores.length > 0);
    if (results.length > 0 || unreached.size > 0) return { results, unreached: [...unreached.values()] };
    throw new MlstackError("MLS5007", `there is no ${what} ${named(filter)}`, { why: keys.size === 0 ? "no run of this project knows such a key" : `${keys.size === 1 ? "its key is" : `${keys.size} keys are`} known, and no store has ${what.startsWith("marked") ? "a mark" : "a result"} under ${keys.size === 1 ? "it" : "them"}`, fix: `mlstack cache list${what.startsWith("marked") ? " --marked" : ""}` });
  }

  return {
    async list({ limit = 40, marked, ...filter } = {}) {
      checkKey(filter);
      const store = await stores[0]!.open();
      const actions = actionSpace(store, domain);
      const marks = await actions.marked();
      const isFiltered = filter.step !== undefined || filter.pipeline !== undefined || filter.key !== undefined;
      let keys: string[];
      if (isFiltered) keys = [...(await keysOf(filter, async (look) => [await look({ name: stores[0]!.name, store, actions })])).keys()]; else {
        const prefix = layout.action(domain, "");
        const objects: { key: string; at: number }[] = [];
        for await (const { key, modifiedAt } of store.list(prefix)) if (!key.includes(layout.MARKED)) objects.push({ key: key.slice(prefix.length), at: modifiedAt.getTime() });
        keys = objects.toSorted((a, b) => b.at - a.at || (a.key < b.key ? -1 : 1)).map((o) => o.key);
      }
      if (marked === true) keys = keys.filter((key) => marks.has(key));
      const found: CachedResult[] = [];
      for (let at = 0; at < keys.length && found.length < limit; at += limit) {
        const read = await sideBySide(keys.slice(at, at + limit), (key) => actions.get(key));
        for (const entry of read) if (entry.state === "found") found.push(resultOf(entry.entry, marks.get(entry.entry.key) ?? []));
      }
      return found.toSorted((a, b) => b.madeAt - a.madeAt).slice(0, limit);
    },
    evict: (filter, { dryRun } = {}) => change(filter, "result", async (actions, key) => {
      if ((await actions.get(key)).state === "none" && !(await actions.isMarked(key))) return false;
      if (dryRun !== true) await actions.evict(key);
      return true;
    }),
    accept: (filter) => change(filter, "marked result", async (actions, key) => {
      if (!(await actions.isMarked(key))) return false;
      await actions.accept(key);
      return true;
    }),
  };
}

function checkKey({ key }: ResultFilter): void {
  if (key !== undefined && !/^[0-9a-f]{8,64}$/.test(key)) throw new MlstackError("MLS7001", `${JSON.stringify(key)} is not a key`, { why: "a key is 64 hexadecimal digits; eight of its beginning are enough", fix: "mlstack cache list shows keys; name a step by --step" });
}

const named = ({ key, step, pipeline }: ResultFilter): string => [...(key === undefined ? [] : [`under the key ${key}`]), ...(step === undefined ? [] : [`of the step ${JSON.stringify(step)}`]), ...(pipeline === undefined ? [] : [`of the pipeline ${JSON.stringify(pipeline)}`])].join(" ");

function resultOf({ key, writer, createdAt, durationMs, platform, outputs }: ActionEntry, differed: readonly string[]): CachedResult {
  return { key, step: writer.node, run: writer.run, project: writer.project, madeAt: createdAt, durationMs, platform, differed, outputs: Object.entries(outputs).map(([output, o]) => ({ output, format: o.format, size: o.size })) };
}
