import { appendFileSync, createReadStream, existsSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fsError, makeFolder } from "../local/fs-errors.ts";
import type { LogLine } from "./events.ts";

/** What steps printed, one file of JSON lines per attempt, under the project's state folder. */
export interface LogFiles {
  append(run: string, node: string, attempt: number, line: LogLine): void;
  /** Keeps a part that was read elsewhere; keeping it again changes nothing. */
  keep(run: string, part: { readonly node: string; readonly attempt: number; readonly part: number; readonly lines: readonly LogLine[] }): void;
  /** The lines of a run, or of one of its nodes, by node and attempt, in the order in which they were printed. */
  read(run: string, node?: string): AsyncIterable<LogLine & { readonly node: string; readonly attempt: number }>;
}

export function logFiles(folder: string): LogFiles {
  const made = new Set<string>();
  const write = (run: string, work: (of: string) => void) => {
    const of = join(folder, run);
    try {
      if (!made.has(of)) { makeFolder(of); made.add(of); }
      work(of);
    } catch (e) { throw fsError(e, "writing the log in", of); }
  };
  return {
    append(run, node, attempt, line) { write(run, (of) => appendFileSync(join(of, `${node}.${attempt}.jsonl`), `${JSON.stringify(line)}\n`)); },
    keep(run, { node, attempt, part, lines }) {
      write(run, (of) => {
        const path = join(of, `${node}.${attempt}.part${String(part).padStart(6, "0")}.jsonl`);
        if (existsSync(path)) return;
        writeFileSync(`${path}.tmp`, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
        renameSync(`${path}.tmp`, path);
      });
    },
    async *read(run, only) {
      const of = join(folder, run);
      if (!existsSync(of)) return;
      const files = readdirSync(of).flatMap((name) => {
        const m = /^(.+)\.(\d+)(?:\.part\d+)?\.jsonl$/.exec(name);
        return m === null ? [] : [{ name, node: m[1]!, attempt: Number(m[2]) }];
      }).filter((f) => only === undefined || f.node === only).toSorted((a, b) => a.node.localeCompare(b.node) || a.attempt - b.attempt || (a.name < b.name ? -1 : 1));
      for (const { name, node, attempt } of files) {
        // the last line may be cut off where the process was killed
        for await (const text of linesOf(join(of, name))) {
          try { yield { ...(JSON.parse(text) as LogLine), node, attempt }; } catch { continue; }
        }
      }
    },
  };
}

/** A file's lines. `node:readline` also ends lines at U+2028, which JSON text may hold. */
async function* linesOf(path: string): AsyncIterable<string> {
  let rest = "";
  for await (const chunk of createReadStream(path, "utf8") as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}
