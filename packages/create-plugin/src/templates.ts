import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { PluginType } from "./plugin-types.ts";

/** The package's folder, built or not. */
export const packageDir = join(import.meta.dirname, "..");

/** Files of a template by their paths in a plugin, with `/`. */
export type Files = ReadonlyMap<string, string>;

/** Names that npm would leave out of a package, or tools would heed here, begin with _ in the templates. */
const RENAMED: Readonly<Record<string, string>> = { "_package.json": "package.json", _gitignore: ".gitignore", _gitattributes: ".gitattributes", "_oxlintrc.json": ".oxlintrc.json", _github: ".github" };

/** What all plugins have. */
export const baseFiles = (): Files => filesOf("base");

/** What plugins of a type have; `package.json` and `readme.md` are parts of those of the base. */
export const filesOfType = (type: PluginType): Files => filesOf(type);

/** A licence's text; undefined where there is none of it. */
export function licenseText(id: string): string | undefined {
  return LICENSES.includes(id) ? readFileSync(join(packageDir, "templates", "licenses", `${id}.txt`), "utf8") : undefined;
}
export const LICENSES: readonly string[] = ["Apache-2.0", "MIT"];

interface OwnPackage {
  readonly version: string;
  readonly engines: { readonly node: string };
  /** What a plugin is made with, in the versions that this package is tested with. */
  readonly devDependencies: Readonly<Record<string, string>>;
}

export const ownPackage = (): OwnPackage => JSON.parse(readFileSync(join(packageDir, "package.json"), "utf8")) as OwnPackage;

function filesOf(template: string): Files {
  const root = join(packageDir, "templates", template);
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(entries.map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return [relative(root, path).split(sep).map((name) => RENAMED[name] ?? name).join("/"), readFileSync(path, "utf8")] as const;
  }));
}
