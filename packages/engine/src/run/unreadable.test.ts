import { definePipeline, json, step } from "@mlstack/pipeline";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { harness, type Harness } from "../testing/harness.ts";

const open: Harness[] = [];
afterEach(async () => { for (const h of open.splice(0)) await h.close(); });
const run = async (build: () => unknown) => {
  const h = await harness();
  open.push(h);
  return (await h.run(definePipeline({ name: "p", build }))).error;
};

test("a value that its schema refuses is named: step, input or output, and what to do", async () => {
  const text = step({ name: "text", output: json(), run: () => "x" });
  const number = step({ name: "number", output: json(z.number()), run: () => "x" as unknown as number });
  const reads = step({ name: "reads", inputs: { count: json(z.number()) }, output: json(), run: () => 1 });
  expect(await run(() => number())).toMatchObject({ code: "MLS1009", message: expect.stringMatching(/^the output "output" of the step "number" can't be stored as json\/1: the value does not satisfy its schema: value: /) as string, fix: expect.stringContaining("return what the schema") as string });
  expect(await run(() => reads({ count: text() as never }))).toMatchObject({ code: "MLS3007", message: expect.stringMatching(/^the input "count" of the step "reads" can't be read as json\/1: /) as string, fix: expect.stringContaining("the schema of count") as string });
});
