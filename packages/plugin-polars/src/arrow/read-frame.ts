import type { DataFrame } from "nodejs-polars";
import { Writable } from "node:stream";
import { messageReader } from "./message-reader.ts";
import { readColumns, readDictionary, type Column } from "./record-batch.ts";
import { arrowFields, type ArrowField } from "./schema.ts";

/**
 * Reads a frame's values as polars itself hands them over: as an uncompressed Arrow stream. It is the one way out of nodejs-polars that
 * keeps every dtype (its `dtype` throws for binaries and enums and forgets the unit of durations), every bit of a value, and null apart
 * from NaN, without a JavaScript object per value.
 *
 * The batches' memory is freed when the caller next waits for the event loop: wait once per few megabytes.
 *
 * @param frame none of its columns hides a member: see plainFrame()
 * @param onBatch called for some rows at a time, in order, while this runs; `bytes` is the size of their part of the stream
 * @throws Error of polars for a dtype that it cannot hand over
 */
export function readFrame(frame: DataFrame, onBatch: (columns: readonly Column[], rows: number, bytes: number) => void = () => {}): ArrowField[] {
  let fields: ArrowField[] = [];
  const encoded = new Map<number, ArrowField>();
  const dictionaries = new Map<number, Column>();
  const reader = messageReader(({ type, header, body }) => {
    if (type === "schema") {
      fields = arrowFields(header);
      for (const field of withChildren(fields)) if (field.dictionary !== undefined) encoded.set(field.dictionary.id, field);
    } else if (type === "dictionary") {
      const id = header.int64(0);
      dictionaries.set(id, readDictionary(header.table(1)!, body, encoded.get(id)!));
    } else {
      onBatch(readColumns(header, body, fields, dictionaries), header.int64(0), body.length);
    }
  });
  const sink = new PieceSink((piece) => reader.push(piece));
  frame.writeIPCStream(sink);
  if (sink.failure !== undefined) throw sink.failure.cause;
  return fields;
}

function* withChildren(fields: readonly ArrowField[]): Generator<ArrowField> {
  for (const field of fields) {
    yield field;
    yield* withChildren(field.children);
  }
}

/** What polars writes to: it calls `write` itself, at once, for every piece. An error must not be thrown through it: it would be left pending. */
class PieceSink extends Writable {
  failure: { readonly cause: unknown } | undefined;
  readonly #onPiece: (piece: Uint8Array) => void;

  constructor(onPiece: (piece: Uint8Array) => void) {
    super();
    this.#onPiece = onPiece;
  }

  override write(piece: Uint8Array): boolean {
    if (this.failure !== undefined) return true;
    try {
      this.#onPiece(piece);
    } catch (cause) {
      this.failure = { cause };
    }
    return true;
  }
}
