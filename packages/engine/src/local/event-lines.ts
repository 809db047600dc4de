import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** How much is read at a time, in bytes. */
const BLOCK = 1 << 20;

/**
 * The whole lines of a file from an offset on, each without its end. A line that is not ended yet is not given.
 *
 * @param take called with each line
 * @returns the offset behind the last whole line
 */
export function readLines(path: string, offset: number, take: (line: string) => void): number {
  const fd = openSync(path, "r");
  try {
    const block = Buffer.allocUnsafe(BLOCK);
    let rest: Buffer = Buffer.alloc(0);
    for (let at = offset; ;) {
      const n = readSync(fd, block, 0, BLOCK, at);
      if (n === 0) return offset;
      at += n;
      let from = 0;
      for (let end; (end = block.subarray(0, n).indexOf(10, from)) >= 0; from = end + 1) {
        const line = Buffer.concat([rest, block.subarray(from, end)]);
        rest = Buffer.alloc(0);
        offset += line.byteLength + 1;
        take(line.toString("utf8"));
      }
      rest = Buffer.concat([rest, block.subarray(from, n)]);
    }
  } finally { closeSync(fd); }
}

/** Whether a file is empty or its last byte ends a line. One that is not there is empty. */
export function endsInLine(path: string): boolean {
  let fd: number;
  try { fd = openSync(path, "r"); } catch (e) { if ((e as { code?: string }).code === "ENOENT") return true; throw e; }
  try {
    const { size } = fstatSync(fd);
    const last = Buffer.alloc(1);
    return size === 0 || (readSync(fd, last, 0, 1, size - 1) === 1 && last[0] === 10);
  } finally { closeSync(fd); }
}
