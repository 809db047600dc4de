export { runCase, runSuite, type CaseOptions, type CaseOutcome, type ConformanceCase, type ConformanceSuite } from "./suite.ts";
export { conformanceTests, type RunnerContext, type RunnerTest } from "./test-runner.ts";
export { artifactStoreSuite } from "./artifact-store/index.ts";
export type { ArtifactStoreContext, ArtifactStoreSubject, ExternalPlace } from "./artifact-store/subject.ts";
export type { StoreNeed } from "./artifact-store/tools.ts";
export { experimentTrackerSuite } from "./experiment-tracker/index.ts";
export type { ExperimentTrackerContext, ExperimentTrackerSubject, ShownPoint, ShownRun } from "./experiment-tracker/subject.ts";
export type { TrackerNeed } from "./experiment-tracker/tools.ts";
