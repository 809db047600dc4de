/** A source map, version 3. */
export interface SourceMap {
  readonly version: number;
  readonly sources: readonly string[];
  readonly sourcesContent?: readonly string[] | undefined;
  readonly names: readonly string[];
  readonly mappings: string;
}

/** Text that took the place of other text in one line of generated code. */
export interface LineEdit {
  /** From 0. */
  readonly line: number;
  /** Where the replaced text ended, from 0. */
  readonly column: number;
  readonly delta: number;
}

/** Moves the generated columns of a map by what edits added to the lines before them. */
export function shiftColumns(mappings: string, edits: readonly LineEdit[]): string {
  const edited = new Set(edits.map((e) => e.line));
  return mappings.split(";").map((line, n) => {
    if (!edited.has(n) || line === "") return line;
    const here = edits.filter((e) => e.line === n);
    let before = 0; // generated columns are relative to the segment before
    let after = 0;
    return line.split(",").map((segment) => {
      const { value, rest } = decode(segment);
      before += value;
      const moved = before + here.reduce((sum, e) => (e.column <= before ? sum + e.delta : sum), 0);
      const text = encode(moved - after) + rest;
      after = moved;
      return text;
    }).join(",");
  }).join(";");
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The first number of a segment (base 64 VLQ), and what follows it. */
function decode(segment: string): { readonly value: number; readonly rest: string } {
  let bits = 0;
  let shift = 0;
  for (let i = 0; i < segment.length; i++) {
    const digit = DIGITS.indexOf(segment.charAt(i));
    bits += (digit & 31) * 2 ** shift;
    shift += 5;
    if ((digit & 32) === 0) return { value: bits % 2 === 1 ? -(bits - 1) / 2 : bits / 2, rest: segment.slice(i + 1) };
  }
  return { value: 0, rest: segment };
}

function encode(value: number): string {
  let bits = value < 0 ? -value * 2 + 1 : value * 2;
  let text = "";
  do {
    const digit = bits % 32;
    bits = (bits - digit) / 32;
    text += DIGITS.charAt(digit + (bits > 0 ? 32 : 0));
  } while (bits > 0);
  return text;
}

// in two pieces, for tools look for the whole word in built files, this one included
const NAME = ["source", "MappingURL"].join("");

/** A map as the comment that ends a generated file. */
export const inlineMap = (map: SourceMap): string => `\n//# ${NAME}=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString("base64")}\n`;
