/** How often and how fast calls are tried again. */
export interface RetryPolicy {
  /** Tries in all. */
  readonly tries: number;
  /** The first wait, in milliseconds; it doubles with each try, and half of it is left to chance. */
  readonly baseMs: number;
  /** The longest wait, in milliseconds, also where the server asks for more. */
  readonly maxMs: number;
}

/** The wait before the next try, in milliseconds. */
export function waitMs(policy: RetryPolicy, tries: number, retryAfterMs: number | undefined, random: () => number = Math.random): number {
  const own = policy.baseMs * 2 ** (tries - 1) * (0.5 + random() / 2);
  return Math.min(policy.maxMs, Math.max(own, retryAfterMs ?? 0));
}
