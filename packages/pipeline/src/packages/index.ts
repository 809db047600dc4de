export { packageFingerprinter, type NodePackagesFingerprint, type PackageFingerprinter } from "./fingerprint.ts";
export { platformOf, runtimeOf, type Platform } from "./platform.ts";
