import type { DataFrame } from "nodejs-polars";
import { createHash, type Hash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { dtypeName } from "../arrow/dtype.ts";
import { readFrame } from "../arrow/read-frame.ts";
import { plainFrame } from "../plain-frame.ts";
import { columnDigest } from "./column-digest.ts";

/** Aimed at per turn of the event loop, in bytes of an Arrow stream. */
const WINDOW_BYTES = 4 << 20;
/** Rows of the first turn where there are few columns, and the most of any; from one turn to the next they grow by `growth` at most. */
const WINDOW_ROWS = { first: 1024, most: 1 << 20, growth: 8 };

/**
 * The digest of a frame's logical content (hex SHA-256): of the columns' names, dtypes, order and values, and of nothing else: not of
 * chunks, null slots, codes of categories, or the version of polars. README.md, "Content digest", documents it byte by byte.
 *
 * Takes about 1 s per 800 MB on one core; the event loop turns every few megabytes, and no more than a few of those are copied at a time.
 *
 * @param prefix names what the frame stands for and the version of this digest
 */
export async function contentDigest(value: DataFrame, prefix: "mlstack.table/1" | "mlstack.series/1"): Promise<string> {
  const plain = plainFrame(value);
  // a frame of its own: the caller's may be changed in place while the event loop turns
  const frame = plain.frame.clone();
  const fields = readFrame(frame.slice(0, 0));
  const columns = fields.map((field) => columnDigest(field.dtype));
  let rows = Math.max(1, Math.min(WINDOW_ROWS.first, Math.floor(WINDOW_BYTES / 8 / columns.length)));
  for (let at = 0; at < frame.height && columns.length > 0;) {
    let bytes = 0;
    const count = Math.min(rows, frame.height - at);
    readFrame(frame.slice(at, count), (batch, batchRows, batchBytes) => {
      bytes += batchBytes;
      for (const [i, column] of columns.entries()) column.add(batch[i]!, 0, batchRows);
    });
    at += count;
    rows = nextWindow(count, bytes);
    await setImmediate();
  }
  const hash = createHash("sha256").update(`${prefix}\n`);
  updateNumber(hash, frame.height);
  updateNumber(hash, fields.length);
  for (const [i, field] of fields.entries()) {
    updateText(hash, plain.names[i]!);
    updateText(hash, dtypeName(field.dtype));
    for (const digest of columns[i]!.digests()) hash.update(digest);
  }
  return hash.digest("hex");
}

function nextWindow(rows: number, bytes: number): number {
  const wanted = Math.ceil(WINDOW_BYTES / Math.max(1, bytes / rows));
  return Math.max(1, Math.min(wanted, rows * WINDOW_ROWS.growth, WINDOW_ROWS.most));
}

function updateNumber(hash: Hash, value: number): void {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  hash.update(bytes);
}

function updateText(hash: Hash, text: string): void {
  const bytes = Buffer.from(text);
  updateNumber(hash, bytes.length);
  hash.update(bytes);
}
