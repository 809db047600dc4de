import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileDigest } from "../plan/project-files.ts";

/** Files up to this size are read at once, which is several times faster than in pieces; larger ones never lie in memory whole. */
const AT_ONCE = 1 << 20;

export function sha256(content: string | Uint8Array): string {
  return hash("sha256", content, "hex");
}

/** Hex SHA-256 of a file of about that size. */
export function hashFile(path: string, size: number): string {
  return size <= AT_ONCE ? sha256(readFileSync(path)) : fileDigest(path);
}
