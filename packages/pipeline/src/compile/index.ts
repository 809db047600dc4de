export { codeAnalyzer } from "./analyzer.ts";
export { CODE, SOURCES } from "./bundle.ts";
export { givenCode, type CodeIndex, type GivenCode } from "./given.ts";
export { installSourceHooks } from "./hooks.ts";
export { lint, type LintReport } from "./lint/lint.ts";
export type { LintFinding, LintRule } from "./lint/finding.ts";
export { CODE_ALGORITHM } from "./digest.ts";
export type { CodeAnalyzer, CodeBundle, CodeFingerprint, LoadCheck, ModuleFingerprint, PackagesFingerprint, ReachedPackage, StepIdentity, UncachedReason } from "./types.ts";
export { packageFingerprinter, platformOf, runtimeOf, type PackageFingerprinter, type Platform } from "../packages/index.ts";
