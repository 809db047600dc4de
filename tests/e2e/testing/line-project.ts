/** Three steps in a row: the first gives the same for many parameters, the last is meant to be run each time. */
export const LINE: Readonly<Record<string, string>> = {
  "p.ts": `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
export const load = step({ name: "load", params: { n: z.number() }, output: json(z.number()), run: ({ params }) => params.n % 2 });
export const train = step({ name: "train", inputs: { x: json(z.number()) }, params: { depth: z.number() }, output: json(z.number()), run: ({ inputs, params }) => inputs.x * 7 + params.depth });
export const tell = step({ name: "tell", cache: false, inputs: { x: json(z.number()) }, outputs: {}, run: () => undefined });
export const p = pipeline({ name: "p", params: { n: z.number().default(1), depth: z.number().default(3) }, build: (g) => { tell({ x: train({ x: load({ n: g.n }), depth: g.depth }) }); } });
`,
};
