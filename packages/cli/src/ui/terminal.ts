import { createRequire } from "node:module";
import { styleText, stripVTControlCharacters } from "node:util";
import type stringWidth from "string-width";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** A place to write to, and whether a person reads it there. */
export interface Terminal {
  readonly stream: NodeJS.WriteStream;
  /** A person looks at it while it is written. */
  readonly isTTY: boolean;
  readonly columns: number;
  readonly plain: boolean;
  style(text: string, ...styles: Style[]): string;
  line(text?: string): void;
}

export interface TerminalOptions {
  /** False: no colours, whatever the environment says. */
  readonly color?: boolean | undefined;
  readonly plain?: boolean | undefined;
  /** In the place of the stream's own. */
  readonly write?: ((text: string) => void) | undefined;
}

/** Colours where a terminal shows them: NO_COLOR, FORCE_COLOR and TERM=dumb are honoured. */
export function terminal(stream: NodeJS.WriteStream, { color: wanted, plain = false, write = (text) => { stream.write(text); } }: TerminalOptions = {}, env: NodeJS.ProcessEnv = process.env): Terminal {
  const isTTY = stream.isTTY && env["TERM"] !== "dumb" && !plain;
  const color = wanted !== false && !plain && isColored(isTTY, env);
  return {
    stream, isTTY, plain,
    get columns() { return stream.columns ?? 100; },
    style: (text, ...styles) => (color ? styleText(styles, text, { validateStream: false }) : text),
    line: (text = "") => { write(`${text}\n`); },
  };
}

/** FORCE_COLOR decides where it is set, and 0 or false is no; then NO_COLOR; then whether it is a terminal. */
function isColored(isTTY: boolean, env: NodeJS.ProcessEnv): boolean {
  const force = env["FORCE_COLOR"];
  if (force !== undefined) return force !== "0" && force !== "false";
  return isTTY && (env["NO_COLOR"] ?? "") === "";
}

export { isCI } from "@mlstack/engine/project-files";

let wide: typeof stringWidth | undefined;

/** How wide a text is on a screen: wide characters count two, escape sequences nothing. */
export function widthOf(text: string): number {
  // most text is ASCII, and need not be taken apart: what can do that takes as long to load as a short command to run
  const bare = text.includes("\u001b") ? stripVTControlCharacters(text) : text;
  if (/^[\x20-\x7e]*$/.test(bare)) return bare.length;
  return (wide ??= (createRequire(import.meta.url)("string-width") as { default: typeof stringWidth }).default)(bare);
}

/** The text with spaces behind it, up to a width. */
export function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

/** At most so wide: what is longer loses its middle, for names differ at their ends. */
export function shorten(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  const all = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  let [head, tail] = ["", ""];
  for (let i = 0, j = all.length - 1; i <= j; i++, j--) {
    if (widthOf(head) + widthOf(tail) + widthOf(all[i]!) > width - 1) break;
    head += all[i]!;
    if (widthOf(head) + widthOf(tail) + widthOf(all[j]!) > width - 1) break;
    tail = all[j]! + tail;
  }
  return `${head}…${tail}`;
}

/** At most so wide: what is longer is cut off at its end. */
export function clip(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  for (const { segment: c } of new Intl.Segmenter().segment(text)) {
    if (widthOf(kept) + widthOf(c) > width - 1) break;
    kept += c;
  }
  return `${kept}…`;
}

/**
 * Escape sequences by ECMA-48: of the operating system (`ESC ]` up to BEL or ST), of control (`ESC [`), and the short ones. Node's own pattern differs from
 * version to version, and that of 22 takes text in front of a BEL with it: what somebody has to read could be hidden by that.
 */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const SEQUENCES = /\u001b\][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)|(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b[ -/]*[0-~]/g;

/**
 * What a program printed, as one line that can be shown among others: of a line that it wrote over again (a progress bar) the last state,
 * and no escape sequence that moves the cursor, clears the screen or colours what follows.
 */
export function printable(text: string): string {
  const states = text.replace(SEQUENCES, "").split("\r").filter((part) => part !== "");
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  return (states.at(-1) ?? "").replaceAll("\t", "    ").replace(/[\u0000-\u001f\u007f-\u009f]/g, "");
}

/** Columns aligned by the widest cell, two spaces between, no borders; nothing is cut off. */
export function table(rows: readonly (readonly string[])[], rightAligned: readonly number[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => { widths[i] = Math.max(widths[i] ?? 0, widthOf(cell)); });
  return rows.map((row) => row.map((cell, i) => (rightAligned.includes(i) ? " ".repeat(widths[i]! - widthOf(cell)) + cell : pad(cell, widths[i]!))).join("  ").trimEnd());
}

/** Prints a table; with `--plain` one record per line, its fields with tabs between, and no head. */
export function printTable(t: Terminal, head: readonly string[] | undefined, rows: readonly (readonly string[])[], rightAligned: readonly number[] = []): void {
  if (t.plain) { for (const row of rows) t.line(row.map((cell) => cell.trim()).join("\t")); return; }
  for (const line of table([...(head === undefined ? [] : [head.map((h) => t.style(h, "dim"))]), ...rows], rightAligned)) t.line(line);
}
