import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core";
import { KEY_ALGORITHM, type Plan, type PlanStep } from "@mlstack/pipeline";
import { packageFingerprinter, platformOf, runtimeOf } from "@mlstack/pipeline/compile";
import { afterAll, beforeAll, expect, test } from "vitest";
import { planEnvironment } from "./plan-environment.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "mlstack-verify-"));
  mkdirSync(join(dir, "node_modules", "left"), { recursive: true });
  writeFileSync(join(dir, "node_modules", "left", "package.json"), JSON.stringify({ name: "left", version: "1.0.0" }));
  writeFileSync(join(dir, "node_modules", "left", "index.js"), "export default 1;\n");
});
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });

const { os, arch, libc } = platformOf();
const here = [os, arch, ...(libc === null ? [] : [libc])].join("-");

/** A step as its plan would have it if it had been compiled here. */
function planned(change: Partial<PlanStep["parts"]> = {}, key = KEY_ALGORITHM): { plan: Plan; step: PlanStep } {
  const { digest, entries, roots } = packageFingerprinter({ projectDir: dir, stateDir: join(dir, "state") }).fingerprint([{ name: "left", from: dir }]);
  const parts: PlanStep["parts"] = { code: null, packages: { digest, entries: { ...entries }, roots: [...roots] }, runtime: runtimeOf(), platform: "any", zone: false, env: {}, files: {}, cacheVersion: "", ...change };
  const step = { name: "s", parts } as PlanStep;
  return { step, plan: { environment: { algorithms: { code: "c", key }, runtime: runtimeOf(), platform: { os, arch, libc } } } as Plan };
}

function difference({ plan, step }: ReturnType<typeof planned>): string | undefined {
  try { planEnvironment(plan, dir, join(dir, "state")).verify(step); return undefined; } catch (e) {
    if (MlstackError.is(e, "MLS4005")) return e.message;
    throw e;
  }
}

test("what is as the plan says passes, wherever the result may come from and where it may not", () => {
  expect(difference(planned())).toBeUndefined();
  expect(difference(planned({ platform: here }))).toBeUndefined();
});

test.each([
  ["runtime", { runtime: "node/99" }, `the runtime differs from the plan: found ${runtimeOf()}, planned node/99`],
  ["platform", { platform: "plan9-mips" }, `the platform differs from the plan: found ${here}, planned plan9-mips`],
] as const)("another %s is refused", (_, change, message) => { expect(difference(planned(change))).toBe(message); });

test("a key of another algorithm is refused", () => {
  expect(difference(planned({}, "mlstack-key/0"))).toContain("the key algorithm differs from the plan");
});

test("packages that differ are named, and so is another wiring of the same ones", () => {
  const before = planned();
  const other = { ...before.step.parts.packages!, digest: "0".repeat(64) };
  expect(difference({ ...before, step: { ...before.step, parts: { ...before.step.parts, packages: other } } })).toContain("the wiring of the packages differs");
  writeFileSync(join(dir, "node_modules", "left", "index.js"), "export default 2;\n");
  expect(difference(before)).toContain("the content of the packages differs from the plan: found left@1.0.0 with other files, planned left@1.0.0");
});

test("packages are watched: those that are not the plan's, and those that change afterwards", async () => {
  const before = planned();
  const watch = () => planEnvironment(before.plan, dir, join(dir, "state")).watch(before.step);
  const whole = watch();
  expect(whole.changed()).toBeUndefined();
  writeFileSync(join(dir, "node_modules", "left", "index.js"), "export default 3;\n");
  const late = watch();
  expect([late.changed()?.rule, late.changed()?.message]).toEqual(["changed-after-load", "the content of the packages was changed while the run was going on: found left@1.0.0 with other files, planned left@1.0.0"]);
  // files are looked at from time to time only
  await expect.poll(() => whole.changed()?.message).toMatch(/^the package left@1\.0\.0 was changed/);
});

test("a copy of a package that no name leads to is looked for where it was", () => {
  const vendored = join(dir, "vendor", "node_modules", "left");
  mkdirSync(vendored, { recursive: true });
  writeFileSync(join(vendored, "package.json"), JSON.stringify({ name: "left", version: "9.0.0" }));
  const { digest, entries, roots } = packageFingerprinter({ projectDir: dir, stateDir: join(dir, "state") }).fingerprint([{ name: "left", from: dir, folder: vendored }]);
  const plan = planned({ packages: { digest, entries: { ...entries }, roots: roots.map((r) => ({ ...r })) } });
  expect(difference(plan)).toBeUndefined();
  rmSync(vendored, { recursive: true });
  expect(difference(plan)).toMatch(/packages/);
});
