import type { StepDefinition } from "@mlstack/core";

const LISTENERS = Symbol.for("mlstack.step-listeners");
type Listener = (definition: StepDefinition) => void;
// shared by all copies of this package, as the scope of a build is: the process that listens may have another copy than the user's modules
const listeners = ((globalThis as { [LISTENERS]?: Set<Listener> })[LISTENERS] ??= new Set());

/** Tells of every step that is defined from now on, in the order in which modules define them. For processes that look for one. */
export function onStepDefined(listener: Listener): void {
  listeners.add(listener);
}

export function announce(definition: StepDefinition): StepDefinition {
  for (const listener of listeners) listener(definition);
  return definition;
}
