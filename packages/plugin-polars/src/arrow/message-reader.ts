import { flatRoot, type FlatTable } from "./flat-table.ts";

/** A message of an Arrow stream. */
export interface ArrowMessage {
  /** Which table `header` is. */
  readonly type: "schema" | "dictionary" | "batch";
  readonly header: FlatTable;
  readonly body: Uint8Array<ArrayBuffer>;
}

const HEADER_TYPES: readonly (ArrowMessage["type"] | undefined)[] = [undefined, "schema", "dictionary", "batch"];
const CONTINUATION = 0xffffffff;

/**
 * Cuts an Arrow stream into messages. A body is a view of the piece that held it, or a copy where pieces divide it; either way it
 * begins at a multiple of 8 bytes of its memory.
 *
 * Source: https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format
 *
 * @param onMessage called while `push` runs
 */
export function messageReader(onMessage: (message: ArrowMessage) => void): { push(piece: Uint8Array): void } {
  const pieces: Uint8Array[] = [];
  let available = 0;
  let wanted: "prefix" | "length" | "header" | "body" = "prefix";
  let size = 4;
  let message: FlatTable | undefined;

  function section(bytes: Uint8Array<ArrayBuffer>): void {
    if (wanted === "body") {
      const type = HEADER_TYPES[message!.uint8(1)];
      if (type === undefined) throw new Error(`an Arrow message of an unknown kind: ${message!.uint8(1)}`);
      [wanted, size] = ["prefix", 4];
      onMessage({ type, header: message!.table(2)!, body: bytes });
    } else if (wanted === "header") {
      message = flatRoot(bytes);
      [wanted, size] = ["body", message.int64(3)];
    } else {
      const word = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
      if (wanted === "prefix" && word === CONTINUATION) wanted = "length";
      // a length of 0 ends the stream
      else [wanted, size] = word === 0 ? ["prefix", 4] : ["header", word];
    }
  }
  return {
    push(piece) {
      if (piece.length > 0) pieces.push(piece);
      available += piece.length;
      while (available >= size) {
        available -= size;
        section(take(pieces, size));
      }
    },
  };
}

/** Removes the first `size` bytes. */
function take(pieces: Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const first = pieces[0];
  if (first !== undefined && first.length >= size && first.byteOffset % 8 === 0) {
    if (first.length === size) pieces.shift();
    else pieces[0] = first.subarray(size);
    return first.subarray(0, size) as Uint8Array<ArrayBuffer>;
  }
  const whole = new Uint8Array(size);
  for (let at = 0; at < size;) {
    const piece = pieces[0]!;
    const part = piece.subarray(0, size - at);
    whole.set(part, at);
    at += part.length;
    if (part.length === piece.length) pieces.shift();
    else pieces[0] = piece.subarray(part.length);
  }
  return whole;
}
