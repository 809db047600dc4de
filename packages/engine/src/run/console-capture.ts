import { AsyncLocalStorage } from "node:async_hooks";

type Write = typeof process.stdout.write;
type Sink = (text: string, stream: "stdout" | "stderr") => void;

/** Sends what code prints to a sink of its own, while the rest of the process prints as before. */
export interface ConsoleCapture {
  /** Runs `work`; everything that it and what it awaits print goes to `sink`. */
  run<T>(sink: Sink, work: () => T): T;
  /** Runs `work` as if it were not captured: what a sink prints must not come back to it. */
  outside<T>(work: () => T): T;
  close(): void;
}

/**
 * Captures stdout and stderr by the asynchronous context, so that steps that run side by side in one process keep their lines apart.
 * Native code that writes to the descriptors directly is not seen.
 */
export function consoleCapture(streams: { stdout: NodeJS.WriteStream; stderr: NodeJS.WriteStream } = process): ConsoleCapture {
  const context = new AsyncLocalStorage<Sink | undefined>();
  const restore = (["stdout", "stderr"] as const).map((name) => {
    const stream = streams[name];
    const original = stream.write;
    const patched = function write(this: unknown, chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean {
      const sink = context.getStore();
      if (sink === undefined) return (original as (...args: unknown[]) => boolean).call(stream, chunk, encoding, done);
      sink(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"), name);
      const callback = typeof encoding === "function" ? encoding : done;
      if (typeof callback === "function") process.nextTick(callback);
      return true;
    } as Write;
    stream.write = patched;
    // another capture may have been put on top in the meantime: then it stays, and passes on to a write that has no sink any more
    return () => { if (stream.write === patched) stream.write = original; };
  });
  return {
    run: (sink, work) => context.run(sink, work),
    outside: (work) => context.run(undefined, work),
    close: () => { for (const undo of restore) undo(); context.disable(); },
  };
}
