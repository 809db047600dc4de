import type { ArtifactType } from "@mlstack/core";

/** The type of an input that may be left without a value. */
export type OptionalType<T> = ArtifactType<T | undefined> & { readonly optional: true };

/**
 * Declares an input that takes the result of a condition: `optional(json(Report))` accepts a `Ref<Report>` and a
 * `Ref<Report | undefined>`, and the step gets `undefined` where the branch was skipped. For inputs only: a step returns every output
 * that it declares.
 */
export function optional<T>(type: ArtifactType<T>): OptionalType<T> {
  // the codec never meets the missing value: nothing is stored for it
  return { ...(type as ArtifactType<T | undefined>), optional: true };
}
