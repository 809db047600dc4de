import type { Component } from "../contracts/component.ts";
import type { Deployer } from "../contracts/model-deployer.ts";
import type { ComponentTypes } from "../contracts/registry.ts";

/**
 * Component types under the names by which step definitions require them, and the handle that a step is given.
 * A third party's type is named by its id: `requires: { "acme.vector_index": true }`.
 */
export interface StepComponents {
  modelDeployer: Deployer;
}

/** The names under which a step's context hands components out, where they differ from the names in `requires`. */
export const CONTEXT_NAMES = { modelDeployer: "deployer", experimentTracker: "tracker" } as const;

/** `modelDeployer` → `model_deployer`; a namespaced id stays as it is. */
export function componentTypeOf(name: string): string {
  return name.includes(".") ? name : name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
}

/** `model_deployer` → `modelDeployer`; a namespaced id stays as it is. */
export function componentNameOf(type: string): string {
  return type.includes(".") ? type : type.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase());
}

/** The handle that a step gets for a component it names. */
export type StepComponentHandle<N extends string> = N extends keyof StepComponents ? StepComponents[N]
  : N extends keyof ComponentTypes ? ComponentTypes[N] : Component;
