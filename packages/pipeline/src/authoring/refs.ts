import { didYouMean, MlstackError, nameList, type ArtifactType } from "@mlstack/core";
import type { Body } from "./body.ts";
import type { Ref } from "./types.ts";

const REF = Symbol.for("mlstack.ref");

/** What a reference stands for. */
export interface RefTarget {
  /** The graph that it belongs to. */
  readonly graph: object;
  readonly node: string;
  readonly output: string;
  /** Of the value: for the result of a map a list, for that of a condition optional. */
  readonly type: ArtifactType<unknown>;
  /** Where it was made, and is known. */
  readonly body: Body;
  /** It is what the body of a map gets. */
  readonly isItem?: true;
}

export function makeRef(target: RefTarget): Ref<unknown> {
  // with its getters: an item's node has no name yet
  const properties = Object.getOwnPropertyDescriptors(target);
  const ref = Object.freeze(Object.defineProperties({ [REF]: 1, toString: () => `${target.node}.${target.output}` }, properties));
  return ref as unknown as Ref<unknown>;
}

export function refTarget(value: unknown): RefTarget | undefined {
  return typeof value === "object" && value !== null && REF in value ? (value as unknown as RefTarget) : undefined;
}

/**
 * References by name. Reading a name that is not there is an error here, and not an `undefined` that fails later.
 *
 * @param owner such as `the step "train"`
 */
export function outputRefs(owner: string, refs: Readonly<Record<string, Ref<unknown>>>): Readonly<Record<string, Ref<unknown>>> {
  return new Proxy(refs, {
    get(target, key) {
      if (typeof key !== "string" || Object.hasOwn(target, key)) return Reflect.get(target, key) as unknown;
      if (key === "then" || key === "toJSON" || key in Object.prototype) return undefined;
      const near = didYouMean(key, Object.keys(target));
      throw new MlstackError("MLS1006", `${owner} has no output "${key}"`, {
        why: `its outputs are ${nameList(Object.keys(target))}`, fix: near === undefined ? "read one of these" : `write ${near}`,
        details: { owner, output: key, outputs: Object.keys(target) },
      });
    },
  });
}
