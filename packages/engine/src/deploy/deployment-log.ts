import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DeploymentLog } from "@mlstack/core";

/** When the file is this large it is put aside, in bytes. */
const ROTATE_AT = 4 << 20;
/** How many files there are at most, the one that is written to among them. */
const FILES = 4;
/** A line that is longer is cut, in characters. */
const LONGEST = 16 << 10;

const fileOf = (dir: string, n: number) => join(dir, n === 0 ? "log.jsonl" : `log.${n}.jsonl`);

/** Where a deployment's lines go. Never throws: a full disk is no reason not to answer. */
export function logWriter(dir: string, rotateAt = ROTATE_AT): (line: DeploymentLog) => void {
  let size = statSync(fileOf(dir, 0), { throwIfNoEntry: false })?.size ?? 0;
  return ({ time, version, text }) => {
    const line = `${JSON.stringify({ time, ...(version !== undefined && { version }), text: text.slice(0, LONGEST) })}\n`;
    try {
      if (size > 0 && size + line.length > rotateAt) {
        rmSync(fileOf(dir, FILES - 1), { force: true });
        for (let n = FILES - 2; n >= 0; n--) if (existsSync(fileOf(dir, n))) renameSync(fileOf(dir, n), fileOf(dir, n + 1));
        size = 0;
      }
      appendFileSync(fileOf(dir, 0), line);
      size += Buffer.byteLength(line);
    } catch { /* lost */ }
  };
}

/** The last lines, oldest first. */
export function lastLines(dir: string, lines: number): DeploymentLog[] {
  const found: DeploymentLog[] = [];
  for (let n = 0; n < FILES && found.length < lines; n++) {
    let text: string;
    try { text = readFileSync(fileOf(dir, n), "utf8"); } catch { continue; }
    const read = text.split("\n").flatMap((line): DeploymentLog[] => {
      // the last line may be half written
      try { return line === "" ? [] : [JSON.parse(line) as DeploymentLog]; } catch { return []; }
    });
    found.unshift(...read);
  }
  return lines === 0 ? [] : found.slice(-lines);
}
