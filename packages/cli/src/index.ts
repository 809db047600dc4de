export type { ArtifactHandle, ArtifactType, Codec, DataHandle, Deployer, InputDir, OutputDir, Preview, PipelineHooks, RetryPolicy, Schedule, StepCallOptions, StepHooks, StepOptions, Tracker } from "@mlstack/core";
export { MlstackError } from "@mlstack/core";
export { Client, type ArtifactView, type Explanation, type RunConfig, type RunView, type StepView } from "@mlstack/engine";
export { dataset, dir, file, map, step, when, type PipelineDefinition, type Ref, type Step, type StepContext } from "@mlstack/pipeline";
export * from "./formats.ts";
export { pipeline, type Pipeline, type PipelineRunOptions } from "./pipeline.ts";
