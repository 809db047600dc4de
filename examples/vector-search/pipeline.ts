import type { Match } from "@acme/mlstack-vector-index";
import { json, pipeline, step } from "mlstack";
import { z } from "zod";
import { embed } from "./embed.ts";

const Sentences = z.array(z.object({ id: z.string(), text: z.string() }));
const Matches: z.ZodType<Match[]> = z.array(z.object({ id: z.string(), distance: z.number(), text: z.string().optional() }));

export const collect = step({
  name: "collect", output: json(Sentences),
  run: () => [
    { id: "cat", text: "the cat sleeps on the warm roof" }, { id: "dog", text: "a dog runs after the red ball" },
    { id: "train", text: "the train leaves the station late" }, { id: "plane", text: "the plane leaves late in the rain" },
  ],
});

/** Has an effect on the index, so it always runs: a hit would leave another stack's index empty. */
export const index = step({
  name: "index", inputs: { sentences: json(Sentences) }, params: { collection: z.string().default("sentences") },
  requires: { "acme.vector_index": true }, output: json(z.number()),
  async run({ inputs, params, signal, log, "acme.vector_index": vectors }) {
    await vectors.upsert(params.collection, inputs.sentences.map(({ id, text }) => ({ id, text, vector: embed(text) })), { signal });
    log(`${inputs.sentences.length} sentences are in ${params.collection}`);
    return inputs.sentences.length;
  },
});

export const search = step({
  name: "search", inputs: { indexed: json(z.number()) }, params: { collection: z.string().default("sentences"), query: z.string() },
  requires: { "acme.vector_index": true }, output: json(Matches),
  async run({ params, signal, tracker, "acme.vector_index": vectors }) {
    const found = await vectors.nearest(params.collection, embed(params.query), 2, { signal });
    tracker.logMetric("distance", found[0]?.distance ?? 1);
    return [...found];
  },
});

export const vectorSearch = pipeline({
  name: "vector-search", params: { query: z.string().default("which train is late") },
  build: ({ query }) => ({ matches: search({ indexed: index({ sentences: collect() }), query }) }),
});
