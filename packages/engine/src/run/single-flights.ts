/** Lets one of those that want to make the same thing go on at a time. */
export interface SingleFlights<T> {
  /** Whether this one may go on; where not, it is given back by `land`. */
  take(key: string, who: T): boolean;
  /** Ends a flight. Those that came meanwhile come again: they may find what it has made, or make it themselves. */
  land(key: string): readonly T[];
  /** Keys whose flights have made something. */
  readonly made: Set<string>;
}

export function singleFlights<T>(): SingleFlights<T> {
  const waiting = new Map<string, T[]>();
  return {
    made: new Set(),
    take(key, who) {
      const others = waiting.get(key);
      if (others === undefined) waiting.set(key, []); else others.push(who);
      return others === undefined;
    },
    land(key) {
      const found = waiting.get(key) ?? [];
      waiting.delete(key);
      return found;
    },
  };
}
