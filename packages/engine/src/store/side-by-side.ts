/** How many requests of one kind are under way at a time: enough to hide the time that each takes, and few enough for any service. */
const WIDTH = 32;

/**
 * Does the same to many things, some of them at a time, and returns the results in the things' order. After a failure nothing more is
 * begun; what is under way is waited for, so that nothing goes on behind the caller's back.
 *
 * @throws what the first failure threw
 */
export async function sideBySide<T, R>(things: Iterable<T>, work: (thing: T) => Promise<R>, width: number = WIDTH): Promise<R[]> {
  const all = [...things];
  const results: R[] = [];
  let next = 0;
  let failed: { readonly error: unknown } | undefined;
  const one = async (): Promise<void> => {
    while (next < all.length && failed === undefined) {
      const at = next++;
      try { results[at] = await work(all[at]!); } catch (error) { failed ??= { error }; }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, all.length) }, one));
  if (failed !== undefined) throw failed.error;
  return results;
}

/** Whether something holds for all; after the first that it does not hold for, no more are asked. */
export async function holdsForAll<T>(things: Iterable<T>, holds: (thing: T) => Promise<boolean>): Promise<boolean> {
  let all = true;
  await sideBySide(things, async (thing) => { if (all && !(await holds(thing))) all = false; });
  return all;
}
