/**
 * The paths of a tarball's files as they are below the package's folder, or what is wrong with the first that can't be trusted. What is one
 * file on one system and two, or another one, elsewhere is wrong, too: package and installed folder would have other digests.
 */
export function safePaths(entries: readonly string[]): { readonly safe: readonly string[]; readonly problem: string | undefined } {
  const safe: string[] = [];
  const seen = new Map<string, { readonly path: string; readonly kind: "file" | "folder" }>();
  for (const entry of entries) {
    const problem = pathProblem(entry);
    if (problem !== undefined) return { safe, problem: `${JSON.stringify(entry)} ${problem}` };
    const path = entry.replace(/^(?:\.\/)+/, "").split("/").slice(1).join("/").normalize("NFC");
    const clash = clashOf(path, seen);
    if (clash !== undefined) return { safe, problem: clash };
    safe.push(path);
  }
  return { safe, problem: undefined };
}

function pathProblem(entry: string): string | undefined {
  const path = entry.replace(/^(?:\.\/)+/, "");
  const parts = path.split("/");
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path)) return "is an absolute path";
  if (parts.includes("..")) return "leads out of the package";
  if (path.includes("\\")) return "has a backslash, which separates folders on Windows";
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f:]/.test(path)) return "has a character that no file's name has everywhere";
  if (parts.some((part) => part === "" || part === ".")) return "has an empty part";
  if (parts.slice(1).some((part) => /[. ]$/.test(part))) return "has a part that ends in a dot or blank, which Windows takes away";
  if (parts.length < 2) return "lies beside the package's folder";
  return undefined;
}

/** Notes a file and its folders by a name without case; what is taken by another one is a clash. */
function clashOf(path: string, seen: Map<string, { readonly path: string; readonly kind: "file" | "folder" }>): string | undefined {
  const parts = path.split("/");
  for (let n = 1; n <= parts.length; n++) {
    const own = { path: parts.slice(0, n).join("/"), kind: n === parts.length ? "file" : "folder" } as const;
    const key = own.path.toLowerCase().normalize("NFC");
    const other = seen.get(key);
    if (other === undefined) seen.set(key, own);
    else if (other.kind === "file" && own.kind === "file" && other.path === own.path) return `there are two entries ${JSON.stringify(path)}`;
    else if (other.kind !== own.kind || other.path !== own.path || own.kind === "file") return `${JSON.stringify(other.path)} and ${JSON.stringify(own.path)} are one name on some systems`;
  }
  return undefined;
}
