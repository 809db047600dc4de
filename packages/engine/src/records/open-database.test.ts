import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, expect, test } from "vitest";

const dir = mkdtempSync(join(tmpdir(), "mlstack-records-"));
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });

/** Opens one new database after the other, each at the moment when all openers do. */
function opener(barrier: SharedArrayBuffer, paths: readonly string[]): Promise<string[]> {
  const worker = new Worker(new URL("./testing/opener.ts", import.meta.url), { workerData: { barrier, paths, openers: 3 }, execArgv: ["--no-warnings"], env: {} });
  return new Promise((done, failed) => { worker.once("message", done); worker.once("error", failed); });
}

test("connections that make the same new database at once wait for each other", { timeout: 60_000 }, async () => {
  const paths = Array.from({ length: 40 }, (_, i) => join(dir, `${i}.db`));
  const barrier = new SharedArrayBuffer(4 * paths.length);
  const all = await Promise.all(Array.from({ length: 3 }, () => opener(barrier, paths)));
  expect(all.flat()).toEqual([]);
});
