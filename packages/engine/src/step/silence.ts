/** How many looks in a row may see no change. */
export const LOOKS = 6;

/** Tells from looks at a driver's sign of life, each at the same distance from the one before, that the driver is gone. */
export interface Silence {
  /** Takes what a look has seen, or undefined where it failed. Says whether the driver is gone. */
  look(seen: string | undefined): boolean;
}

/**
 * Judged by change alone: no clock of two machines is compared, and a process that was itself asleep has not looked. A look that fails says
 * nothing of the driver, which may be cut off from the store as well: it gets the whole time again.
 */
export function silence(): Silence {
  let last: string | undefined;
  let same = 0;
  return {
    look(seen) {
      same = seen !== undefined && seen === last ? same + 1 : 0;
      last = seen;
      return same >= LOOKS;
    },
  };
}
