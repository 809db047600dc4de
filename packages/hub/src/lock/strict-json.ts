/** A value, or the first place that is wrong, counted from 1. */
export type StrictJson = { readonly value: unknown } | { readonly problem: string; readonly line: number; readonly column: number };

const BLANK = /[ \t\r\n]*/y;
// oxlint-disable-next-line no-control-regex
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/**
 * JSON.parse with a place for every mistake, which V8 gives for some only, and without its leniency: of two members with one name, as a
 * merge makes them, it would take the last.
 */
export function strictJson(text: string): StrictJson {
  const conflict = /^(?:<{7}|={7}|>{7}|\|{7})(?: .*)?\r?$/m.exec(text);
  if (conflict !== null) return at(text, conflict.index, "a merge that was not finished");
  const scan = new Scan(text);
  const wrong = scan.value(0) ?? scan.end();
  return wrong === undefined ? { value: JSON.parse(text) as unknown } : at(text, scan.at, wrong);
}

function at(text: string, offset: number, problem: string): StrictJson {
  const before = text.slice(0, offset).split("\n");
  return { problem, line: before.length, column: before.at(-1)!.length + 1 };
}

/** Goes through a text; `at` is where it stands, and so where a mistake is. */
class Scan {
  at = 0;
  readonly #text: string;

  constructor(text: string) { this.#text = text; }

  value(depth: number): string | undefined {
    this.#take(BLANK);
    if (depth > 100) return "too many levels";
    if (this.#text[this.at] === "{") return this.#members(depth);
    if (this.#text[this.at] === "[") return this.#list("]", () => this.value(depth + 1));
    return (this.#take(STRING) ?? this.#take(SCALAR)) === undefined ? `${this.#found()} where a value should be` : undefined;
  }

  end(): string | undefined {
    this.#take(BLANK);
    return this.at === this.#text.length ? undefined : `${this.#found()} after the end`;
  }

  #members(depth: number): string | undefined {
    const names = new Set<string>();
    return this.#list("}", () => {
      const start = this.at;
      const name = this.#take(STRING);
      if (name === undefined) return `${this.#found()} where a name should be`;
      if (names.has(JSON.parse(name) as string)) {
        this.at = start;
        return `the name ${name} a second time`;
      }
      names.add(JSON.parse(name) as string);
      this.#take(BLANK);
      return this.#is(":") ? this.value(depth + 1) : `${this.#found()} where a colon should be`;
    });
  }

  #list(close: string, item: () => string | undefined): string | undefined {
    this.at++;
    this.#take(BLANK);
    if (this.#is(close)) return undefined;
    for (;;) {
      this.#take(BLANK);
      const wrong = item();
      if (wrong !== undefined) return wrong;
      this.#take(BLANK);
      if (this.#is(close)) return undefined;
      if (!this.#is(",")) return `${this.#found()} where a comma or ${close} should be`;
    }
  }

  #is(character: string): boolean {
    if (this.#text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.#text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  #found(): string {
    const character = this.#text[this.at];
    return character === undefined ? "the end" : JSON.stringify(character);
  }
}
