export { checkPlugin, type CheckFinding, type CheckOptions, type CheckReport } from "./check-plugin.ts";
export { pluginManifestState, withManifest, writePluginManifest, type PluginManifestState } from "./manifest-file.ts";
export { shippedProblems, type ShippedProblem } from "./shipped-files.ts";
export type { Found, Rule } from "./rule.ts";
export { RULES as CHECK_RULES } from "./rules/index.ts";
