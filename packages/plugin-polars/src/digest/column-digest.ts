import { createHash } from "node:crypto";
import { valueBytes, type Dtype } from "../arrow/dtype.ts";
import type { Column } from "../arrow/record-batch.ts";
import { bitStream, both, repeated, type Bits } from "./bits.ts";
import { clearNulls, decodeCodes, packLengths, rowRanges, unifyNaNs } from "./values.ts";

/** The digest of a column's content, fed with some rows at a time. */
export interface ColumnDigest {
  /**
   * Adds rows `from` to `to` of some rows in memory, which are changed: null slots become 0, NaNs one pattern.
   *
   * @param above which of these rows exist at all, where the column is part of another that may be null
   */
  add(column: Column, from: number, to: number, above?: Bits): void;
  /** Of each stream its SHA-256, in a fixed order. */
  digests(): Buffer[];
}

/**
 * The streams of one dtype, each hashed by itself, so that it does not matter in which pieces the rows come:
 * - validity: a bit per row (none for dtype null)
 * - values of one size: little-endian, null slots 0, NaNs one pattern; bools: a bit per row, 0 for null
 * - strings, binaries, categoricals and enums: lengths in bytes as 64-bit numbers (0 for null), then a stream of the bytes
 * - lists: lengths in items as 64-bit numbers (0 for null), then the streams of the items, without those below a null
 * - arrays and structs: the streams of the items or fields; all of them are null where the row is
 */
export function columnDigest(dtype: Dtype): ColumnDigest {
  if (dtype.kind === "null") return { add: () => {}, digests: () => [] };
  const validity = bitStream(createHash("sha256"));
  const content = contentDigest(dtype);
  return {
    add(column, from, to, above) {
      const own: Bits | undefined = column.validity && { bytes: column.validity, at: from };
      const valid = own === undefined || above === undefined ? (own ?? above) : both(own, above, to - from);
      validity.append(valid, to - from);
      content.add(column, from, to, valid);
    },
    digests: () => [validity.digest(), ...content.digests()],
  };
}

function contentDigest(dtype: Dtype): ColumnDigest {
  switch (dtype.kind) {
    case "bool": return boolDigest();
    case "string": case "binary": case "categorical": case "enum": return textDigest();
    case "list": return listDigest(dtype.item);
    case "array": {
      const items = columnDigest(dtype.item);
      const { width } = dtype;
      return {
        add: (column, from, to, valid) => items.add(column.children[0]!, from * width, to * width, valid && repeated(valid, to - from, width)),
        digests: () => items.digests(),
      };
    }
    case "struct": {
      const fields = dtype.fields.map((field) => columnDigest(field.dtype));
      return {
        add: (column, from, to, valid) => { for (const [i, field] of fields.entries()) field.add(column.children[i]!, from, to, valid); },
        digests: () => fields.flatMap((field) => field.digests()),
      };
    }
    default: return fixedDigest(dtype, valueBytes(dtype)!);
  }
}

function fixedDigest(dtype: Dtype, size: number): ColumnDigest {
  const hash = createHash("sha256");
  return {
    add(column, from, to, valid) {
      const values = column.data.subarray(from * size, to * size);
      if (valid !== undefined) clearNulls(values, size, valid, to - from);
      unifyNaNs(values, dtype);
      hash.update(values);
    },
    digests: () => [hash.digest()],
  };
}

function boolDigest(): ColumnDigest {
  const bits = bitStream(createHash("sha256"));
  return {
    add(column, from, to, valid) {
      const own: Bits = { bytes: column.data, at: from };
      bits.append(valid === undefined ? own : both(own, valid, to - from), to - from);
    },
    digests: () => [bits.digest()],
  };
}

function textDigest(): ColumnDigest {
  const lengthHash = createHash("sha256");
  const hash = createHash("sha256");
  return {
    add(column, from, to, valid) {
      if (column.field.dictionary !== undefined) {
        const { lengths, bytes } = decodeCodes(column, from, to, valid);
        lengthHash.update(packLengths(lengths));
        hash.update(bytes);
        return;
      }
      const { lengths, ranges } = rowRanges(column.offsets, from, to, valid);
      lengthHash.update(packLengths(lengths));
      for (const [start, end] of ranges) hash.update(column.data.subarray(start, end));
    },
    digests: () => [lengthHash.digest(), hash.digest()],
  };
}

function listDigest(item: Dtype): ColumnDigest {
  const hash = createHash("sha256");
  const items = columnDigest(item);
  return {
    add(column, from, to, valid) {
      const { lengths, ranges } = rowRanges(column.offsets, from, to, valid);
      hash.update(packLengths(lengths));
      for (const [start, end] of ranges) items.add(column.children[0]!, start, end);
    },
    digests: () => [hash.digest(), ...items.digests()],
  };
}
