import type { JsonValue, Preview } from "@mlstack/core";

/** The longest preview, in UTF-8 bytes of its JSON text: it is kept as that, and one that is longer is left out. */
export const PREVIEW_BYTES = 64 * 1024;

const fits = (preview: Preview): boolean => sizeOf(preview) <= PREVIEW_BYTES;
const sizeOf = (preview: Preview): number => Buffer.byteLength(JSON.stringify(preview));

/** The beginning of a text, with a note when there is more. */
export function textPreview(text: string): Preview {
  const whole: Preview = { type: "text", text };
  if (text.length <= PREVIEW_BYTES && fits(whole)) return whole;
  const note = `\n… (${text.length} characters)`;
  for (let bytes = PREVIEW_BYTES; ;) {
    // encodeInto ends before a character that does not fit: no half character
    const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes));
    const preview: Preview = { type: "text", text: text.slice(0, read) + note };
    if (fits(preview)) return preview;
    // line breaks and quotes are longer in JSON
    bytes = Math.min(bytes - 1, Math.floor((bytes * PREVIEW_BYTES) / sizeOf(preview)));
  }
}

/** JSON text of a tree; where it is too long, with notes in place of what was left out: always well-formed. */
export function jsonPreview(json: JsonValue): Preview {
  for (let size = PREVIEW_BYTES; ; size /= 2) {
    const text = JSON.stringify(abridge(json, { nodes: size / 8, characters: size }), null, 2);
    const preview: Preview = { type: "json", text };
    if (fits(preview)) return preview;
  }
}

/** How many values may still be written, and how long a string may be. */
interface Budget {
  nodes: number;
  readonly characters: number;
}

function abridge(json: JsonValue, budget: Budget): JsonValue {
  if (typeof json === "string") return cut(json, budget);
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return abridgeItems(json as readonly JsonValue[], budget);
  const keys = Object.keys(json);
  const members: [string, JsonValue | undefined][] = [];
  for (const [i, key] of keys.entries()) {
    if (--budget.nodes < 0) {
      members.push(["…", `${keys.length - i} more`]);
      break;
    }
    members.push([cut(key, budget), abridge((json as Record<string, JsonValue>)[key]!, budget)]);
  }
  return Object.fromEntries(members);
}

function abridgeItems(items: readonly JsonValue[], budget: Budget): JsonValue {
  const out: JsonValue[] = [];
  for (const [i, item] of items.entries()) {
    if (--budget.nodes < 0) {
      out.push(`… ${items.length - i} more`);
      break;
    }
    out.push(abridge(item, budget));
  }
  return out;
}

function cut(text: string, budget: Budget): string {
  if (text.length <= budget.characters) return text;
  return `${text.slice(0, budget.characters).replace(/[\ud800-\udbff]$/, "")}… (${text.length} characters)`;
}
