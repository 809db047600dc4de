import { json, pipeline, step } from "mlstack";
import { z } from "zod";

export const train = step({
  name: "train",
  params: { depth: z.int() },
  output: json<number>(),
  async run({ params, tracker }) {
    tracker.logParams({ depth: params.depth, "weights[0]": "größe" });
    for (let epoch = 0; epoch < 300; epoch++) tracker.logMetrics({ loss: 1 / (epoch + 1), "acc/train": epoch === 7 ? Number.NaN : epoch });
    tracker.setTag("phase", "trained");
    await tracker.logFile("plots/roc.svg", "<svg/>");
    return params.depth;
  },
});

export const evaluate = step({
  name: "evaluate",
  inputs: { model: json<number>() },
  params: { fail: z.boolean() },
  output: json<number>(),
  run({ inputs, params, tracker }) {
    tracker.logParam("depth", inputs.model + 1);
    tracker.logMetric("loss", 0.5, 1000);
    tracker.setTag("phase", "evaluated");
    if (params.fail) throw new Error("as it was told");
    return inputs.model;
  },
});

export const tracked = pipeline({
  name: "tracked",
  params: { depth: z.int().default(3), fail: z.boolean().default(false) },
  build: (p) => evaluate({ model: train({ depth: p.depth }), fail: p.fail }),
});
