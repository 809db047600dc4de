import { createHash } from "node:crypto";
import { join } from "node:path";
import type { CompileContext, StepFingerprint } from "../compile-context.ts";

export const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Surroundings in which every step is known and cachable; for tests and benchmarks of the compiler alone. */
export function testingContext(over: Partial<CompileContext> & { print?: Partial<StepFingerprint> } = {}): CompileContext {
  const { print, ...rest } = over;
  return {
    projectDir: join(import.meta.dirname, ".."), runtime: "node/24", platform: { os: "linux", arch: "x64", libc: "glibc" }, codeAlgorithm: "test/1", env: {}, envSalt: "salt", moduleOf: () => "pipeline.ts",
    fingerprinters: {
      node: {
        fingerprint: (step) => ({
          identity: { module: "steps.ts", export: step.name }, native: false, readsZone: false, env: [], runtime: "node/24", uncached: [], packages: { digest: digestOf(""), entries: {}, roots: [], native: false, uncached: [] },
          code: { digest: digestOf(step.name), modules: { "steps.ts": { digest: digestOf(step.name), symbols: { [step.name]: digestOf(step.name) } } }, packages: [], files: [], readsZone: false, readsPlatform: false, env: [], uncached: [] }, ...print,
        }),
      },
    },
    bundle: () => ({ digest: digestOf("bundle"), bundle: { files: new Map(), modules: {} } }),
    ...rest,
  };
}
