import type { Preview } from "@mlstack/core";
import type { DataFrame, Series } from "nodejs-polars";
import { readFrame } from "../arrow/read-frame.ts";
import { plainFrame } from "../plain-frame.ts";
import { cellText, cut } from "./cell-text.ts";

const ROWS = 10;
const COLUMNS = 50;
/** The most characters of a cell, and of a column's name. */
const CELL = 100;
/** Of a preview as JSON, in characters and in bytes. */
const PREVIEW_BYTES = 64 * 1024;

/** The first 10 rows of the first 50 columns; long values are cut with `…`. */
export function tablePreview(value: DataFrame): Preview {
  const { frame, names: all } = plainFrame(value);
  const names = all.slice(0, COLUMNS);
  const cells = firstRows(frame);
  const more = frame.width - names.length;
  for (let limit = CELL; ; limit = Math.floor(limit / 2)) {
    const columns = names.map((name) => cut(name, limit));
    const rows = cells.map((row) => row.map((cell) => cut(cell, limit)));
    if (more > 0) {
      columns.push(`… ${more} more`);
      for (const row of rows) row.push("…");
    }
    const preview: Preview = { type: "table", columns, rows, totalRows: frame.height };
    if (Buffer.byteLength(JSON.stringify(preview)) <= PREVIEW_BYTES) return preview;
  }
}

/** The first 10 values; a series without a name is shown as `value`. */
export function seriesPreview(series: Series): Preview {
  const { frame } = plainFrame(series.toFrame());
  return { type: "table", columns: [series.name === "" ? "value" : cut(series.name, CELL)], rows: firstRows(frame), totalRows: series.length };
}

function firstRows(frame: DataFrame): string[][] {
  const cells: string[][] = [];
  readFrame(frame.slice(0, ROWS), (columns, rows) => {
    for (let row = 0; row < rows; row++) cells.push(columns.slice(0, COLUMNS).map((column) => cellText(column, row, CELL)));
  });
  return cells;
}
