import { json, pipeline, step } from "mlstack";
import { z } from "zod";

export const measure = step({
  name: "measure",
  params: { count: z.int().default(1000) },
  output: json(z.array(z.number())),
  run: ({ params }) => Array.from({ length: params.count }, (_, i) => Math.sin(i)),
});

export const summarize = step({
  name: "summarize",
  inputs: { values: json(z.array(z.number())) },
  output: json(z.object({ mean: z.number(), largest: z.number() })),
  run: ({ inputs: { values } }) => ({ mean: values.reduce((sum, value) => sum + value, 0) / values.length, largest: Math.max(...values) }),
});

export const waves = pipeline({ name: "waves", build: () => summarize({ values: measure() }) });
