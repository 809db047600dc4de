/** Where names and codes lead. */
export interface Links {
  /** Addresses of types by their names, as seen from the page. */
  readonly types: ReadonlyMap<string, string>;
  /** The page of errors, as seen from the page. */
  readonly errors: string;
}

const CODE_SPAN = /(`[^`]+`)/;

/** Prose of a doc comment: codes of errors and names of types in code spans become links, and angle brackets stay text. */
export function prose(text: string, links: Links): string {
  return text.split(CODE_SPAN).map((part) => {
    if (!part.startsWith("`")) return part.replaceAll("<", "&lt;").replaceAll(/MLS\d{4}/g, (code) => errorLink(code, links));
    const [, name = ""] = /^`(\w+)`$/.exec(part) ?? [];
    const address = links.types.get(name);
    return address === undefined ? part : `[${part}](${address})`;
  }).join("");
}

export const errorLink = (code: string, { errors }: Links): string => `[${code}](${errors}#${code.toLowerCase()})`;

/** A type on one line, its names as links. */
export function typeText(code: string, { types }: Links): string {
  const strings = /("[^"]*")/;
  return code.split(strings).map((part) => (part.startsWith('"') ? span(part) : part.split(/\b([A-Z]\w*)\b/).map((word) => (types.has(word) ? `[${span(word)}](${types.get(word)!})` : span(word))).join(""))).join("").replaceAll("``", "");
}

const span = (code: string): string => (code === "" ? "" : `\`${code}\``);

/** The names of types in some code that have an address, each once. */
export function namesIn(code: string, { types }: Links, but: string): string[] {
  const words = code.replaceAll(/\/\*[\s\S]*?\*\/|"[^"]*"/g, "").match(/\b[A-Z]\w*\b/g) ?? [];
  return [...new Set(words)].filter((word) => word !== but && types.has(word));
}
