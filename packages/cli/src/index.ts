export type { ArtifactHandle, ArtifactType, Codec, DataHandle, Deployer, InputDir, OutputDir, PipelineHooks, PredictorDefinition, Preview, RetryPolicy, Schedule, StepCallOptions, StepHooks, StepOptions, TensorSpec, Tracker } from "@mlstack/core";
export { MlstackError } from "@mlstack/core";
export { openProjectStack as openStack, type OpenedStack } from "@mlstack/engine";
export { Client, type ArtifactView, type Explanation, type Lineage, type RecordedPipeline, type RunConfig, type RunSummary, type RunView, type StepSummary, type StepView } from "@mlstack/engine";
export { dataset, deployModel, dir, file, map, predictor, step, tensor, when, type DeployModelConfig, type PipelineDefinition, type Ref, type Step, type StepContext } from "@mlstack/pipeline";
export * from "./formats.ts";
export { pipeline, type Pipeline, type PipelineRunOptions } from "./pipeline.ts";
