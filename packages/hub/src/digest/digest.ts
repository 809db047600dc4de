import { createHash } from "node:crypto";

/** `sha256:` and 64 hexadecimal digits. */
export type Digest = `sha256:${string}`;

/** @param data text counts as UTF-8 */
export function sha256(data: string | Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(data).digest("hex")}`;
}

export const isDigest = (text: unknown): text is Digest => typeof text === "string" && /^sha256:[0-9a-f]{64}$/.test(text);

/**
 * One text per value: keys in the order of their UTF-16 code units, no blanks; what JSON leaves out is left out. So two files that differ in
 * the order of keys, in line ends or in indentation have one digest.
 *
 * @param value what JSON.parse gives
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((v) => canonicalJson(v ?? null)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, v]) => v !== undefined).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`).join(",")}}`;
}
