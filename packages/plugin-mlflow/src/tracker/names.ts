import { createHash } from "node:crypto";

/** MLflow's limit for keys of params, metrics and tags, in characters. */
export const MAX_KEY = 250;
/** What MLflow 2.8 and later keep of a param's and a tag's value, in characters. */
export const MAX_PARAM_VALUE = 6000;
export const MAX_TAG_VALUE = 8000;

// as MLflow checks them (mlflow/utils/validation.py): Python's \w, and / . - space and colon. Keys are paths, and must be in normal form.
const ILLEGAL = /[^\p{L}\p{N}_/.\- :]/gu;

/**
 * A key that MLflow takes: the same if it is legal, else with `_` for what is not, and the first 8 hex digits of the SHA-256 of the
 * original after it, so that two keys stay two.
 */
export function legalKey(key: string): string {
  const text = wellFormed(key).normalize("NFC");
  const clean = text.replace(ILLEGAL, "_").split("/").map((s) => (s === "." || s === ".." ? "_".repeat(s.length) : s)).filter((s) => s !== "").join("/")
    // whatever begins with two dots is a way out for MLflow, also where it is a name
    .replace(/^\.\.+/, (dots) => "_".repeat(dots.length));
  if (clean === key && length(clean) <= MAX_KEY) return key;
  return `${cut(clean === "" ? "_" : clean, 180)}_${digest(key)}`;
}

/** A key that is no path, for a store in which another key is the folder that this one would be in, or the other way round. */
export const flatKey = (key: string): string => `${cut(key.replaceAll("/", "_"), 180)}_${digest(key)}`;

/**
 * A path that the server's artifact proxy takes and gives back unchanged: it refuses `..` and `#`, and decodes `%20` once more.
 * What is changed gets the first 8 hex digits of the original's SHA-256 before the extension.
 */
export function legalPath(path: string): string {
  const clean = wellFormed(path).split("/").filter((s) => s !== "" && s !== ".")
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    .map((s) => (s === ".." ? "__" : s.replace(/[\u0000-\u001f\u007f#%\\]/g, "_"))).join("/").replace(/^([A-Za-z]):/, "$1_");
  return clean === path ? path : marked(clean === "" ? "_" : clean, path);
}

/** A path without folders, for where another file is in the way of the folder that this one would be in, or the other way round. */
export const flatPath = (path: string): string => marked(path.replaceAll("/", "_"), path);

function marked(clean: string, path: string): string {
  const [, stem, extension] = /^(.*?)(\.[^./]*)?$/s.exec(clean)!;
  return `${stem}_${digest(path)}${extension ?? ""}`;
}

/** A value within a limit; what is cut off is said at its end. */
export function fitting(value: string, max: number): string {
  // PostgreSQL has no NUL, UTF-8 no lone surrogates
  const text = wellFormed(value).replaceAll("\0", "\ufffd");
  const size = length(text);
  if (size <= max) return text;
  const mark = `… [cut: ${size} characters]`;
  return cut(text, max - length(mark)) + mark;
}

/** Length in characters, as Python and databases count them. */
export function length(text: string): number {
  let n = 0;
  for (let i = 0; i < text.length; i++, n++) if (isPair(text, i)) i++;
  return n;
}

function cut(text: string, max: number): string {
  let i = 0;
  for (let n = 0; n < max && i < text.length; n++) i += isPair(text, i) ? 2 : 1;
  return text.slice(0, i);
}

const isPair = (text: string, i: number): boolean => (text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
const wellFormed = (text: string): string => text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 8);
