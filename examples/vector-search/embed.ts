const SIZE = 64;

/** Counts of a text's words, each at a place that its letters give: enough to see an index work, and no model. */
export function embed(text: string): number[] {
  const vector = Array.from({ length: SIZE }, () => 0);
  for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) {
    let hash = 7;
    for (const letter of word) hash = (hash * 31 + letter.charCodeAt(0)) % 65_521;
    vector[hash % SIZE]! += 1;
  }
  return vector;
}
