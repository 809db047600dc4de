/** The longest wait that a timer of Node takes, in milliseconds; a longer one would be over at once. */
const LONGEST = 2 ** 31 - 1;

/** Calls back after any number of milliseconds, also of months and for ever. Returns what prevents it. */
export function after(ms: number, work: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const wait = (left: number) => { timer = setTimeout(() => { if (left > LONGEST) wait(left - LONGEST); else work(); }, Math.min(left, LONGEST)); };
  wait(ms);
  return () => clearTimeout(timer);
}

/** Waits; says whether it waited to the end, which it does not once the signal is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted === true) return Promise.resolve(false);
  return new Promise((done) => {
    const stop = () => { cancel(); done(false); };
    const cancel = after(ms, () => { signal?.removeEventListener("abort", stop); done(true); });
    signal?.addEventListener("abort", stop, { once: true });
  });
}
