export { codeAnalyzer } from "./analyzer.ts";
export { SOURCES } from "./bundle.ts";
export { installSourceHooks } from "./hooks.ts";
export { CODE_ALGORITHM } from "./digest.ts";
export type { CodeAnalyzer, CodeBundle, CodeFingerprint, ModuleFingerprint, PackagesFingerprint, ReachedPackage, StepIdentity, UncachedReason } from "./types.ts";
export { packageFingerprinter, platformOf, runtimeOf, type PackageFingerprinter, type Platform } from "../packages/index.ts";
