import { MlstackError, type InputDir, type OutputDir } from "@mlstack/core";
import type { DataFrame } from "nodejs-polars";
import { join } from "node:path";
import { dtypeName, type Dtype } from "./arrow/dtype.ts";
import { readFrame } from "./arrow/read-frame.ts";
import { unreadable, unstorable } from "./errors.ts";
import { lazyFrame, plainFrame, type PlainFrame } from "./plain-frame.ts";
import { loadPolars } from "./polars.ts";

const FILE = "data.parquet";
/** Part of the bytes: another number makes other files of the same frame. */
const ROW_GROUP_ROWS = 262_144;
/** Takes the path as it is. The simpler readParquet() of nodejs-polars takes a path without .parquet at its end for a file's content. */
const SCAN = { glob: false, hivePartitioning: false };

/**
 * Writes a frame as `data.parquet`: Zstandard, statistics, row groups of 262,144 rows whatever the frame's chunks are. The same values
 * give the same bytes, with any number of threads, for one version of polars.
 *
 * @throws MLS3006 for a column that would come back changed, MLS3004 where the disk is full, MLS3003 where it fails otherwise
 */
export async function writeParquet(value: DataFrame, dir: OutputDir, format: string): Promise<void> {
  const plain = plainFrame(value);
  const dtypes = storableDtypes(plain, format);
  const path = join(dir.path, FILE);
  try {
    await lazyFrame(plain).sinkParquet(path, { compression: "zstd", statistics: true, rowGroupSize: ROW_GROUP_ROWS }).collect();
  } catch (cause) {
    throw writeFailure(cause, path, format);
  }
  await requireSame(plain, dtypes, path, format);
}

/**
 * Reads `data.parquet`, whoever wrote it.
 *
 * @throws MLS3008 where there is no such file, or polars cannot read it
 */
export async function readParquet(dir: InputDir, format: string): Promise<DataFrame> {
  if (!dir.files.some((file) => file.path === FILE)) throw unreadable(format, `it has no file "${FILE}"`);
  const path = await dir.file(FILE);
  const polars = await loadPolars();
  try {
    // not collect(): where polars panics, as on some damaged files, that one ends the process and this one throws
    return polars.scanParquet(path, SCAN).collectSync();
  } catch (cause) {
    throw unreadable(format, `"${FILE}" is not a Parquet file that polars can read: ${messageOf(cause)}`, cause);
  }
}

/** The dtypes of the columns, after a look for those that have no place in Parquet. */
function storableDtypes({ frame, names }: PlainFrame, format: string): Dtype[] {
  let dtypes: Dtype[];
  try {
    dtypes = readFrame(frame.slice(0, 0)).map(({ dtype }) => dtype);
  } catch (cause) {
    throw unstorable(format, "the value has a column of a dtype that cannot leave polars", { why: messageOf(cause), fix: "cast it, or drop it", cause });
  }
  for (const [i, dtype] of dtypes.entries()) {
    if (!hasEmptyStruct(dtype)) continue;
    throw unstorable(format, `the column ${JSON.stringify(names[i])} has the dtype ${dtypeName(dtype)}`, { why: "Parquet has no struct without fields", fix: "give the struct a field, or drop the column" });
  }
  return dtypes;
}

function hasEmptyStruct(dtype: Dtype): boolean {
  if (dtype.kind === "struct") return dtype.fields.length === 0 || dtype.fields.some((field) => hasEmptyStruct(field.dtype));
  return (dtype.kind === "list" || dtype.kind === "array") && hasEmptyStruct(dtype.item);
}

/** Compares what a reader will see with what was written: names, dtypes and the number of rows, not the values. */
async function requireSame({ frame, names }: PlainFrame, dtypes: readonly Dtype[], path: string, format: string): Promise<void> {
  const polars = await loadPolars();
  const back = plainFrame(polars.scanParquet(path, names.length === 0 ? SCAN : { ...SCAN, nRows: 0 }).collectSync());
  if (names.length === 0 && back.frame.height !== frame.height) {
    throw unstorable(format, `the value has ${frame.height} rows without a column, and ${back.frame.height} come back`, { fix: "return a frame with a column" });
  }
  const read = readFrame(back.frame).map((field, i) => `${JSON.stringify(back.names[i])} (${dtypeName(field.dtype)})`);
  for (const [i, dtype] of dtypes.entries()) {
    const written = `${JSON.stringify(names[i])} (${dtypeName(dtype)})`;
    if (read[i] === written) continue;
    throw unstorable(format, `the column ${written} would ${read[i] === undefined ? "not come back" : `come back as ${read[i]}`}`, { fix: "cast it to a dtype that Parquet has, such as pl.Utf8" });
  }
}

/** Of a disk or of the value: polars tells the two apart in words only. */
function writeFailure(cause: unknown, path: string, format: string): unknown {
  const why = messageOf(cause);
  const osError = /\(os error (\d+)\)/.exec(why)?.[1];
  if (osError === undefined) return unstorable(format, "polars cannot write the value as Parquet", { why, cause });
  if (osError === "28") return new MlstackError("MLS3004", `no space is left for ${path}`, { cause });
  return new MlstackError("MLS3003", `${path} cannot be written`, { why, cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
