import type { StepSpec } from "@mlstack/core";

/** What the pool says to a worker, and a worker to the pool. Lines of the journal are plain texts in between. */
export type ToWorker = { readonly kind: "run"; readonly spec: StepSpec; readonly env: Readonly<Record<string, string>> } | { readonly kind: "cancel"; readonly reason: string };
export type FromWorker = { readonly kind: "line"; readonly line: string } | { readonly kind: "done" };

/** What a worker prints on both of its streams when a step has ended. */
export const END_OF_OUTPUT = "\0mlstack: the step has ended\0\n";
