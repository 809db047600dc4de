import { describe, expect, it } from "vitest";
import type { Dtype } from "../arrow/dtype.ts";
import type { Column } from "../arrow/record-batch.ts";
import { columnDigest } from "./column-digest.ts";

const INT8: Dtype = { kind: "int", bits: 8, signed: true };

/** A column as polars could lay it out; polars itself leaves less below nulls than it might. */
function column(dtype: Dtype, parts: Partial<Column> & { readonly rows: number }): Column {
  const field = { name: "", dtype, children: [], offsetBytes: 8, dictionary: undefined } as const;
  return { field, validity: undefined, data: new Uint8Array(0), offsets: new Float64Array(1), children: [], dictionary: undefined, ...parts };
}
const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);
const digest = (dtype: Dtype, make: () => Column): string[] => {
  const all = columnDigest(dtype);
  const made = make();
  all.add(made, 0, made.rows);
  return all.digests().map((hash) => hash.toString("hex"));
};

// one layout, another one of the same values, and one of other values
const LAYOUTS: readonly [string, Dtype, () => Column, () => Column, () => Column][] = [
  ["a null's slot", INT8,
    () => column(INT8, { rows: 3, validity: bytes(0b101), data: bytes(1, 0, 3) }),
    () => column(INT8, { rows: 3, validity: bytes(0b11111101), data: bytes(1, 99, 3) }),
    () => column(INT8, { rows: 3, validity: bytes(0b111), data: bytes(1, 0, 3) })],
  ["a null's bytes", { kind: "string" },
    () => column({ kind: "string" }, { rows: 3, validity: bytes(0b101), data: bytes(1, 2, 3), offsets: Float64Array.of(0, 1, 1, 3) }),
    () => column({ kind: "string" }, { rows: 3, validity: bytes(0b101), data: bytes(0, 1, 9, 9, 2, 3), offsets: Float64Array.of(1, 2, 4, 6) }),
    () => column({ kind: "string" }, { rows: 3, validity: bytes(0b101), data: bytes(1, 2, 3), offsets: Float64Array.of(0, 2, 2, 3) })],
  ["a null's items", { kind: "list", item: INT8 },
    () => column({ kind: "list", item: INT8 }, { rows: 3, validity: bytes(0b101), offsets: Float64Array.of(0, 1, 1, 3), children: [column(INT8, { rows: 3, data: bytes(1, 2, 3) })] }),
    () => column({ kind: "list", item: INT8 }, { rows: 3, validity: bytes(0b101), offsets: Float64Array.of(1, 2, 4, 6), children: [column(INT8, { rows: 6, data: bytes(0, 1, 9, 9, 2, 3) })] }),
    () => column({ kind: "list", item: INT8 }, { rows: 3, validity: bytes(0b111), offsets: Float64Array.of(0, 1, 1, 3), children: [column(INT8, { rows: 3, data: bytes(1, 2, 3) })] })],
  ["a null array's items", { kind: "array", item: INT8, width: 2 },
    () => column({ kind: "array", item: INT8, width: 2 }, { rows: 2, validity: bytes(0b10), children: [column(INT8, { rows: 4, validity: bytes(0b1100), data: bytes(0, 0, 1, 2) })] }),
    () => column({ kind: "array", item: INT8, width: 2 }, { rows: 2, validity: bytes(0b10), children: [column(INT8, { rows: 4, data: bytes(8, 9, 1, 2) })] }),
    () => column({ kind: "array", item: INT8, width: 2 }, { rows: 2, children: [column(INT8, { rows: 4, validity: bytes(0b1100), data: bytes(0, 0, 1, 2) })] })],
  ["a null struct's fields", { kind: "struct", fields: [{ name: "a", dtype: INT8 }] },
    () => column({ kind: "struct", fields: [{ name: "a", dtype: INT8 }] }, { rows: 2, validity: bytes(0b10), children: [column(INT8, { rows: 2, validity: bytes(0b10), data: bytes(0, 1) })] }),
    () => column({ kind: "struct", fields: [{ name: "a", dtype: INT8 }] }, { rows: 2, validity: bytes(0b10), children: [column(INT8, { rows: 2, data: bytes(9, 1) })] }),
    () => column({ kind: "struct", fields: [{ name: "a", dtype: INT8 }] }, { rows: 2, children: [column(INT8, { rows: 2, validity: bytes(0b10), data: bytes(0, 1) })] })],
];

describe("a column's digest", () => {
  it.each(LAYOUTS)("does not depend on %s", (_, dtype, one, same, other) => {
    expect(digest(dtype, same)).toEqual(digest(dtype, one));
    expect(digest(dtype, other)).not.toEqual(digest(dtype, one));
  });

  it("does not depend on codes", () => {
    const categorical: Dtype = { kind: "categorical", categories: undefined };
    const coded = (codes: number[], words: [string, string]): Column => ({
      ...column(categorical, {
        rows: codes.length, data: bytes(...codes),
        dictionary: column({ kind: "string" }, { rows: 2, data: Uint8Array.from(Buffer.from(words.join(""))), offsets: Float64Array.of(0, words[0].length, words.join("").length) }),
      }),
      field: { name: "", dtype: categorical, children: [], offsetBytes: 8, dictionary: { id: 0, codeBytes: 1 } },
    });
    expect(digest(categorical, () => coded([0, 1, 0], ["ab", "c"]))).toEqual(digest(categorical, () => coded([1, 0, 1], ["c", "ab"])));
    expect(digest(categorical, () => coded([0, 1, 0], ["ab", "c"]))).not.toEqual(digest(categorical, () => coded([1, 0, 1], ["ab", "c"])));
  });
});
