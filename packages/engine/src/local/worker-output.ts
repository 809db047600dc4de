import type { ChildProcess } from "node:child_process";
import { END_OF_OUTPUT } from "../step/worker-messages.ts";

/** How long output that is still on its way is waited for, in milliseconds; a step may have closed a stream, or handed it to somebody. */
const DRAIN_MS = 1000;

/** What a worker prints past the channel, step by step. */
export interface WorkerOutput {
  /** A step begins. */
  begin(): void;
  /** Resolves when all that the step has printed is here, or after a moment. */
  drained(): Promise<void>;
  /** Stops listening, whoever holds the other ends: a process that has left the worker's group may keep them open for ever. */
  close(): void;
}

/** @param printed told of every line once it is whole, or the step has ended */
export function workerOutput(child: ChildProcess, printed: (stream: "stdout" | "stderr", line: string) => void): WorkerOutput {
  const streams = [["stdout", child.stdout], ["stderr", child.stderr]] as const;
  const open = new Set<string>();
  let settle: () => void = () => undefined;
  let settled: Promise<void> = Promise.resolve();
  const done = (name: string) => { if (open.delete(name) && open.size === 0) settle(); };
  for (const [name, stream] of streams) {
    let rest = "";
    let partial = "";
    const take = (text: string, isEnd: boolean) => {
      const lines = (partial + text).split("\n");
      partial = lines.pop()!;
      if (isEnd && partial !== "") { lines.push(partial); partial = ""; }
      for (const line of lines) printed(name, line);
    };
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      const text = rest + chunk;
      const isEnd = text.includes(END_OF_OUTPUT);
      // a pipe may cut anywhere, also in the middle of the mark
      const cut = isEnd ? -1 : text.indexOf(END_OF_OUTPUT[0]!);
      rest = cut >= 0 && END_OF_OUTPUT.startsWith(text.slice(cut)) ? text.slice(cut) : "";
      const own = isEnd ? text.replace(END_OF_OUTPUT, "") : text.slice(0, text.length - rest.length);
      take(own, isEnd);
      if (isEnd) done(name);
    });
    stream?.once("close", () => { take("", true); done(name); });
  }
  return {
    begin() {
      for (const [name, stream] of streams) if (stream?.destroyed === false) open.add(name);
      if (open.size > 0) settled = new Promise((all) => { settle = all; });
    },
    async drained() {
      let timer: NodeJS.Timeout | undefined;
      const moment = new Promise<void>((go) => { timer = setTimeout(go, DRAIN_MS); });
      try { await Promise.race([settled, moment]); } finally { clearTimeout(timer); }
    },
    close() { for (const [, stream] of streams) stream?.destroy(); },
  };
}
