import { existsSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import type { ManifestFinder } from "./manifests.ts";

/** Names modules in the same way on every machine: relative to the project, and for what lies outside of it by its package. */
export interface ModulePaths {
  /** `src/a.ts`, `_linked/@acme/shared/src/index.ts`, `_outside/1/shared/b.ts` (one folder up). `file` is a real path. */
  pathOf(file: string): string;
  /** The real path behind a module's path; undefined when nothing is there. */
  fileOf(path: string): string | undefined;
  /** The same for a file that need not be there (any more); undefined when its package is not. */
  placeOf(path: string): string | undefined;
}

/** `projectDir` is a real path. */
export function modulePaths(projectDir: string, manifests: ManifestFinder): ModulePaths {
  const posix = (path: string) => path.split(sep).join("/");
  const inside = (dir: string, file: string) => {
    const path = relative(dir, file);
    return path !== "" && !path.startsWith("..") && !isAbsolute(path);
  };
  const placeOf = (path: string): string | undefined => {
    const [, name, rest] = /^_linked\/((?:@[^/]+\/)?[^/]+)\/(.+)$/s.exec(path) ?? [];
    if (name !== undefined && rest !== undefined) {
      for (let dir = projectDir; ; dir = dirname(dir)) {
        const link = join(dir, "node_modules", name);
        if (existsSync(link)) return join(realpathSync.native(link), rest);
        if (dir === dirname(dir)) return undefined;
      }
    }
    const [, ups, outer] = /^_outside\/(\d+)\/(.+)$/s.exec(path) ?? [];
    return outer === undefined ? join(projectDir, path) : join(projectDir, "../".repeat(Number(ups)), outer);
  };
  return {
    pathOf(file) {
      if (inside(projectDir, file)) return posix(relative(projectDir, file));
      const manifest = manifests(dirname(file));
      if (manifest?.name !== undefined && !inside(manifest.dir, projectDir) && manifest.dir !== projectDir) return `_linked/${manifest.name}/${posix(relative(manifest.dir, file))}`;
      const [, ups = "", rest = ""] = /^((?:\.\.\/)*)(.*)$/s.exec(posix(relative(projectDir, file))) ?? [];
      return `_outside/${ups.length / 3}/${rest}`;
    },
    placeOf,
    fileOf(path) {
      const place = placeOf(path);
      return place === undefined ? undefined : real(place);
    },
  };
}

/** The real path of a file; undefined when there is none. */
export function real(file: string): string | undefined {
  try { return realpathSync.native(file); } catch { return undefined; }
}
