import type { JsonObject, Preview } from "@mlstack/core";
import type { NdArray } from "./ndarray.ts";

/** Arrays of more elements get no statistics: those cost about 2 ns an element. */
const COUNTED = 4_000_000;
const ROWS = 20;
const COLUMNS = 20;
const VALUES = 200;

/** dtype and shape; of an array that is not too long the least and greatest finite number, and how many are NaN or infinite. */
export function ndarrayFacts(array: NdArray): JsonObject {
  const { dtype, data, shape } = array;
  return { dtype, shape: [...shape], ...(data.length > 0 && data.length <= COUNTED && statistics(data)) };
}

function statistics(data: NdArray["data"]): JsonObject {
  let [nan, infinite] = [0, 0];
  let min: number | bigint | undefined;
  let max: number | bigint | undefined;
  for (const value of data) {
    if (Number.isNaN(value)) nan++;
    else if (value === Infinity || value === -Infinity) infinite++;
    else {
      if (min === undefined || value < min) min = value;
      if (max === undefined || value > max) max = value;
    }
  }
  return {
    ...(min !== undefined && { min: jsonNumber(min) }), ...(max !== undefined && { max: jsonNumber(max) }),
    ...(nan > 0 && { nan }), ...(infinite > 0 && { infinite }),
  };
}

function jsonNumber(value: number | bigint): number | string {
  return typeof value === "number" || Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

/** One and two dimensions as a table of the first rows and columns, others as the first elements in C order. */
export function ndarrayPreview({ dtype, data, shape }: NdArray): Preview {
  if (shape.length === 1 || shape.length === 2) {
    const [rows = 0, columns = 1] = shape;
    const shown = Math.min(columns, COLUMNS);
    const names = shape.length === 1 ? ["value"] : Array.from({ length: shown }, (_, c) => String(c));
    const cells = Array.from({ length: Math.min(rows, ROWS) }, (_, r) => names.map((_name, c) => String(data[r * columns + c])));
    return { type: "table", columns: names, rows: cells, totalRows: rows };
  }
  const more = data.length > VALUES ? ` … (${data.length} elements)` : "";
  return { type: "text", text: `${dtype} (${shape.join(", ")})\n${[...data.subarray(0, VALUES)].join(" ")}${more}` };
}
