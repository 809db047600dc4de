// A step that logs a curve, in a module that does nothing else.
import { json, step } from "@mlstack/pipeline";
import { z } from "zod";

export const first = step({ name: "first", output: json(z.number()), run: () => 0 });
export const curve = step({
  name: "curve", inputs: { x: json(z.number()) }, params: { points: z.number() }, output: json(z.number()),
  run({ inputs, params, tracker }) {
    for (let i = 0; i < params.points; i++) tracker.logMetric("loss", 1 / (i + 1));
    return inputs.x + 1;
  },
});
