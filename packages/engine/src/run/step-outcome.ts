import { serializeError, type ArtifactPointer, type SerializedError } from "@mlstack/core";
import type { StepEnded } from "../journal/events.ts";
import type { StoredOutput } from "../store/action-space.ts";

/** How a step ended, as far as those that come after it need to know. */
export type StepOutcome =
  | { readonly status: "completed" | "cached"; readonly outputs: Readonly<Record<string, ArtifactPointer>> }
  | { readonly status: "failed" | "cancelled"; readonly error: SerializedError };

export function outcomeOf(event: StepEnded): StepOutcome {
  if (event.status === "completed" || event.status === "cached") return { status: event.status, outputs: pointersOf(event.outputs) };
  return { status: event.status === "cancelled" ? "cancelled" : "failed", error: event.error ?? serializeError(new Error("no reason was given")) };
}

/** Outputs as pointers, without what is only shown. */
export function pointersOf(outputs: Readonly<Record<string, StoredOutput>>): Record<string, ArtifactPointer> {
  return Object.fromEntries(Object.entries(outputs).map(([name, { manifest, identity, format, size }]) => [name, { manifest, identity, format, size }]));
}
