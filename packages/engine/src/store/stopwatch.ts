/**
 * Counts milliseconds from now on, also those in which the machine sleeps: the steady clock stands still meanwhile, and the system's may be
 * set back. Where they differ, the longer time is told.
 */
export function stopwatch(): () => number {
  const [steady, system] = [performance.now(), Date.now()];
  return () => Math.max(performance.now() - steady, Date.now() - system);
}
