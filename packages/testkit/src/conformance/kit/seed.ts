import { randomInt } from "node:crypto";

/** The variable that says a run's seed. */
export const SEED = "MLSTACK_SEED";

/** The seed that a run's variables say; another one each time where they say none. A whole number from 0 to 2³² − 1. */
export function seedFrom(env: Readonly<Record<string, string | undefined>>): number {
  const given = env[SEED];
  return given !== undefined && /^\d{1,10}$/.test(given) ? Number(given) % 2 ** 32 : randomInt(2 ** 32);
}
