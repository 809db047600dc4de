import { MlstackError, type ArtifactType } from "@mlstack/core";
import type { RefTarget } from "./refs.ts";

type Type = ArtifactType<unknown>;

/**
 * Returns the target, if an input of this type can read it.
 *
 * @throws MLS1007
 */
export function requireReadable(target: RefTarget, type: Type, where: string): RefTarget {
  const { type: found } = target;
  if (!isReadable(found, type)) {
    const accepted = type.items === undefined && type.settled === undefined ? type.codec.reads.join(", ") : typeName(type);
    throw new MlstackError("MLS1007", `${where} reads ${accepted}, but "${target.node}.${target.output}" is a ${typeName(found)}`, {
      fix: fixFor(found, type), details: { found: typeName(found), accepted: [...type.codec.reads] },
    });
  }
  return target;
}

function isReadable(found: Type, type: Type): boolean {
  if (found.optional && !type.optional) return false;
  if ((found.settled === undefined) !== (type.settled === undefined)) return false;
  if (found.settled !== undefined && type.settled !== undefined) return isReadable(found.settled, type.settled);
  if (!type.codec.reads.includes(found.format)) return false;
  return found.items === undefined || type.items === undefined || isReadable(found.items, type.items);
}

function fixFor(found: Type, type: Type): string {
  if (found.optional && !type.optional) return "declare the input as optional(…), give when a second branch, or call the step inside of the branch";
  if (isSettled(found) && !isSettled(type)) return 'declare the input with settled(…), or leave out onFailure: "collect"';
  return "declare both with the same artifact type";
}

/** Itself, or its items. */
function isSettled(type: Type): boolean {
  return type.settled !== undefined || (type.items !== undefined && isSettled(type.items));
}

/** Whether two references may be the two results of a condition. */
export function isSameType(a: Type, b: Type): boolean {
  const both = (x: Type | undefined, y: Type | undefined): boolean => (x === undefined || y === undefined ? x === y : isSameType(x, y));
  return a.format === b.format && both(a.items, b.items) && both(a.settled, b.settled);
}

/** Such as `list/1 of settled json/1`. */
export function typeName(type: Type): string {
  return type.optional ? `value that may be missing (${presentName(type)})` : presentName(type);
}

function presentName(type: Type): string {
  if (type.settled !== undefined) return `settled ${typeName(type.settled)}`;
  return type.items === undefined ? type.format : `${type.format} of ${typeName(type.items)}`;
}
