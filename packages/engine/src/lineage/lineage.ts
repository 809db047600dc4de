import type { Plan, PlanSource } from "@mlstack/pipeline";
import { planReader } from "../client/why.ts";
import type { CacheOutcome } from "../journal/events.ts";
import type { Records } from "../records/records.ts";
import type { ArtifactRow } from "../records/schema.ts";
import { joinNode, planIndex, splitNode, type PlanIndex } from "./plan-index.ts";

/** An artifact, by its content: wherever a run has the very same bytes it is this one. */
export interface LineageArtifact {
  readonly kind: "artifact";
  /** `artifact:<digest>`. */
  readonly id: string;
  /** One of its names: RUN/STEP.OUTPUT. */
  readonly artifact: string;
  readonly digest: string;
  readonly format: string;
  /** In bytes. */
  readonly size: number;
}
/** One execution of a step. Runs that were served with its result are not executions; `runs` counts them, too, where that is known. */
export interface LineageStep {
  readonly kind: "step";
  /** `step:<run>/<node>`. */
  readonly id: string;
  readonly run: string;
  readonly step: string;
  /** Milliseconds since 1970; null where the run is in no records here. */
  readonly at: number | null;
  readonly runs: number | null;
}
/** External data that a step was given. */
export interface LineageData {
  readonly kind: "data";
  readonly id: string;
  readonly uri: string;
  /** Of its content and name, as it is in the key; null where that was not kept. */
  readonly digest: string | null;
}
export type LineageNode = LineageArtifact | LineageStep | LineageData;

/** From what is made earlier to what is made later; `port` is the input or output. */
export interface LineageEdge { readonly from: string; readonly to: string; readonly port: string }

/** What made something, and what was made of it. */
export interface Lineage {
  /** Ids of the nodes that were asked for. */
  readonly start: readonly string[];
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly LineageEdge[];
  /** There is more than was asked for, or than fits. */
  readonly truncated: boolean;
}

export interface LineageOptions {
  /** `up`: what made it. `down`: what was made of it. Both by default. */
  readonly direction?: "up" | "down" | "both" | undefined;
  /** How many executions away at most; all by default. */
  readonly depth?: number | undefined;
  /** How many nodes at most; 2,000 by default. */
  readonly limit?: number | undefined;
}

/** What is asked about: artifacts of one step of a run, or the step itself where it made none. */
export interface LineageStart { readonly run: string; readonly node: string; readonly artifacts: readonly ArtifactRow[] }

interface Place { readonly run: string; readonly node: string }

