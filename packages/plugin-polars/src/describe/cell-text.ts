import type { Column } from "../arrow/record-batch.ts";
import { integerAt, isNull, scalarAt, type Scalar } from "./scalars.ts";

/**
 * Any value as text of at most `limit` characters; what is left out is marked by `…`, and no more of a long value is read than is shown.
 * Numbers are plain, moments and spans ISO 8601, binaries `0x` and hex, strings as they are, quoted inside of lists and structs.
 */
export function cellText(column: Column, row: number, limit: number): string {
  return cut(isNull(column, row) ? "null" : valueText(column, row, limit), limit);
}

/** Cuts at `limit` characters, never through one. */
export function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, Math.max(0, limit - 1)).replace(/[\ud800-\udbff]$/, "")}…`;
}

function valueText(column: Column, row: number, limit: number): string {
  const { children, offsets } = column;
  const { dtype } = column.field;
  switch (dtype.kind) {
    case "string": return textAt(column, row, limit);
    case "categorical": case "enum": return textAt(column.dictionary!, Number(integerAt(column, row, column.field.dictionary!.codeBytes * 8, false)), limit);
    case "binary": return `0x${Buffer.from(column.data.subarray(offsets[row], Math.min(offsets[row + 1]!, offsets[row]! + limit))).toString("hex")}`;
    case "list": return joined("[]", offsets[row]!, offsets[row + 1]!, limit, (i, left) => itemText(children[0]!, i, left));
    case "array": return joined("[]", row * dtype.width, (row + 1) * dtype.width, limit, (i, left) => itemText(children[0]!, i, left));
    case "struct": return joined("{}", 0, children.length, limit, (i, left) => `${cut(children[i]!.field.name, left)}: ${itemText(children[i]!, row, left)}`);
    default: return scalarText(scalarAt(column, row));
  }
}

function itemText(column: Column, row: number, limit: number): string {
  const { kind } = column.field.dtype;
  const isText = kind === "string" || kind === "categorical" || kind === "enum";
  return isText && !isNull(column, row) ? JSON.stringify(cellText(column, row, limit)) : cellText(column, row, limit);
}

function joined(brackets: string, from: number, to: number, limit: number, text: (i: number, left: number) => string): string {
  let all = brackets[0]!;
  for (let i = from; i < to && all.length <= limit; i++) all += (i === from ? "" : ", ") + text(i, Math.max(1, limit - all.length));
  return all + brackets[1]!;
}

function scalarText(value: Scalar): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function textAt({ data, offsets }: Column, row: number, limit: number): string {
  // a character has at most four bytes; a half one at the end is cut away with the rest
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(data.subarray(offsets[row], Math.min(offsets[row + 1]!, offsets[row]! + 4 * limit + 4)));
}
