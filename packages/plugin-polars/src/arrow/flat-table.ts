/**
 * A table of a FlatBuffers message, read in place; a field is named by its number in the schema file. Nothing is copied.
 *
 * Source: https://flatbuffers.dev/internals/
 */
export interface FlatTable {
  /** Of a scalar that is absent, its default. */
  uint8(field: number, absent?: number): number;
  int16(field: number, absent?: number): number;
  int32(field: number, absent?: number): number;
  /** As a number: exact to 2^53. */
  int64(field: number, absent?: number): number;
  string(field: number): string | undefined;
  table(field: number): FlatTable | undefined;
  tables(field: number): FlatTable[];
  /** Vectors of long or of structs of longs, flattened; exact to 2^53. */
  int64s(field: number, perItem: number): number[];
}

/** The message's root table. */
export function flatRoot(bytes: Uint8Array): FlatTable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return flatTable(view, view.getUint32(0, true));
}

function flatTable(view: DataView, at: number): FlatTable {
  const vtable = at - view.getInt32(at, true);
  const vtableSize = view.getUint16(vtable, true);
  const positionOf = (field: number): number | undefined => {
    const entry = 4 + 2 * field;
    const offset = entry < vtableSize ? view.getUint16(vtable + entry, true) : 0;
    return offset === 0 ? undefined : at + offset;
  };
  const targetOf = (field: number): number | undefined => {
    const position = positionOf(field);
    return position === undefined ? undefined : follow(view, position);
  };
  const scalar = (field: number, absent: number, read: (position: number) => number): number => {
    const position = positionOf(field);
    return position === undefined ? absent : read(position);
  };
  return {
    uint8: (field, absent = 0) => scalar(field, absent, (position) => view.getUint8(position)),
    int16: (field, absent = 0) => scalar(field, absent, (position) => view.getInt16(position, true)),
    int32: (field, absent = 0) => scalar(field, absent, (position) => view.getInt32(position, true)),
    int64: (field, absent = 0) => scalar(field, absent, (position) => int64At(view, position)),
    string(field) {
      const target = targetOf(field);
      if (target === undefined) return undefined;
      return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + target + 4, view.getUint32(target, true)));
    },
    table(field) {
      const target = targetOf(field);
      return target === undefined ? undefined : flatTable(view, target);
    },
    tables(field) {
      const target = targetOf(field);
      const count = target === undefined ? 0 : view.getUint32(target, true);
      return Array.from({ length: count }, (_, i) => flatTable(view, follow(view, target! + 4 + 4 * i)));
    },
    int64s(field, perItem) {
      const target = targetOf(field);
      const count = target === undefined ? 0 : view.getUint32(target, true) * perItem;
      return Array.from({ length: count }, (_, i) => int64At(view, target! + 4 + 8 * i));
    },
  };
}

function follow(view: DataView, position: number): number {
  return position + view.getUint32(position, true);
}

function int64At(view: DataView, position: number): number {
  return view.getUint32(position, true) + view.getInt32(position + 4, true) * 2 ** 32;
}
