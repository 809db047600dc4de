import type { Batch, KeyValue, MetricPoint } from "../rest/wire.ts";

/** Limits of one log-batch request (MLflow's REST API). Bytes: MLflow says 1,000,000, which is also where proxies commonly stop. */
export const LIMITS = { params: 100, tags: 100, metrics: 1000, entries: 1000, bytes: 900_000 } as const;

type Item = { readonly kind: "params" | "tags"; readonly item: KeyValue } | { readonly kind: "metrics"; readonly item: MetricPoint };
interface Open { params: KeyValue[]; metrics: MetricPoint[]; tags: KeyValue[]; entries: number; bytes: number }

/** Splits a plan into requests that are within the limits, in its order: params, metrics, tags. */
export function batchesOf(plan: Batch): readonly Batch[] {
  const batches: Open[] = [];
  let open: Open | undefined;
  const items: Item[] = [
    ...plan.params.map((item) => ({ kind: "params" as const, item })), ...plan.metrics.map((item) => ({ kind: "metrics" as const, item })),
    ...plan.tags.map((item) => ({ kind: "tags" as const, item })),
  ];
  for (const { kind, item } of items) {
    const bytes = Buffer.byteLength(JSON.stringify(item)) + 16; // for a comma, and for NaN and infinities, which are longer than null
    if (open === undefined || open[kind].length === LIMITS[kind] || open.entries === LIMITS.entries || open.bytes + bytes > LIMITS.bytes) {
      open = { params: [], metrics: [], tags: [], entries: 0, bytes: 200 };
      batches.push(open);
    }
    if (kind === "metrics") open.metrics.push(item); else open[kind].push(item);
    open.entries++;
    open.bytes += bytes;
  }
  return batches.map(({ params, metrics, tags }) => ({ params, metrics, tags }));
}

export const sizeOf = (batch: Batch): number => batch.params.length + batch.metrics.length + batch.tags.length;

/** Two halves of a batch of two entries or more, to find the one that is refused. */
export function halves(batch: Batch): [Batch, Batch] {
  const middle = sizeOf(batch) >> 1;
  const part = (from: number, to: number): Batch => {
    const { params, metrics, tags } = batch;
    const cut = <T>(list: readonly T[], offset: number): readonly T[] => list.slice(Math.max(0, from - offset), Math.max(0, to - offset));
    return { params: cut(params, 0), metrics: cut(metrics, params.length), tags: cut(tags, params.length + metrics.length) };
  };
  return [part(0, middle), part(middle, sizeOf(batch))];
}
