import type { ArtifactType, DataRef } from "@mlstack/core";
import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { dataset } from "./params.ts";
import { definePipeline } from "./pipeline.ts";
import { step } from "./step.ts";
import type { ParamInputs, Ref } from "./types.ts";

class DataFrame { height = 0 }
class Forest { predict(x: DataFrame): number[] { return [x.height]; } }
declare function artifact<T>(): ArtifactType<T>;
declare function list<T>(item: ArtifactType<T>): ArtifactType<readonly T[]> & { readonly items: ArtifactType<T> };
const Profile = z.object({ rows: z.number() });

const load = step({
  name: "load", params: { uri: z.string(), data: dataset().default("data.parquet") }, outputs: { raw: artifact<DataFrame>(), profile: artifact<z.infer<typeof Profile>>() },
  run({ params, metadata }) {
    expectTypeOf(params.uri).toEqualTypeOf<string>();
    expectTypeOf(params.data.digest).toEqualTypeOf<string>();
    metadata("raw", { uri: params.uri });
    // @ts-expect-error unknown output
    metadata("nope", {});
    return { raw: new DataFrame(), profile: { rows: 1 } };
  },
});
const train = step({
  name: "train", inputs: { x: artifact<DataFrame>() }, params: { n: z.number().default(100) }, output: artifact<Forest>(), requires: { experimentTracker: "mlflow_tracker" },
  uses: { modelDeployer: "optional" },
  async run({ inputs, params, tracker, deployer, artifacts }) {
    tracker.logParams({ n: params.n });
    expectTypeOf(inputs.x).toEqualTypeOf<DataFrame>();
    expectTypeOf(artifacts.x.digest).toEqualTypeOf<string>();
    await deployer?.deploy({ name: "x", model: artifacts.x, servable: { kind: "format" } });
    // @ts-expect-error may be absent
    deployer.accepts;
    return new Forest();
  },
});
const nothing = step({ name: "nothing", run() {} });
const join = step({ name: "join", inputs: { parts: list(artifact<DataFrame>()) }, output: artifact<number>(), run: ({ inputs }) => inputs.parts.length });
step({
  name: "deploy", inputs: { m: artifact<Forest>() }, requires: { modelDeployer: true }, serves: { m: "format" },
  run({ deployer, inputs }) { expectTypeOf(deployer.accepts).not.toBeUndefined(); expectTypeOf(inputs).toEqualTypeOf<{ readonly m: Forest }>(); },
});

test("wiring is typed", () => {
  const p = definePipeline({
    name: "p", params: { uri: z.string().default("a"), n: z.number().default(3), data: dataset() },
    build(p) {
      expectTypeOf(p.n).toEqualTypeOf<number>();
      expectTypeOf(p.data.uri).toEqualTypeOf<string>();
      const { raw, profile } = load({ uri: p.uri, data: p.data });
      const model = train({ x: raw, n: p.n });
      expectTypeOf(model).toEqualTypeOf<Ref<Forest>>();
      train({ x: raw }, { after: [profile], id: "again" });
      nothing();
      join({ parts: [raw, raw] });
      // @ts-expect-error wrong artifact
      train({ x: profile });
      // @ts-expect-error missing input
      train({ n: 3 });
      // @ts-expect-error unknown output
      load({ uri: "x" }).nope;
      // @ts-expect-error wrong parameter
      load({ uri: 3 });
      // @ts-expect-error missing parameter
      load({});
      // @ts-expect-error arguments are needed
      load();
      // @ts-expect-error nothing is declared
      nothing({ n: 3 });
      nothing({});
      // @ts-expect-error not a list of frames
      join({ parts: [profile] });
      return { model };
    },
  });
  expectTypeOf<ParamInputs<typeof p.params>>().toEqualTypeOf<{ readonly data: string | DataRef } & { readonly uri?: string | undefined; readonly n?: number | undefined }>();
});

test("results are typed", () => {
  step({
    name: "bad", outputs: { a: artifact<number>() },
    // @ts-expect-error wrong result
    run() { return { a: "x" }; },
  });
  step({
    name: "bad2", output: artifact<number>(),
    // @ts-expect-error wrong result
    run: () => "x",
  });
  step({
    name: "unrequired", output: artifact<number>(),
    // @ts-expect-error the deployer was not required
    run: ({ deployer }) => deployer.accepts.length,
  });
});
