/** Lets a number of tasks run side by side, in the order in which they came. */
export interface Slots {
  readonly used: number;
  use<T>(work: () => Promise<T>): Promise<T>;
}

export function slots(count: number): Slots {
  const queue: (() => void)[] = [];
  let used = 0;
  return {
    get used() { return used; },
    async use(work) {
      if (used >= count) await new Promise<void>((go) => { queue.push(go); });
      else used++;
      // a slot is passed on, never given back while somebody waits for it
      try { return await work(); } finally { const next = queue.shift(); if (next === undefined) used--; else next(); }
    },
  };
}
