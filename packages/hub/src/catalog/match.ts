// How words are matched with integrations. The marketplace's pages run this file as it is, so it imports nothing.

/** What is looked at, in the order of weight. */
export interface Searchable {
  readonly name: string;
  readonly title: string;
  /** Other words for it: flavors, aliases, its package. */
  readonly words: readonly string[];
  /** Component types. */
  readonly types: readonly string[];
  readonly keywords: readonly string[];
  readonly description: string;
  /** What somebody who knows the tool may type: keys of its configuration, formats, variables. */
  readonly deep: readonly string[];
}

/** Text in the form in which it is compared: lower case, without accents; what separates words is one blank. */
export function folded(text: string): string {
  return text.normalize("NFKD").replace(/\p{Mark}/gu, "").toLowerCase().replace(/[^\p{Letter}\p{Number}]+/gu, " ").trim();
}

function scoreOf(term: string, text: string, whole: number, start: number, inside: number): number {
  const at = folded(text);
  if (at === term) return whole;
  if (at.startsWith(term)) return start;
  return ` ${at}`.includes(` ${term}`) || (term.length > 2 && at.includes(term)) ? inside : 0;
}

function termScore(item: Searchable, term: string): number {
  const best = (texts: readonly string[], whole: number, start: number, inside: number): number =>
    texts.reduce((most, text) => Math.max(most, scoreOf(term, text, whole, start, inside)), 0);
  return Math.max(
    best([item.name], 100, 60, 40), best([item.title], 95, 55, 40), best(item.words, 80, 45, 30),
    best(item.types, 50, 35, 35), best(item.keywords, 40, 25, 15), best([item.description], 12, 12, 10), best(item.deep, 8, 6, 4),
  );
}

/**
 * How well an item fits a text; 0 where it does not. Every word of the text must fit somewhere: more words never find more.
 * A text without letters and digits fits everything alike.
 */
export function matchScore(item: Searchable, text: string): number {
  const whole = folded(text);
  if (whole === "") return 1;
  const terms = [...new Set(whole.split(" "))].map((term) => termScore(item, term));
  if (terms.includes(0)) return 0;
  const exact = [item.name, item.title, ...item.words].some((word) => folded(word) === whole);
  return terms.reduce((sum, score) => sum + score, 0) / terms.length + (exact ? 100 : 0);
}
