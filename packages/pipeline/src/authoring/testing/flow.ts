import { z } from "zod";
import { definePipeline, json, list, optional, settled, step, text } from "../../index.ts";

export const num = json(z.number());
export const items = step({ name: "items", output: list(num), run: () => [1] });
export const plain = step({ name: "plain", output: json(z.array(z.number())), run: () => [1] });
export const names = step({ name: "names", output: json(z.array(z.string())), run: () => ["a"] });
export const note = step({ name: "note", output: text(), run: () => "" });
export const score = step({ name: "score", inputs: { item: num }, output: num, run: ({ inputs }) => inputs.item });
export const split = step({ name: "split", inputs: { item: num }, outputs: { low: num, high: text() }, run: () => ({ low: 1, high: "" }) });
export const good = step({ name: "good", inputs: { item: num }, output: json(z.boolean()), run: () => true });
export const one = step({ name: "one", output: num, run: () => 1 });
export const send = step({ name: "send", inputs: { item: num }, run: () => undefined });
export const sum = step({ name: "sum", inputs: { all: list(num) }, output: num, run: () => 1 });
export const tally = step({ name: "tally", inputs: { all: list(settled(num)) }, output: num, run: () => 1 });
export const show = step({ name: "show", inputs: { value: optional(num) }, output: num, run: () => 1 });

/** For tests: what a build makes. */
export const built = (b: () => unknown) => definePipeline({ name: "p", build: b }).graph({});
