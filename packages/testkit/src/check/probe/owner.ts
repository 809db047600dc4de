import { readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/** The package that a file belongs to. */
export interface Owner {
  readonly name: string;
  /** Absolute, with links resolved. */
  readonly dir: string;
  readonly isPlugin: boolean;
}

const known = new Map<string, Owner | undefined>();

/** The nearest folder above with a package.json that has a name: one without is a mark of a module's kind only. */
export function ownerOf(file: string): Owner | undefined {
  const dir = dirname(file);
  if (dir === file) return undefined;
  if (!known.has(dir)) known.set(dir, packageIn(dir) ?? ownerOf(dir));
  return known.get(dir);
}

function packageIn(dir: string): Owner | undefined {
  try {
    const { name, mlstack } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as { readonly name?: unknown; readonly mlstack?: unknown };
    return typeof name === "string" ? { name, dir: realpathSync(dir), isPlugin: mlstack !== undefined } : undefined;
  } catch { return undefined; }
}
