import { MlstackError } from "@mlstack/core";
import type { DataFrame } from "nodejs-polars";

/** The members of a DataFrame that this package uses. */
const USED = new Set(["clone", "columns", "height", "lazy", "nullCount", "slice", "toSeries", "width", "writeIPCStream"]);

/** A frame whose members are its own, and the names of its columns. */
export interface PlainFrame {
  /** Its columns may have other names than `names`. */
  readonly frame: DataFrame;
  readonly names: readonly string[];
}

/**
 * A frame that can be used whatever its columns are called: nodejs-polars answers `frame.height` with the column "height" where there is
 * one, and so for every member. Columns of such a frame are renamed in a copy, which shares their memory.
 *
 * @throws MLS3006 for the one pair of names that leaves no way in
 */
export function plainFrame(value: DataFrame): PlainFrame {
  // the names, without asking for a member
  const names = Reflect.ownKeys(value) as string[];
  if (!names.some((name) => USED.has(name))) return { frame: value, names };
  if (names.includes("clone") && names.includes("lazy")) {
    throw new MlstackError("MLS3006", `the value has columns named "clone" and "lazy", which hide its own methods`, { fix: "rename one of them" });
  }
  const frame = names.includes("clone") ? value.lazy().collectSync() : value.clone();
  frame.columns = names.map((_, i) => `column ${i}`);
  return { frame, names };
}

/** The same frame for a query, its columns under their names. */
export function lazyFrame({ frame, names }: PlainFrame): ReturnType<DataFrame["lazy"]> {
  const given = frame.columns;
  return given.every((name, i) => name === names[i]) ? frame.lazy() : frame.lazy().rename(Object.fromEntries(given.map((name, i) => [name, names[i]!])));
}
