import { writeJson } from "../deployment-folder.ts";

/** Writes the files of a supervisor. */
export interface StateWriter {
  /** What is to be in a file from now on. */
  keep(file: string, value: object): void;
  /** Resolves when all has been written, or tried. */
  flush(): Promise<void>;
  /** From now on nothing is written. */
  stop(): void;
}

const AGAIN_MS = 5000;

/**
 * Of each file what was given last is written, one write at a time, and again where it failed: what is not in `serving.json` is not brought back
 * after the machine was started anew.
 *
 * @param pathOf where a file lies
 * @param print told of what can't be written, once
 */
export function stateWriter(pathOf: (file: string) => string, print: (text: string) => void, againMs = AGAIN_MS): StateWriter {
  const wanted = new Map<string, object>();
  let writing: Promise<void> | undefined;
  let again: NodeJS.Timeout | undefined;
  let isSaid = false;
  let isStopped = false;
  async function write(): Promise<void> {
    for (let round = [...wanted]; round.length > 0 && !isStopped; round = [...wanted]) {
      let failed: string | undefined;
      for (const [file, value] of round) {
        try {
          await writeJson(pathOf(file), value);
          if (wanted.get(file) === value) wanted.delete(file);
        } catch (e) { failed = `${file} can't be written: ${(e as Error).message}`; }
      }
      if (failed === undefined) { isSaid = false; continue; }
      if (!isSaid) print(failed);
      isSaid = true;
      again = setTimeout(start, againMs).unref();
      return;
    }
  }
  function start(): void {
    clearTimeout(again);
    if (!isStopped) writing ??= write().finally(() => { writing = undefined; });
  }
  return {
    keep(file, value) { wanted.set(file, value); start(); },
    async flush() { await writing; start(); await writing; },
    stop() { isStopped = true; clearTimeout(again); },
  };
}
