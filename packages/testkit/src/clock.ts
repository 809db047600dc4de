/** What time is taken from, in milliseconds since 1970 (UTC). */
export interface Clock {
  now(): number;
  /** Resolves when that many milliseconds have passed by this clock. Rejects with the signal's reason where it is aborted. */
  sleep(ms: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
}

/** A clock that stands still until it is told to go on. */
export interface FakeClock extends Clock {
  /** Goes on, and wakes in their order those who sleep until then; resolves when what they do at once is done. */
  advance(ms: number): Promise<void>;
  /** How many sleep. */
  readonly sleepers: number;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, { signal } = {}) => new Promise((done, fail) => {
    signal?.throwIfAborted();
    const abort = () => { clearTimeout(timer); fail(signal!.reason as Error); };
    const timer = setTimeout(() => { signal?.removeEventListener("abort", abort); done(); }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  }),
};

/** @param start 2026-01-01T00:00:00Z by default */
export function fakeClock(start: number | Date = Date.UTC(2026, 0, 1)): FakeClock {
  let time = Number(start);
  const waiting = new Set<{ readonly until: number; wake(): void }>();
  return {
    now: () => time,
    get sleepers() { return waiting.size; },
    sleep(ms, { signal } = {}) {
      return new Promise((done, fail) => {
        signal?.throwIfAborted();
        if (ms <= 0) { done(); return; }
        const abort = () => { waiting.delete(one); fail(signal!.reason as Error); };
        const one = { until: time + ms, wake: () => { waiting.delete(one); signal?.removeEventListener("abort", abort); done(); } };
        signal?.addEventListener("abort", abort, { once: true });
        waiting.add(one);
      });
    },
    async advance(ms) {
      const end = time + ms;
      for (;;) {
        const [next] = [...waiting].filter((one) => one.until <= end).toSorted((a, b) => a.until - b.until);
        if (next === undefined) break;
        time = next.until;
        next.wake();
        await settled();
      }
      time = end;
      await settled();
    },
  };
}

/** When what was woken has done what it does at once: it may go to sleep again, and is to be woken then. */
const settled = (): Promise<void> => new Promise((done) => { setImmediate(done); });
