import { createHash } from "node:crypto";
import { MlstackError, type ManifestFile } from "@mlstack/core";

/** The files of an artifact; its canonical text is a content blob, and the digest of that text is the artifact's digest. */
export interface Manifest {
  readonly v: 1;
  /** Sorted by the UTF-8 bytes of their paths. */
  readonly files: readonly ManifestFile[];
}

/** Hex SHA-256 of bytes in memory. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Makes a manifest of files in any order.
 *
 * @throws MLS3009 for a path that is not relative, NFC and POSIX, or that differs from another one only in case
 */
export function makeManifest(files: readonly ManifestFile[]): Manifest {
  const folded = new Map<string, string>();
  for (const { path } of files) {
    const bad = illegalPath(path);
    if (bad !== undefined) throw new MlstackError("MLS3009", `the file name ${JSON.stringify(path)} can't be stored: ${bad}`, { why: "an artifact must be readable on every system", fix: "save it under a plain relative name" });
    const other = folded.get(path.toLowerCase());
    if (other !== undefined) throw new MlstackError("MLS3009", `the files ${JSON.stringify(other)} and ${JSON.stringify(path)} ${other === path ? "have the same name" : "differ in case only"}`, { why: "on some systems they would be one file", fix: "rename one of them" });
    folded.set(path.toLowerCase(), path);
  }
  const sorted = files.map(({ path, size, sha256: digest }) => ({ path, size, sha256: digest })).toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  return { v: 1, files: sorted };
}

function illegalPath(path: string): string | undefined {
  if (path === "" || path.startsWith("/") || path.endsWith("/")) return "it is not a relative file name";
  if (/[\\\0]/.test(path)) return "it holds a backslash or a zero byte";
  if (path.normalize("NFC") !== path) return "it is not in Unicode normal form C";
  if (path.split("/").some((s) => s === "" || s === "." || s === "..")) return "it holds an empty or dotted segment";
  return undefined;
}

/** Canonical JSON (RFC 8785): keys in order, no white space. */
export function encodeManifest(manifest: Manifest): string {
  return `{"files":[${manifest.files.map((f) => `{"path":${JSON.stringify(f.path)},"sha256":"${f.sha256}","size":${f.size}}`).join(",")}],"v":1}`;
}

/** @throws MLS3002 when the text is not a manifest */
export function decodeManifest(text: string, digest: string): Manifest {
  const parsed = JSON.parse(text) as Manifest;
  if (parsed.v !== 1 || !Array.isArray(parsed.files)) throw new MlstackError("MLS3002", `the blob ${digest} is not a manifest that this version can read`);
  return parsed;
}

/** Sum of the files' sizes, in bytes. */
export function manifestSize(manifest: Manifest): number {
  let size = 0;
  for (const f of manifest.files) size += f.size;
  return size;
}
