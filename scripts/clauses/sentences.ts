/** A sentence of a doc comment: what a contract says. */
export interface Sentence {
  readonly text: string;
  /** In the file, from 1. */
  readonly line: number;
}

/** The sentences of the doc comments of a file, in their order. */
export function sentencesOf(source: string): readonly Sentence[] {
  const all: Sentence[] = [];
  for (const match of source.matchAll(/\/\*\*([\s\S]*?)\*\//g)) {
    const line = source.slice(0, match.index).split("\n").length;
    const text = match[1]!.split("\n").map((one) => one.replace(/^\s*\*\s?/, "")).join("\n");
    // blocks first: paragraphs, items of lists, tags
    for (const block of text.split(/\n\s*\n|\n(?=\s*(?:@|- ))/)) {
      const words = block.replace(/\s+/g, " ").trim();
      for (const sentence of words.split(/(?<=[.;])\s+(?=[A-Z`@])/)) if (sentence.trim() !== "") all.push({ text: sentence.trim(), line });
    }
  }
  return all;
}

const wordsOf = (text: string): readonly string[] => text.toLowerCase().replace(/[^\p{L}\p{N}@]+/gu, " ").trim().split(" ");
/** So many words in a row are no accident. */
const RUN = 4;

/** Whether a text quotes a sentence: it has four of its words in a row, or all of a shorter one. */
export function quotes(text: string, sentence: string): boolean {
  const words = wordsOf(sentence);
  const hay = ` ${wordsOf(text).join(" ")} `;
  const size = Math.min(RUN, words.length);
  for (let n = 0; n + size <= words.length; n++) if (hay.includes(` ${words.slice(n, n + size).join(" ")} `)) return true;
  return false;
}
