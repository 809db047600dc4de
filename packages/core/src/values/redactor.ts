import { deserializeError, MlstackError, serializeError, type SerializedError } from "../errors/mlstack-error.ts";

/** Takes the values of secrets out of what is shown or kept. It knows those that it was told, and nothing that is made of them. */
export interface Redactor {
  /** Values that are told from now on as `[secret]`: as they are, as in JSON, in an address, or in base64, also behind other text; of one with several lines each line. */
  add(values: Iterable<string>): void;
  text(text: string): string;
  /** Data like JSON with all its texts redacted; the very same object where there was nothing to take out. */
  data<T>(value: T): T;
  /** An error, whatever was thrown, with its causes; the very same one where there was nothing to take out. */
  error(e: unknown): unknown;
}

/** What is shorter is no secret, and would be found in words that have nothing to do with it. */
const SHORTEST = 5;
/** Lines of a longer value are looked for by themselves: a key is printed line by line. */
const SHORTEST_LINE = 16;
const MARK = "[secret]";

export function redactor(values: Iterable<string> = []): Redactor {
  const known = new Set<string>();
  /** The longest first: one may be a part of another. */
  let forms: readonly string[] = [];

  function text(given: string): string {
    let found = given;
    for (const form of forms) if (found.includes(form)) found = found.replaceAll(form, MARK);
    return found;
  }

  function data(value: unknown, depth = 0): unknown {
    if (typeof value === "string") return text(value);
    if (typeof value !== "object" || value === null || forms.length === 0 || depth > 64) return value;
    if (Array.isArray(value)) {
      const items = value.map((item) => data(item, depth + 1));
      return items.some((item, i) => item !== value[i]) ? items : value;
    }
    const entries = Object.entries(value).map(([key, part]): [string, unknown] => [text(key), data(part, depth + 1)]);
    return entries.some(([key, part]) => part !== (value as Readonly<Record<string, unknown>>)[key]) ? Object.fromEntries(entries) : value;
  }

  const of: Redactor = {
    add(more) {
      let isNew = false;
      for (const value of more) {
        if (value.length < SHORTEST || known.has(value)) continue;
        known.add(value);
        isNew = true;
      }
      if (isNew) forms = [...new Set([...known].flatMap((value) => formsOf(value)))].toSorted((a, b) => b.length - a.length);
    },
    text,
    data: <T>(value: T) => data(value) as T,
    error(e) {
      if (forms.length === 0) return e;
      const plain = serializeError(e);
      const clean = data(plain) as SerializedError;
      if (clean === plain) return e;
      const made = deserializeError(clean);
      // where it was thrown tells nothing of the value, and a bug is looked for by it
      if (MlstackError.is(e) && e instanceof Error && e.stack !== undefined) made.stack = text(e.stack);
      return made;
    },
  };
  of.add(values);
  return of;
}

function formsOf(value: string): string[] {
  const lines = value.includes("\n") ? value.split(/\r?\n/).filter((line) => line.trim().length >= SHORTEST_LINE) : [];
  return [value, value.trimEnd(), JSON.stringify(value).slice(1, -1), ...inAddresses(value), ...inBase64(value), ...lines].filter((form) => form.length >= SHORTEST);
}

/** As it stands in a URL: its path, its query, its password. A lone half of a character has no such form. */
function inAddresses(value: string): string[] {
  let inPath: string;
  try { inPath = encodeURIComponent(value); } catch { return []; }
  const url = new URL("https://user@host");
  url.password = value;
  return [inPath, new URLSearchParams([["", value]]).toString().slice(1), url.password];
}

/** As it stands in base64, in both alphabets: by itself, and behind any other text, as a password stands behind a user's name. */
function inBase64(value: string): string[] {
  const bytes = Buffer.from(value, "utf8");
  const behind = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64url");
    // the characters that hold bits of the value alone
    return text.slice(Math.ceil((before * 4) / 3), (before + bytes.length) % 3 === 0 ? text.length : -1);
  });
  return [bytes.toString("base64"), ...[bytes.toString("base64url"), ...behind].flatMap((form) => [form, form.replaceAll("-", "+").replaceAll("_", "/")])];
}
