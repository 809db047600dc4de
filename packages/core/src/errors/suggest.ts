/** The candidate nearest to `word` (Damerau–Levenshtein, optimal string alignment), or none if all differ in more than a third of their letters. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  // of a word of one letter nothing is left to be near
  let bestDistance = (word.length < 2 ? 0 : Math.max(1, Math.floor(word.length / 3))) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const d = distance(word.toLowerCase(), candidate.toLowerCase());
    if (d < bestDistance) [best, bestDistance] = [candidate, d];
  }
  return best;
}

function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let d = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, before[j - 2]! + 1);
      next.push(d);
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}

/** `there is "a"`, `there are "a" and "b"`. */
export function thereAre(names: readonly string[]): string {
  return `there ${names.length > 1 ? "are" : "is"} ${nameList(names)}`;
}

/** `"a", "b" and "c"`; at most `most` are named. */
export function nameList(names: Iterable<string>, most = 8): string {
  const all = [...names].map((n) => `"${n}"`);
  if (all.length === 0) return "none";
  const shown = all.slice(0, most);
  if (all.length > most) return `${shown.join(", ")} and ${all.length - most} more`;
  return shown.length === 1 ? shown[0]! : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}
