import { isDeepStrictEqual } from "node:util";
import { MlstackError, type ArtifactType, type InputDir } from "@mlstack/core";
import type { z } from "zod";

const FORMAT = "acme.rows/1";
const FILE = "rows.ndjson";
/** Rows that a glance at a value shows. */
const SHOWN = 10;

/**
 * Rows that a schema describes: format `acme.rows/1`, one file `rows.ndjson` with a row as JSON in each line, in UTF-8. A library that reads or writes
 * another format is imported on its first use, in `save` and `load`.
 *
 * The bytes depend on the rows alone: not on when, where or by whom they are written. Keys of results downstream are made of them.
 *
 * @throws on save MLS1009 for what is no array, MLS3006 for a row that JSON can't hold or that its schema would change; on load MLS3007 for a
 *   row that the schema refuses, MLS3008 for a file of another form
 */
export function acmeRows<S extends z.ZodType>(schema: S): ArtifactType<readonly z.output<S>[]> {
  return {
    format: FORMAT, kind: "data",
    codec: {
      // a reader keeps every major that it ever wrote
      reads: [FORMAT],
      async save(rows, dir) {
        if (!Array.isArray(rows)) throw new MlstackError("MLS1009", `the value is no array, but its output is declared as ${FORMAT}`, { fix: "return an array of rows" });
        await dir.write(FILE, rows.map((row, n) => `${lineOf(schema, row, n)}\n`).join(""));
      },
      async load(dir) { return (await linesOf(dir)).map((line, n) => rowOf(schema, line, n)); },
      extractMetadata: (rows) => ({ rows: rows.length }),
      preview: (rows) => ({ type: "json", text: JSON.stringify(rows.slice(0, SHOWN), null, 2).slice(0, 60_000) }),
    },
  };
}

function lineOf(schema: z.ZodType, row: unknown, n: number): string {
  const line: string | undefined = JSON.stringify(row);
  const unchanged = line !== undefined && isDeepStrictEqual(JSON.parse(line), row);
  if (!unchanged) throw new MlstackError("MLS3006", `row ${n} would come back changed: ${FORMAT} holds plain JSON`, { fix: "make it of texts, numbers, booleans, null, arrays and plain objects", details: { row: n } });
  const parsed = schema.safeParse(row);
  if (!parsed.success || !isDeepStrictEqual(parsed.data, row)) throw new MlstackError("MLS3006", `row ${n} is no result of its schema${parsed.success ? "" : `: ${parsed.error.issues[0]?.message ?? ""}`}`, { fix: "return what schema.parse gives", details: { row: n } });
  return line;
}

async function linesOf(dir: InputDir): Promise<readonly string[]> {
  if (!dir.files.some((file) => file.path === FILE)) throw new MlstackError("MLS3008", `this is no ${FORMAT} artifact: it has no file ${FILE}`);
  const text = new TextDecoder().decode(await dir.read(FILE));
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

function rowOf<S extends z.ZodType>(schema: S, line: string, n: number): z.output<S> {
  let row: unknown;
  try { row = JSON.parse(line); } catch (cause) { throw new MlstackError("MLS3008", `line ${n + 1} of ${FILE} is no JSON`, { cause }); }
  const parsed = schema.safeParse(row);
  if (!parsed.success) throw new MlstackError("MLS3007", `row ${n} does not satisfy the schema: ${parsed.error.issues[0]?.message ?? ""}`, { fix: "read it with the schema that it was written with", details: { row: n } });
  return parsed.data;
}
