import { widthOf } from "./terminal.ts";

/** Lines at the end of what a terminal shows, which are drawn over again and again. */
export interface LiveRegion {
  /** Replaces the lines; what is printed stays above them for good. */
  draw(lines: readonly string[], printed?: string): void;
  /** Removes the lines and gives the cursor back. */
  end(): void;
}

const ESC = "\u001b[";
// terminals that know them show what is between the two at once, without flicker; others leave them alone
const [BEGIN, END] = [`${ESC}?2026h`, `${ESC}?2026l`];
const [HIDE, SHOW] = [`${ESC}?25l`, `${ESC}?25h`];

/** Every change is one write: erase, what stays, the lines anew. */
export function liveRegion(stream: NodeJS.WriteStream): LiveRegion {
  let shown: readonly string[] = [];
  let isHidden = false;
  const showCursor = () => { stream.write(SHOW); };
  // a terminal that became narrower has broken the lines that are there
  const height = () => { const columns = stream.columns || 80; return shown.reduce((rows, line) => rows + Math.max(1, Math.ceil(widthOf(line) / columns)), 0); };
  const erase = () => { const rows = height(); return rows === 0 ? "" : `${ESC}${rows}A\r${ESC}J`; };
  return {
    draw(lines, printed = "") {
      // what does not fit on the screen could not be erased
      const kept = lines.slice(0, Math.max(0, (stream.rows || 24) - 2));
      if (!isHidden) { isHidden = true; process.on("exit", showCursor); }
      stream.write(`${BEGIN}${HIDE}${erase()}${printed}${kept.map((line) => `${line}\n`).join("")}${END}`);
      shown = kept;
    },
    end() {
      if (!isHidden) return;
      isHidden = false;
      process.off("exit", showCursor);
      stream.write(`${erase()}${SHOW}`);
      shown = [];
    },
  };
}
