// Steps that do nothing worth measuring, in a module that does nothing else: a step whose module opens files is never cached.
import { json, step } from "@mlstack/pipeline";
import { z } from "zod";

export const first = step({ name: "first", output: json(z.number()), run: () => 0 });
export const next = step({ name: "next", inputs: { x: json(z.number()) }, params: { i: z.number() }, output: json(z.number()), run: ({ inputs, params }) => inputs.x + params.i });
