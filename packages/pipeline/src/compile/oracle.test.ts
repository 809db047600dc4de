import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { codeAnalyzer } from "./analyzer.ts";
import { compileModule } from "./compile.ts";
import { edit, filesOf, makeProgram, random, type Program } from "./testing/random-program.ts";
import { settingsFinder } from "./tsconfig.ts";

/**
 * The promise itself, tried on random programs: both versions of an edited program are run for real. Where their results differ, their
 * digests must differ. MLSTACK_ORACLE_CASES=5000 tries more; MLSTACK_ORACLE_SEED repeats a run.
 */
const CASES = Number(process.env["MLSTACK_ORACLE_CASES"] ?? 300);
const SEED = process.env["MLSTACK_ORACLE_SEED"];

const base = realpathSync.native(mkdtempSync(join(tmpdir(), "mlstack-oracle-")));
afterAll(() => { rmSync(base, { recursive: true, force: true }); }, 60_000);
let count = 0;

/** Node's own loader: the test runner's import would compile each module again, and keep it in a cache on disk. */
const load = createRequire(import.meta.url) as (file: string) => { run(x: number): unknown };

interface Outcome {
  /** What `run` gave; undefined where the program cannot even be loaded. */
  readonly result: string | undefined;
  readonly digest: string;
  readonly isCached: boolean;
}

function outcome(program: Program): Outcome {
  const dir = join(base, String(count++));
  const settings = settingsFinder()(dir);
  for (const [path, text] of Object.entries({ ...filesOf(program), "package.json": `{"type":"module"}` })) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
    if (!path.endsWith(".ts")) continue;
    let code = "throw new SyntaxError()";
    try { code = compileModule(path, text, "module", settings).code.replaceAll(/(["'])(\.\/\w+)\.ts\1/g, `"$2.mjs"`); } catch { /* it cannot be loaded */ }
    writeFileSync(join(dir, path.replace(".ts", ".mjs")), code);
  }
  let result: string | undefined;
  try {
    const { run } = load(join(dir, "m0.mjs"));
    try { result = JSON.stringify([run(1), run(4)]); } catch (e) { result = `throws ${String(e)}`; }
  } catch { /* undefined */ }
  const print = codeAnalyzer({ projectDir: dir }).fingerprint({ module: "m0.ts", export: "run" }, { env: [], files: [] });
  rmSync(dir, { recursive: true, force: true });
  return { result, digest: print.digest, isCached: print.uncached.length === 0 };
}

test(`${CASES} edits of random programs`, { timeout: 60_000 + CASES * 200 }, () => {
  const tally = { compared: 0, differed: 0, needless: 0, unloadable: 0, uncached: 0 };
  const needless = new Map<string, number>();
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const r = random(seed ^ 0x5bd1e995);
      const program = makeProgram(seed);
      let changed = edit(program, r);
      if (r(4) === 0) changed = { ...edit(changed.program, r), what: "two edits" };
      const before = outcome(program);
      const after = outcome(changed.program);
      if (before.result === undefined || after.result === undefined) { tally.unloadable++; return; }
      if (!before.isCached || !after.isCached) { tally.uncached++; return; }
      tally.compared++;
      if (before.result !== after.result) {
        tally.differed++;
        expect(after.digest, `seed ${seed}: ${changed.what}\n${JSON.stringify(filesOf(changed.program), null, 1)}`).not.toBe(before.digest);
      } else if (before.digest !== after.digest) {
        tally.needless++;
        needless.set(changed.what, (needless.get(changed.what) ?? 0) + 1);
      }
    }),
    { numRuns: CASES, ...(SEED !== undefined && { seed: Number(SEED) }) },
  );
  console.log(`random programs: ${JSON.stringify(tally)}; digests that differ without need, by edit: ${JSON.stringify(Object.fromEntries(needless))}`);
  // the test is worth nothing where programs do not run, or edits change nothing
  expect(tally.compared).toBeGreaterThan(CASES / 3);
  expect(tally.differed).toBeGreaterThan(CASES / 20);
});
