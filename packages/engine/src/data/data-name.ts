import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * What external data is called: the last segment of its path or URI, in NFC. The local copies that steps are given are called so, too.
 *
 * @param projectDir where relative paths are meant from
 */
export function dataName(projectDir: string, uri: string): string {
  if (uri.startsWith("file:")) return basename(fileURLToPath(uri)).normalize("NFC");
  const [, key] = /^[a-z][a-z0-9+.-]*:\/\/(.*)$/is.exec(uri) ?? [];
  if (key === undefined) return basename(resolve(projectDir, uri)).normalize("NFC") || "data";
  // it becomes the name of a file here
  const last = key.split("/").findLast((segment) => segment !== "") ?? "";
  return last === "" || last === "." || last === ".." || /[\\\0]/.test(last) ? "data" : last.normalize("NFC");
}
