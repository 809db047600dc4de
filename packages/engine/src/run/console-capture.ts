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
 *
 * @param options `hide`: what becomes of what is printed and goes to no sink; by default nothing
 */
export function consoleCapture({ streams = process, hide = (text) => text }: { readonly streams?: { stdout: NodeJS.WriteStream; stderr: NodeJS.WriteStream }; readonly hide?: (text: string) => string } = {}): ConsoleCapture {
  const context = new AsyncLocalStorage<Sink | undefined>();
  const restore = (["stdout", "stderr"] as const).map((name) => {
    const stream = streams[name];
    const original = stream.write;
    const patched = function write(this: unknown, chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean {
      const sink = context.getStore();
      if (sink === undefined) return (original as (...args: unknown[]) => boolean).call(stream, hidden(chunk, hide), encoding, done);
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

/** Bytes stay as they are where there is nothing to hide in them: they may be no text. */
function hidden(chunk: string | Uint8Array, hide: (text: string) => string): string | Uint8Array {
  if (typeof chunk === "string") return hide(chunk);
  const text = Buffer.from(chunk).toString("utf8");
  const shown = hide(text);
  return shown === text ? chunk : Buffer.from(shown, "utf8");
}
