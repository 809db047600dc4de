import { styleText, stripVTControlCharacters } from "node:util";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** A place to write to, and whether a person reads it there. */
export interface Terminal {
  readonly stream: NodeJS.WriteStream;
  readonly isTTY: boolean;
  readonly columns: number;
  style(text: string, ...styles: Style[]): string;
  line(text?: string): void;
}

/** Colours where a terminal shows them: NO_COLOR, FORCE_COLOR and TERM=dumb are honoured. */
export function terminal(stream: NodeJS.WriteStream, options: { color?: boolean } = {}): Terminal {
  const isTTY =  stream.isTTY && process.env["TERM"] !== "dumb";
  const forced = process.env["FORCE_COLOR"] !== undefined && process.env["FORCE_COLOR"] !== "0";
  const color = options.color ?? (forced || (isTTY && (process.env["NO_COLOR"] ?? "") === ""));
  return {
    stream, isTTY,
    get columns() { return stream.columns ?? 100; },
    style: (text, ...styles) => (color ? styleText(styles, text, { validateStream: false }) : text),
    line: (text = "") => { stream.write(`${text}\n`); },
  };
}

/** Columns aligned by the widest cell, two spaces between, no borders; nothing is cut off. */
export function table(rows: readonly (readonly string[])[], rightAligned: readonly number[] = []): string[] {
  const width = (s: string) => stripVTControlCharacters(s).length;
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => { widths[i] = Math.max(widths[i] ?? 0, width(cell)); });
  return rows.map((row) => row.map((cell, i) => {
    const pad = " ".repeat(widths[i]! - width(cell));
    return rightAligned.includes(i) ? pad + cell : cell + pad;
  }).join("  ").trimEnd());
}
