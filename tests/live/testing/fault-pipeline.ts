import { bytes, json, pipeline, step } from "mlstack";
import { z } from "zod";

/** A few objects, one of them sent in parts. */
export const make = step({
  name: "make", params: { seed: z.number() }, outputs: { table: json(z.array(z.number())), blob: bytes() },
  run({ params, tracker }) {
    tracker.logParam("seed", params.seed);
    for (let n = 0; n < 20; n++) tracker.logMetric("made", params.seed + n, n);
    return { table: Array.from({ length: 100 }, (_, i) => params.seed * i), blob: new Uint8Array(9 << 20).fill(params.seed % 256) };
  },
});

export const total = step({
  name: "total", inputs: { table: json(z.array(z.number())), blob: bytes() }, output: json(z.number()),
  async run({ inputs, tracker }) {
    const sum = inputs.table.reduce((a, b) => a + b, 0) + inputs.blob.length;
    for (let n = 0; n < 10; n++) tracker.logMetric("sum", sum / (n + 1), n);
    await tracker.logFile("notes/total.txt", String(sum));
    return sum;
  },
});

export const faulty = pipeline({ name: "faulty", params: { seed: z.number() }, build: (p) => { const { table, blob } = make({ seed: p.seed }); return { total: total({ table, blob }) }; } });
