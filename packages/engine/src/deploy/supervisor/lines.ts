import type { Readable } from "node:stream";

/** A line that is longer is told in pieces, in characters. */
const LONGEST = 16 << 10;

/** Tells what a process prints line by line. What never ends a line takes no memory: it is told in pieces. */
export function eachLine(stream: Readable, tell: (line: string) => void, longest = LONGEST): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    rest += chunk;
    // a carriage return at the end may be half of a line's end
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop()!;
    for (const line of lines) pieces(line);
    if (rest.length > longest) { pieces(rest); rest = ""; }
  });
  stream.on("end", () => { if (rest !== "") pieces(rest.replace(/\r$/, "")); });
  // what can't be read is not printed
  stream.on("error", () => undefined);
  function pieces(line: string): void {
    for (let at = 0; at === 0 || at < line.length; at += longest) tell(line.slice(at, at + longest));
  }
}
