export { verifyInstalled, verifyProject, type Finding } from "./verify-installed.ts";
export { registryProblem } from "./verify-registry.ts";
export { openLoadCheck, type LoadCheck, type LoadCheckOptions } from "./load-check.ts";
