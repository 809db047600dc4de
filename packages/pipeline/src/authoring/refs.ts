import { didYouMean, MlstackError, nameList, type ArtifactType } from "@mlstack/core";
import type { Body } from "./body.ts";
import type { Ref } from "./types.ts";

const REF = Symbol.for("mlstack.ref");
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

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

/**
 * A reference shows nothing of itself: whatever makes a text, a number or JSON of it would make a parameter of a value that is not there
 * yet, and the wrong result would be cached.
 */
export function makeRef(target: RefTarget): Ref<unknown> {
  const name = () => `${target.node}.${target.output}`;
  const hidden = { value: target };
  return Object.freeze(Object.defineProperties({}, { [REF]: hidden, [INSPECT]: { value: () => `Ref(${name()})` }, ...noText(() => `the output ${name()}`) })) as unknown as Ref<unknown>;
}

export function refTarget(value: unknown): RefTarget | undefined {
  return typeof value === "object" && value !== null && REF in value ? (value as { [REF]: RefTarget })[REF] : undefined;
}

/** The error for an output that was used as if it had its value already. */
export function usedAsValue(what: string): MlstackError {
  return new MlstackError("MLS1004", `${what} was used as a value inside of build`, { why: "it has no value before the run", fix: "pass it as an input of a step, and use its value there" });
}

/** What JavaScript calls when it makes a text or a number of an object, or when JSON is made of it. */
function noText(what: () => string): PropertyDescriptorMap {
  const refuse = { value: () => { throw usedAsValue(what()); } };
  return { [Symbol.toPrimitive]: refuse, toString: refuse, toJSON: refuse };
}

/**
 * References by name. Reading a name that is not there is an error here, and not an `undefined` that fails later.
 *
 * @param owner such as `the step "train"`
 */
export function outputRefs(owner: string, refs: Readonly<Record<string, Ref<unknown>>>): Readonly<Record<string, Ref<unknown>>> {
  const texts = noText(() => `the outputs of ${owner}`);
  return new Proxy(refs, {
    get(target, key) {
      if (Object.hasOwn(target, key)) return Reflect.get(target, key) as unknown;
      const text = texts[key];
      if (text !== undefined) return text.value as unknown;
      if (typeof key !== "string") return Reflect.get(target, key) as unknown;
      if (key === "then" || key in Object.prototype) return undefined;
      const near = didYouMean(key, Object.keys(target));
      throw new MlstackError("MLS1006", `${owner} has no output "${key}"`, {
        why: `its outputs are ${nameList(Object.keys(target))}`, fix: near === undefined ? "read one of these" : `write ${near}`,
        details: { owner, output: key, outputs: Object.keys(target) },
      });
    },
  });
}
