import { statfsSync } from "node:fs";
import { expect, it, onTestFinished } from "vitest";
import { jsonOf, testProject } from "./testing/project.ts";
import { skipBecause } from "./testing/skips.ts";

const GIB = 1024 ** 3;
const SIZE = 4 * GIB;

it("an artifact of 4 GiB passes through 256 MiB of heap and 512 MiB of memory, unchanged", async (context) => {
  // the types are checked on one Node version only, and so is this: it is about bytes, and takes half a minute
  if (process.env["MLSTACK_SKIP_TYPES"] !== undefined) skipBecause(context, "measured on the main Node version only");
  const p = testProject({ "big.mjs": `import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { json, localFile, pipeline, step, storedFile } from "mlstack";
export const write = step({ name: "write", outputs: { file: storedFile(), digest: json() }, async run({ scratch }) {
  const path = join(await scratch(), "big.bin");
  const hash = createHash("sha256");
  const file = await open(path, "w");
  const chunk = Buffer.alloc(16 << 20);
  for (let i = 0; i < ${SIZE / (16 << 20)}; i++) {
    // no two chunks are alike
    for (let at = 0; at < chunk.length; at += 4096) chunk.writeUInt32LE((i * 4099 + at) >>> 0, at);
    hash.update(chunk);
    await file.write(chunk);
  }
  await file.close();
  return { file: localFile(path), digest: hash.digest("hex") };
} });
export const read = step({ name: "read", inputs: { file: storedFile(), digest: json() }, output: json(), async run({ inputs }) {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of inputs.file.stream()) { hash.update(chunk); size += chunk.length; }
  return { size, same: hash.digest("hex") === inputs.digest && (await inputs.file.sha256()) === inputs.digest, maxRssMiB: Math.round(process.resourceUsage().maxRSS / 1024) };
} });
export const big = pipeline({ name: "big", build() { const { file, digest } = write(); read({ file, digest }); } });
` });
  onTestFinished(() => p.close());
  const free = statfsSync(p.dir);
  if (free.bavail * free.bsize < 2.5 * SIZE) skipBecause(context, `needs ${(2.5 * SIZE) / GIB} GiB of disk, there are ${((free.bavail * free.bsize) / GIB).toFixed(1)}`);
  const outcome = await p.mlstack(["run", "big.mjs", "--json"], { node: ["--max-old-space-size=256"] });
  expect(jsonOf(outcome).data).toMatchObject({ status: "completed" });
  const preview = await p.mlstack(["artifact", "preview", "last/read"]);
  const result = JSON.parse(preview.stdout) as { size: number; same: boolean; maxRssMiB: number };
  process.stdout.write(`4 GiB artifact: peak memory ${result.maxRssMiB} MiB\n`);
  expect(result).toMatchObject({ size: SIZE, same: true });
  expect(result.maxRssMiB).toBeLessThanOrEqual(512);
}, 300_000);
