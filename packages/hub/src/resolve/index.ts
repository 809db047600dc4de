export { parseSpec, specText, wantedText, type Spec, type Wanted } from "./spec.ts";
export { fitProblem, type Obstacle, type ObstacleKind, type ProjectFacts } from "./fit.ts";
export { COOLDOWN_HOURS, policyProblem, type Exception, type Policy } from "./policy.ts";
export { resolveVersion, type Resolution, type ResolveContext } from "./resolve-version.ts";
