import { valueBytes } from "./dtype.ts";
import type { FlatTable } from "./flat-table.ts";
import type { ArrowField } from "./schema.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Some rows of a column. Its memory is the reader's own: it may be changed. */
export interface Column {
  readonly field: ArrowField;
  readonly rows: number;
  /** One bit per row, from the lowest of the first byte: 1 for a value, 0 for null. Undefined where no row is null. */
  readonly validity: Bytes | undefined;
  /** Values or codes of one size; bits of bools; the bytes of strings and binaries, one after the other. */
  readonly data: Bytes;
  /** Of strings, binaries and lists: row i is [offsets[i], offsets[i + 1]) of `data` or of the child. Length `rows` + 1. */
  readonly offsets: Float64Array;
  /** One of lists and arrays, one per field of structs. */
  readonly children: readonly Column[];
  /** What the codes of categoricals and enums stand for. */
  readonly dictionary: Column | undefined;
}

const NOTHING: Bytes = new Uint8Array(0);
const NO_OFFSETS = new Float64Array(1);

/**
 * The columns of a RecordBatch table.
 *
 * Source: https://github.com/apache/arrow/blob/main/format/Message.fbs
 *
 * @param dictionaries by id
 */
export function readColumns(batch: FlatTable, body: Bytes, fields: readonly ArrowField[], dictionaries: ReadonlyMap<number, Column>): Column[] {
  if (batch.table(3) !== undefined) throw new Error("a compressed Arrow batch");
  // of each column in depth-first order: its rows and nulls; of each buffer: its offset and length
  const nodes = batch.int64s(1, 2);
  const places = batch.int64s(2, 2);
  let [node, place] = [0, 0];
  const buffer = (): Bytes => {
    const offset = places[place++]!;
    return body.subarray(offset, offset + places[place++]!);
  };

  function column(field: ArrowField): Column {
    const rows = nodes[node++]!;
    const nulls = nodes[node++]!;
    const { kind } = field.dtype;
    const bits = kind === "null" ? NOTHING : buffer();
    const validity = nulls === 0 ? undefined : bits;
    const base = { field, rows, validity, data: NOTHING, offsets: NO_OFFSETS, children: [], dictionary: undefined };
    if (field.dictionary !== undefined) return { ...base, data: buffer(), dictionary: dictionaries.get(field.dictionary.id) };
    if (kind === "null") return base;
    if (kind === "bool" || valueBytes(field.dtype) !== undefined) return { ...base, data: buffer() };
    if (kind === "string" || kind === "binary") return { ...base, offsets: readOffsets(buffer(), field.offsetBytes, rows), data: buffer() };
    const offsets = kind === "list" ? readOffsets(buffer(), field.offsetBytes, rows) : NO_OFFSETS;
    return { ...base, offsets, children: field.children.map(column) };
  }
  return fields.map(column);
}

/** The column of strings in a DictionaryBatch table, for the categorical or enum `field`. */
export function readDictionary(batch: FlatTable, body: Bytes, field: ArrowField): Column {
  const strings: ArrowField = { name: "", dtype: { kind: "string" }, children: [], offsetBytes: field.offsetBytes, dictionary: undefined };
  return readColumns(batch, body, [strings], new Map())[0]!;
}

function readOffsets(bytes: Bytes, offsetBytes: 4 | 8, rows: number): Float64Array {
  // a column without rows may leave its one offset out
  if (bytes.length === 0) return NO_OFFSETS;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, ((rows + 1) * offsetBytes) / 4);
  if (offsetBytes === 4) return Float64Array.from(words);
  const offsets = new Float64Array(rows + 1);
  for (let i = 0; i <= rows; i++) offsets[i] = words[2 * i]! + words[2 * i + 1]! * 2 ** 32;
  return offsets;
}
