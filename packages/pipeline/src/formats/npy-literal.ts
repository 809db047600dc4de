/** The part of Python's literals that .npy headers are made of. Tuples and lists are arrays. */
export type PythonLiteral = string | number | boolean | null | PythonLiteral[] | Map<PythonLiteral, PythonLiteral>;

/** How deep literals may be nested; a header needs three levels. */
const MAX_NESTING = 20;

/**
 * Reads a Python literal: dict, tuple, list, string without escapes, integer, True, False, None. Never runs anything.
 *
 * @throws SyntaxError with the position, for any other text
 */
export function parsePythonLiteral(text: string): PythonLiteral {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.skipSpace();
  if (reader.at < text.length) throw reader.error("the end");
  return value;
}

const WORDS: ReadonlyMap<string, boolean | null> = new Map([["True", true], ["False", false], ["None", null]]);

class Reader {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(nesting: number): PythonLiteral {
    if (nesting > MAX_NESTING) throw this.error("fewer brackets");
    this.skipSpace();
    const first = this.#text[this.at];
    if (first === "{") return this.#dict(nesting);
    if (first === "(") return this.#items(")", nesting);
    if (first === "[") return this.#items("]", nesting);
    if (first === "'" || first === '"') return this.#string(first);
    const word = this.#take(/[A-Za-z]+/y);
    if (word !== undefined && WORDS.has(word)) return WORDS.get(word)!;
    // Python 2 wrote long integers with an L
    const digits = word === undefined ? this.#take(/-?\d{1,20}(?![\d.eE])L?/y) : undefined;
    if (digits === undefined) throw this.error("a literal");
    return Number(digits.replace("L", ""));
  }

  #dict(nesting: number): Map<PythonLiteral, PythonLiteral> {
    const dict = new Map<PythonLiteral, PythonLiteral>();
    this.at++;
    while (!this.#skip("}")) {
      const key = this.value(nesting + 1);
      if (dict.has(key)) throw this.error("each key once");
      this.#expect(":");
      dict.set(key, this.value(nesting + 1));
      if (!this.#skip(",")) {
        this.#expect("}");
        break;
      }
    }
    return dict;
  }

  /** A tuple or list. A value in parentheses without a comma is that value, as in Python. */
  #items(end: string, nesting: number): PythonLiteral {
    const items: PythonLiteral[] = [];
    let hasComma = false;
    this.at++;
    while (!this.#skip(end)) {
      items.push(this.value(nesting + 1));
      if (!this.#skip(",")) {
        this.#expect(end);
        break;
      }
      hasComma = true;
    }
    return end === ")" && items.length === 1 && !hasComma ? items[0]! : items;
  }

  #string(quote: string): string {
    const end = this.#text.indexOf(quote, this.at + 1);
    const text = end === -1 ? "\n" : this.#text.slice(this.at + 1, end);
    if (/[\\\n]/.test(text)) throw this.error("a string without escapes");
    this.at = end + 1;
    return text;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.#text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  #skip(character: string): boolean {
    this.skipSpace();
    if (this.#text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#skip(character)) throw this.error(`"${character}"`);
  }

  skipSpace(): void {
    while (/[ \t\r\n]/.test(this.#text[this.at] ?? "")) this.at++;
  }

  error(expected: string): SyntaxError {
    return new SyntaxError(`${expected} expected at ${this.at}, found ${JSON.stringify(this.#text.slice(this.at, this.at + 20))}`);
  }
}
