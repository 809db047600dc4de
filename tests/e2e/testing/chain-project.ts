/** Three steps in a row, as plain JavaScript, and a program that runs them and dies at a given point. */
export const CHAIN: Readonly<Record<string, string>> = {
  "pipeline.mjs": `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
export const one = step({ name: "one", output: json(z.array(z.number())), run: ({ tracker }) => { tracker.logMetric("seen", 1); return Array.from({ length: 1000 }, (_, i) => i); } });
export const two = step({ name: "two", inputs: { xs: json(z.array(z.number())) }, outputs: { sum: json(z.number()), double: json(z.array(z.number())) }, run: ({ inputs }) => ({ sum: inputs.xs.reduce((a, b) => a + b, 0), double: inputs.xs.map((x) => 2 * x) }) });
export const three = step({ name: "three", inputs: { sum: json(z.number()), xs: json(z.array(z.number())) }, output: json(z.string()), run: ({ inputs }) => \`\${inputs.sum} of \${inputs.xs.length}\` });
export const chain = pipeline({ name: "chain", build() { const xs = one(); const { sum, double } = two({ xs }); return { text: three({ sum, xs: double }) }; } });
`,
  "crash.mjs": `import { openEngine } from "@mlstack/engine";
import { chain } from "./pipeline.mjs";
const [mode, point, node] = process.argv.slice(2);
const die = (p, n) => { if (p === point && (node === undefined || n === node)) process.kill(process.pid, "SIGKILL"); };
// of steps in workers the driver knows what it is told
const engine = await openEngine({ faults: { at: die }, ...(mode === "workers" && { concurrency: 1 }) });
const report = await engine.run(chain, {}, { observer: { event: (e) => die(e.kind, e.node) } });
console.log(report.status);
await engine.close();
`,
};
