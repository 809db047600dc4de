import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { Client, json, pipeline, step, type ArtifactView } from "./index.ts";

const train = step({ name: "train", params: { depth: z.number().default(3) }, outputs: { model: json(z.object({ trees: z.number() })), auc: json(z.number()) }, run: () => ({ model: { trees: 1 }, auc: 0.5 }) });
const count = step({ name: "count", output: json(z.number()), run: () => 1 });
const training = pipeline({ name: "training", params: { depth: z.number().default(3), seed: z.number() }, build: (p) => { const { model, auc } = train({ depth: p.depth }); return { model, scores: [auc], n: count() }; } });
const plain = pipeline({ name: "plain", build: () => { count(); } });

test("a run's outputs are typed by its pipeline", async () => {
  const run = await training.run({ seed: 1 });
  expectTypeOf(run.outputs.model).toEqualTypeOf<ArtifactView<{ trees: number }>>();
  expectTypeOf(await run.outputs.model.load()).toEqualTypeOf<{ trees: number }>();
  expectTypeOf(run.outputs.scores).toEqualTypeOf<readonly ArtifactView<number>[]>();
  expectTypeOf(await run.step(train).outputs.auc.load()).toEqualTypeOf<number>();
  expectTypeOf(await run.step(count).outputs.output.load()).toEqualTypeOf<number>();
  expectTypeOf(await run.steps["train"]!.outputs["auc"]!.load()).toEqualTypeOf<unknown>();
  expectTypeOf(await run.steps["train"]!.outputs["auc"]!.load(json(z.number()))).toEqualTypeOf<number>();
});

test("parameters are needed where they have no default", () => {
  void plain.run();
  void plain.run({}, { quiet: true });
  // @ts-expect-error it has no parameters
  void plain.run({ n: 3 });
  // @ts-expect-error seed has no default
  void training.run();
  // @ts-expect-error wrong type
  void training.run({ seed: "1" });
  // @ts-expect-error unknown parameter
  void training.run({ seed: 1, dpeth: 2 });
});

test("a client gives the same types by the pipeline object, and unknown ones by name", async () => {
  const client = new Client();
  expectTypeOf((await client.lastRun(training)).outputs.n).toEqualTypeOf<ArtifactView<number>>();
  expectTypeOf((await client.run("last", training)).outputs.model).toEqualTypeOf<ArtifactView<{ trees: number }>>();
  expectTypeOf((await client.lastRun("training")).outputs).toEqualTypeOf<unknown>();
  expectTypeOf((await client.getPipeline(training).lastRun()).outputs.n).toEqualTypeOf<ArtifactView<number>>();
  expectTypeOf((await client.getPipeline("training").lastRun()).outputs).toEqualTypeOf<unknown>();
});
