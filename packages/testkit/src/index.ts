export type { TestTracker, TrackedFile, TrackedMetric } from "./test-tracker.ts";
export { testStep, type InputsOf, type OutputsOf, type ParamsOf, type StepTest, type StepTestResult } from "./test-step.ts";
export { memoryStack, type MemoryStack } from "./memory/memory-stack.ts";
export type { MemoryRun } from "./memory/memory-tracker.ts";
