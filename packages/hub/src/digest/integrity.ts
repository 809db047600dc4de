import { createHash, timingSafeEqual } from "node:crypto";

/** Weak ones are none: SHA-1 can be made to collide. */
const ALGORITHMS = ["sha512", "sha384", "sha256"] as const;

/** What npm calls integrity: `sha512-` and the digest in base64. */
export function integrityOf(bytes: Uint8Array): string {
  return `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
}

/**
 * Compares bytes with an integrity of one or more digests, of which the strongest counts, as in a browser.
 *
 * @returns what is wrong, in words; undefined when they are the same
 */
export function integrityProblem(bytes: Uint8Array, integrity: string): string | undefined {
  const parts = integrity.trim().split(/\s+/).map((part) => /^(sha\d+)-([A-Za-z0-9+/]+={0,2})(?:\?.*)?$/.exec(part)).filter((m) => m !== null);
  const algorithm = ALGORITHMS.find((name) => parts.some((m) => m[1] === name));
  if (algorithm === undefined) return `"${integrity}" has no digest that can be relied on (${ALGORITHMS.join(", ")})`;
  const found = createHash(algorithm).update(bytes).digest();
  const wanted = parts.filter((m) => m[1] === algorithm).map((m) => Buffer.from(m[2]!, "base64"));
  if (wanted.some((each) => each.length === found.length && timingSafeEqual(each, found))) return undefined;
  return `the bytes have ${algorithm}-${found.toString("base64")}, announced was ${wanted.map((each) => `${algorithm}-${each.toString("base64")}`).join(" or ")}`;
}
