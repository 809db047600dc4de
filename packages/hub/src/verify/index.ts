export { verifyInstalled, verifyProject, type Finding } from "./verify-installed.ts";
export { pinnedProblem, registryProblem } from "./verify-registry.ts";
export { openLoadCheck, type LoadCheck, type LoadCheckOptions } from "./load-check.ts";
export { verifyDeep, type DeepFinding } from "./verify-deep.ts";
