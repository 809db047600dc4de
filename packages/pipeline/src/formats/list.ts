import { MlstackError, type ArtifactType } from "@mlstack/core";
import { artifactType } from "./artifact-type.ts";

/** The type of a list, which knows the type of its items. */
export interface ListType<T> extends ArtifactType<readonly T[]> {
  readonly items: ArtifactType<T>;
}

/**
 * A list whose items are artifacts of their own, so that each has a digest and `map` can cache item by item: format `list/1`. The engine
 * stores the items by their type's codec and the list as a manifest of them; this codec is never called. Its kind is its items'.
 *
 * For a small list that is only ever used as a whole, `json(z.array(…))` is one file in place of many.
 *
 * @throws MLS1008 for items that are optional
 */
export function list<T>(item: ArtifactType<T>): ListType<T> {
  if (item.optional) throw new MlstackError("MLS1008", "list(optional(…)) is not a type: a list has all of its items", { fix: "write optional(list(…)), or give when a second branch" });
  const type = artifactType<readonly T[]>("list/1", { kind: item.kind }, { save: notCalled, load: notCalled });
  return { ...type, items: item };
}

function notCalled(): never {
  throw new MlstackError("MLS9001", "the codec of list/1 was called: the engine stores a list's items as artifacts of their own");
}
