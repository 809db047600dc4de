/**
 * A seeded source of uniform numbers in [0, 1). The same seed gives the same numbers on every machine.
 * Not for secrets.
 *
 * @param seed any integer; only its low 32 bits count
 * @returns a function that gives the next number
 * @see mulberry32 by Tommy Ettinger (public domain, 2017): 32 bits of state, period 2^32
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Draws a stratified sample of rows without replacement: each class keeps its share, to within half a row.
 *
 * @param labels class of each row, 0 or 1; shape (n)
 * @param take how many rows to draw in all, an integer from 0 to n
 * @param seed seed of the draw
 * @returns shape (n): 1 where the row was drawn, 0 elsewhere
 * @throws RangeError when `take` is not an integer from 0 to n
 * @see Knuth, The Art of Computer Programming vol. 2, 3.4.2, Algorithm S: one pass, exact counts, no sort
 */
export function stratifiedMask(labels: Uint8Array, take: number, seed: number): Uint8Array {
  const rows = labels.length;
  if (!Number.isInteger(take) || take < 0 || take > rows) {
    throw new RangeError(`Cannot draw ${take} of ${rows} rows: give an integer from 0 to ${rows}.`);
  }
  let ones = 0;
  for (const label of labels) ones += label;
  const takeOnes = rows === 0 ? 0 : Math.round((take * ones) / rows);
  const left: [number, number] = [rows - ones, ones];
  const needed: [number, number] = [take - takeOnes, takeOnes];
  const random = seededRandom(seed);
  const mask = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    const label = labels[row] === 1 ? 1 : 0;
    if (random() * left[label] < needed[label]) {
      mask[row] = 1;
      needed[label] -= 1;
    }
    left[label] -= 1;
  }
  return mask;
}
