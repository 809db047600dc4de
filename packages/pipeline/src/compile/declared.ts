import { existsSync } from "node:fs";
import { isAbsolute, posix, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** What a step declares about the world outside of its code. */
export interface Declared {
  readonly env: readonly string[];
  /** Files and folders, relative to the project. */
  readonly files: readonly string[];
}

/** A path in the project as it is written in `files`: POSIX, `.` for all of it. Undefined for one that leads out. */
export function projectPath(projectDir: string, path: string): string | undefined {
  let file = path;
  if (path.startsWith("file:")) { try { file = fileURLToPath(path); } catch { return undefined; } }
  const inside = relative(projectDir, resolve(projectDir, file));
  if (isAbsolute(inside) || inside.split(sep)[0] === "..") return undefined;
  return inside === "" ? "." : inside.split(sep).join("/");
}

/** Whether a path of the project is one of the declared files, or lies in a declared folder. */
export function isDeclared(path: string, { files }: Declared): boolean {
  return files.some((file) => {
    const folder = posix.normalize(file.replaceAll("\\", "/")).replace(/\/$/, "");
    return folder === "." || path === folder || path.startsWith(`${folder}/`);
  });
}

/** What is there in the project under a path that is written in code; undefined for nothing. */
export function existingPath(projectDir: string, path: string): string | undefined {
  if (path === "" || path.length > 1024 || /[\0\n]/.test(path)) return undefined;
  const found = projectPath(projectDir, path);
  return found === undefined || !existsSync(resolve(projectDir, found)) ? undefined : found;
}
