import { gunzipSync } from "node:zlib";
import { DEFAULT_LIMITS } from "../tarball/read-tarball.ts";

/** Tells bytes that were changed from bytes that did not arrive: of a download that broke off, the archive has no end. */
export function isWholeGzip(bytes: Uint8Array): "whole" | "cut off" | "no gzip" {
  if (bytes.length > 0 && bytes[0] !== 0x1f) return "no gzip";
  try { gunzipSync(bytes, { maxOutputLength: DEFAULT_LIMITS.bytes }); } catch (e) {
    return (e as NodeJS.ErrnoException).code === "Z_BUF_ERROR" ? "cut off" : "whole";
  }
  return bytes.length < 2 ? "cut off" : "whole";
}
