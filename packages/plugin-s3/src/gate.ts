import { MlstackError } from "@mlstack/core";

/** Lets so many requests through at a time. Each holds its place until its answer is there, or its body has been read or closed. */
export interface Gate {
  /**
   * Waits for a place.
   *
   * @returns gives the place back; can be called again
   * @throws the signal's reason; MLS3003 when nobody has given a place back for so long
   */
  enter(signal: AbortSignal | undefined): Promise<() => void>;
}

interface Waiting { go(): void; refresh(): void }

/**
 * The SDK's timers for connections begin when a request is sent, not when there is a connection for it: without this a request that only
 * has to wait for others looks like one to a service that is out of reach.
 */
export function gate(places: number, patienceMs: number): Gate {
  const queue = new Set<Waiting>();
  let free = places;

  function taken(): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const [next] = queue;
      if (next === undefined) free++; else next.go();
      for (const waiting of queue) waiting.refresh();
    };
  }

  return {
    enter(signal) {
      if (free > 0) { free--; return Promise.resolve(taken()); }
      return new Promise((ok, fail) => {
        const end = () => { queue.delete(waiting); clearTimeout(timer); signal?.removeEventListener("abort", abort); };
        const abort = () => { end(); fail(signal?.reason as Error); };
        const timer = setTimeout(() => { end(); fail(tooMany(places, patienceMs)); }, patienceMs);
        const waiting: Waiting = { go: () => { end(); ok(taken()); }, refresh: () => { timer.refresh(); } };
        queue.add(waiting);
        if (signal?.aborted === true) abort(); else signal?.addEventListener("abort", abort, { once: true });
      });
    },
  };
}

function tooMany(places: number, ms: number): MlstackError {
  return new MlstackError("MLS3003", `${places} requests and bodies are open, and for ${ms / 1000} s none of them has ended`, { why: "a body holds its connection until it was read to its end", fix: "read what `get` gives, or close it" });
}