/** Reads lineage from the records: across runs, and through results that were served from the cache. */
export async function readLineage(records: Records, from: LineageStart, { direction = "both", depth = Infinity, limit = 2000 }: LineageOptions = {}): Promise<Lineage> {
  const nodes = new Map<string, LineageNode>();
  const edges = new Map<string, LineageEdge>();
  let truncated = false;
  const plans = planReader(records);
  const indexes = new Map<string, Promise<{ plan: Plan; index: PlanIndex }>>();
  const indexOf = (digest: string) => {
    let found = indexes.get(digest);
    if (found === undefined) indexes.set(digest, (found = plans(digest).then((plan) => ({ plan, index: planIndex(plan) }))));
    return found;
  };

  function add(node: LineageNode): boolean {
    if (nodes.has(node.id)) return false;
    if (nodes.size >= limit) { truncated = true; return false; }
    nodes.set(node.id, node);
    return true;
  }
  // two steps may have made the same content: each is followed
  const followed = new Set<string>();
  const isNewRow = (row: ArtifactRow): boolean => {
    const id = `${row.run}/${row.node}.${row.output}`;
    if (followed.has(id)) return false;
    followed.add(id);
    return true;
  };
  const link = (a: string, b: string, port: string) => { if (nodes.has(a) && nodes.has(b)) edges.set(`${a} ${b} ${port}`, { from: a, to: b, port }); };
  const artifactOf = (a: ArtifactRow): LineageArtifact => ({ kind: "artifact", id: `artifact:${a.manifest}`, artifact: `${a.run}/${a.node}.${a.output}`, digest: a.manifest, format: a.format, size: a.size });
  const stepOf = ({ run, node }: Place, at: number | null, runs: number | null): LineageStep => ({ kind: "step", id: `step:${run}/${node}`, run, step: node, at, runs });

  /** The execution behind a step of a run, and a run of these records in which to look at what it was given. */
  async function makerOf(place: Place): Promise<{ readonly maker: Place; readonly seen: Place; readonly at: number | null }> {
    const row = await records.lineage.stepOf(place.run, place.node);
    const cache = row === undefined ? undefined : (JSON.parse(row.cache_json) as CacheOutcome);
    if (cache?.state !== "hit") return { maker: place, seen: place, at: row?.started_at ?? null };
    const maker = { run: cache.run, node: cache.node };
    return (await records.lineage.stepOf(maker.run, maker.node)) === undefined ? { maker, seen: place, at: cache.madeAt } : { maker, seen: maker, at: cache.madeAt };
  }

  /** The artifacts that a source of a node was in a run. */
  async function sourced(run: string, items: readonly string[], index: PlanIndex, source: PlanSource): Promise<readonly ArtifactRow[]> {
    const node = index.node(source.node);
    const inside = items.slice(0, index.mapsOf(source.node).length);
    // what a map goes over, for one of its items
    if (node?.kind === "map" && items.length > inside.length && source.output === "item") return sourced(run, inside, index, node.over);
    return (await records.lineage.outputsOf(run, joinNode(source.node, inside))).filter((a) => a.output === source.output);
  }

  /** What an execution was given. Returns artifacts that are new. */
  async function given({ seen, maker, at }: Awaited<ReturnType<typeof makerOf>>): Promise<readonly ArtifactRow[]> {
    const step = stepOf(maker, at, null);
    add(step);
    const run = await records.lineage.planOf(seen.run);
    if (run === undefined) return [];
    const { index } = await indexOf(run.plan);
    const { base, items } = splitNode(seen.node);
    const node = index.node(base);
    const fresh: ArtifactRow[] = [];
    const take = (rows: readonly ArtifactRow[], port: string, to = step.id) => {
      for (const row of rows) {
        const artifact = artifactOf(row);
        add(artifact);
        if (nodes.has(artifact.id) && isNewRow(row)) fresh.push(row);
        link(artifact.id, to, port);
      }
    };
    if (node?.kind === "step") {
      for (const [port, from] of Object.entries(node.inputs)) for (const source of Array.isArray(from) ? from : [from]) take(await sourced(seen.run, items, index, source), port);
      const key = (await records.lineage.stepOf(seen.run, seen.node))?.key ?? null;
      const parts = key === null ? undefined : await records.parts(key);
      for (const [name, param] of Object.entries(node.params)) {
        if (!("data" in param)) continue;
        const digest = parts?.[`data.${name}`]?.replace(/^=/, "").split(" ", 1)[0] ?? null;
        const data: LineageData = { kind: "data", id: `data:${digest ?? param.uri}`, uri: param.uri, digest };
        add(data);
        link(data.id, step.id, name);
      }
    } else if (node?.kind === "map") {
      for (const source of Object.values(node.outputs)) take((await records.lineage.outputsOf(seen.run, joinNode(source.node, items), true)).filter((a) => a.output === source.output), "items");
    }
    return fresh;
  }

  async function up(start: readonly ArtifactRow[]): Promise<void> {
    let level = start;
    for (let n = 0; level.length > 0; n++) {
      if (n >= depth) { truncated = true; return; }
      const next: ArtifactRow[] = [];
      for (const row of level) {
        const made = await makerOf(row);
        const run = await records.lineage.planOf(made.seen.run);
        const { base, items } = splitNode(made.seen.node);
        const { index } = run === undefined ? { index: undefined } : await indexOf(run.plan);
        const node = index?.node(base);
        if (node?.kind === "choose") {
          // it has passed on what one of two branches made
          for (const { whenTrue, whenFalse } of Object.values(node.outputs)) {
            for (const source of [whenTrue, whenFalse]) {
              for (const branch of await sourced(made.seen.run, items, index!, source)) {
                if (branch.manifest !== row.manifest || !isNewRow(branch)) continue;
                nodes.set(artifactOf(branch).id, artifactOf(branch));
                next.push(branch);
              }
            }
          }
          continue;
        }
        const id = stepOf(made.maker, made.at, null).id;
        const isNew = !nodes.has(id);
        const fresh = await given(made);
        link(id, artifactOf(row).id, row.output);
        if (isNew) next.push(...fresh);
      }
      level = next;
    }
  }

  async function down(start: readonly ArtifactRow[]): Promise<void> {
    const done = new Set<string>();
    let level = start;
    for (let n = 0; level.length > 0; n++) {
      const next: ArtifactRow[] = [];
      for (const { manifest } of level) {
        if (done.has(manifest)) continue;
        done.add(manifest);
        for (const seen of await records.lineage.seenAs(manifest)) {
          const { index } = await indexOf(seen.plan);
          const { base, items } = splitNode(seen.node);
          for (const use of index.usesOf({ node: base, output: seen.output })) {
            if (n >= depth) { truncated = true; continue; }
            const user = joinNode(use.by.id, items.slice(0, items.length - use.outer));
            for (const execution of await records.lineage.executionsWhere({ ...seen, manifest }, user, use.deeper > 0)) {
              add(stepOf(execution, execution.startedAt, execution.runs));
              link(`artifact:${manifest}`, `step:${execution.run}/${execution.node}`, use.port);
              next.push(...(await gave(execution, { run: execution.seenIn, node: execution.seenAs })));
            }
          }
        }
      }
      level = next;
    }
  }

  /** What an execution gave. */
  async function gave(maker: Place, seen: Place): Promise<readonly ArtifactRow[]> {
    const rows = await records.lineage.outputsOf(seen.run, seen.node);
    for (const row of rows) {
      add(artifactOf(row));
      link(`step:${maker.run}/${maker.node}`, `artifact:${row.manifest}`, row.output);
    }
    return rows;
  }

  const made = await makerOf(from);
  for (const row of from.artifacts) add(artifactOf(row));
  // a step without a result is asked about itself
  if (from.artifacts.length === 0) add(stepOf(made.maker, made.at, null));
  if (direction !== "down") await up(from.artifacts.length > 0 ? from.artifacts : await given(made));
  if (direction !== "up") await down(from.artifacts);
  return { start: from.artifacts.length > 0 ? [...new Set(from.artifacts.map((a) => `artifact:${a.manifest}`))] : [`step:${made.maker.run}/${made.maker.node}`], nodes: [...nodes.values()], edges: [...edges.values()], truncated };
}
