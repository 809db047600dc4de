import { expect, it, onTestFinished } from "vitest";
import { testProject } from "./testing/project.ts";

it("a script has what its run made, whatever it was given", async () => {
  const p = testProject({ "run.mjs": `import { Client, json, pipeline, step } from "mlstack";
import { z } from "zod";
const params = { at: z.date(), count: z.bigint(), words: z.string().transform((s) => s.split(" ")), weigh: z.custom((f) => typeof f === "function") };
export const tell = step({ name: "tell", params: { at: z.date(), count: z.bigint(), words: z.array(z.string()), weigh: z.custom((f) => typeof f === "function") }, output: json(z.string()), run: ({ params: { at, count, words, weigh } }) => \`\${at.getTime()} \${count} \${words.length} \${weigh(3)}\` });
export const p = pipeline({ name: "p", params, build: (p) => ({ text: tell(p) }) });
const run = await p.run({ at: new Date(5), count: 12n, words: "a b", weigh: (x) => 2 * x }, { quiet: true });
const client = new Client();
const later = await client.run(run.id);
console.log(JSON.stringify([await run.outputs.text.load(), run.params.at.getTime(), await later.steps.tell.outputs.output.load()]));
await client.close();
` });
  onTestFinished(() => p.close());
  const { code, stdout, stderr } = await p.node(["run.mjs"]);
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toEqual(["5 12 2 6", 5, "5 12 2 6"]);
});
