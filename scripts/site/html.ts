// HTML that can't be broken by what it holds: everything that is put into a template is escaped, unless it is a template's result itself.

const MADE = Symbol("html");

export interface Html { readonly [MADE]: string }
export type Piece = Html | string | number | undefined | false | readonly Piece[];

/** Characters that turn the direction of the text around them, and those that no document may have. */
// oxlint-disable-next-line no-control-regex
const HARMFUL = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF\uFFFE\uFFFF\p{Cs}]/gu;
const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "`": "&#96;" };

export function escaped(text: string): string {
  return text.replace(HARMFUL, "\uFFFD").replace(/[&<>"'`]/g, (c) => ENTITIES[c]!);
}

function textOf(piece: Piece): string {
  if (piece === undefined || piece === false) return "";
  if (typeof piece === "string" || typeof piece === "number") return escaped(String(piece));
  return Array.isArray(piece) ? piece.map(textOf).join("") : (piece as Html)[MADE];
}

/** Values may stand in the text of elements and in attributes within double quotes, and nowhere else. */
export function html(strings: TemplateStringsArray, ...values: readonly Piece[]): Html {
  return { [MADE]: strings.map((s, n) => s + textOf(values[n])).join("") };
}

/** What a template has made, as text. */
export const rendered = (made: Html): string => made[MADE];

/** Text as its authors meant it: what stands between backticks is code. */
export function prose(text: string): Html {
  const parts = text.split(/`([^`\n]+)`/);
  return html`${parts.map((part, n) => (n % 2 === 0 ? part : html`<code>${part}</code>`))}`;
}

/** A long name, which may be broken where its parts end. */
export const breakable = (name: string): Html => html`${name.split(/(?<=[._/-])/).map((part, n) => html`${n > 0 && html`<wbr>`}${part}`)}`;

/** Markup that this repository wrote itself, such as an icon. */
export const ours = (markup: string): Html => ({ [MADE]: markup });

/** An address that a click may lead to; undefined for any but http and https. */
export function link(url: string | null | undefined): string | undefined {
  if (url === null || url === undefined || !URL.canParse(url)) return undefined;
  const { protocol, href } = new URL(url);
  return protocol === "https:" || protocol === "http:" ? href : undefined;
}

/** A name as part of a path of this site. */
export function fileName(name: string): string {
  if (!/^[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9_-]+)*$/.test(name)) throw new Error(`${JSON.stringify(name)} can't be the name of a page`);
  return name;
}
